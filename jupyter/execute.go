package jupyter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"loupe/kernel"
)

// executeRequest is the content of an execute_request.
type executeRequest struct {
	Code        string            `json:"code"`
	Silent      bool              `json:"silent"`
	Store       *bool             `json:"store_history"` // default: !silent
	Expressions map[string]string `json:"user_expressions"`
	AllowStdin  *bool             `json:"allow_stdin"`   // default: true
	StopOnError *bool             `json:"stop_on_error"` // default: true
}

func or(b *bool, otherwise bool) bool {
	if b == nil {
		return otherwise
	}
	return *b
}

// execute runs a cell.
func (s *server) execute(sock *socket, m *message) {
	defer s.cellEnds()
	var r executeRequest
	if !s.request(sock, m, &r) {
		return
	}
	<-s.setUp
	store := or(r.Store, true) && !r.Silent
	if store {
		s.count++
	}
	count := s.count
	ctx := s.cell
	s.out.begin(request{parent: m.raw, count: count, silent: r.Silent, result: endsInValue(s.kernel, r.Code)})
	if !r.Silent {
		s.pub.publish("execute_input", m.raw, nil, object{"code": r.Code, "execution_count": count})
	}
	s.tellSetup()

	defer context.AfterFunc(ctx, s.out.interrupt)() // taken back before the context ends
	started := time.Now()
	payload, err := s.run(ctx, m, &r, count)
	wall := time.Since(started)
	expressions := object{}
	if err == nil {
		expressions = s.evaluate(ctx, r.Expressions)
	}
	s.out.flush()
	if store {
		s.remember(count, r.Code)
	}

	metadata := object{"started": started.UTC().Format(time.RFC3339Nano), "loupe": object{"wall_ms": float64(wall.Microseconds()) / 1e3}}
	var failed *kernel.Error
	switch {
	case err == nil:
		s.reply(sock, m, metadata, object{"status": "ok", "execution_count": count, "payload": payload, "user_expressions": expressions})
		return
	case !errors.As(err, &failed):
		failed = &kernel.Error{Msg: err.Error(), Kind: kernel.Compile}
	}
	// Who interrupts wants everything to stop, whatever the cells say.
	if or(r.StopOnError, true) || failed.Kind == kernel.Interrupted {
		s.shellQueue.abort()
	}
	f := describe(failed)
	s.reply(sock, m, metadata, object{"status": "error", "execution_count": count, "ename": f.Name, "evalue": f.Value,
		"traceback": f.Traceback, "payload": []object{}, "user_expressions": object{}})
}

// tellSetup shows, above the first cell's output, why something is missing.
func (s *server) tellSetup() {
	if s.setUpErr != nil && !s.toldSetup {
		s.toldSetup = true
		s.out.event(kernel.Stderr{Text: s.setUpErr.Error() + "\n"})
	}
}

// run runs the cell, or answers a question about a name, which front-ends show
// beside the notebook.
func (s *server) run(ctx context.Context, m *message, r *executeRequest, count int) (payload []object, err error) {
	payload = []object{}
	if name, ok := helpName(r.Code); ok {
		if doc, ok := s.kernel.Doc(name); ok {
			return append(payload, object{"source": "page", "start": 0, "data": docBundle(doc)}), nil
		}
	}
	s.inputs = s.inputs || readsInput.MatchString(r.Code)
	if s.inputs {
		watch, stop := context.WithCancel(ctx)
		watched := make(chan struct{})
		go func() {
			defer close(watched)
			s.feed(watch, m, or(r.AllowStdin, true))
		}()
		defer func() {
			stop()
			<-watched
		}()
	}
	err = s.kernel.Run(ctx, kernel.Cell{Name: fmt.Sprintf("In[%d]", count), Source: r.Code, Show: true})
	if err == nil && strings.TrimSpace(r.Code) == "%reset" && s.opt.Setup != nil {
		err = s.opt.Setup(s.kernel)
	}
	return payload, err
}

// feed gives the cell its standard input until ctx ends.
func (s *server) feed(ctx context.Context, m *message, allowed bool) {
	told := false
	err := s.input.watch(ctx, func(ctx context.Context) (string, bool) {
		if allowed {
			return s.ask(ctx, m)
		}
		if !told {
			told = true
			s.out.event(kernel.Stderr{Text: "loupe: this front-end takes no input for the cell, so standard input is at its end\n"})
		}
		return "", false
	})
	if err != nil {
		s.logf("%v", err)
	}
}

// evaluate answers the user expressions of a request.
func (s *server) evaluate(ctx context.Context, list map[string]string) object {
	results := object{}
	for name, expr := range list {
		var err error
		shown := s.out.captured(func() {
			err = s.kernel.Run(ctx, kernel.Cell{Name: name, Source: expr, Show: true})
		})
		var failed *kernel.Error
		switch {
		case errors.As(err, &failed):
			f := describe(failed)
			results[name] = object{"status": "error", "ename": f.Name, "evalue": f.Value, "traceback": f.Traceback}
		case shown == nil:
			results[name] = object{"status": "ok", "data": object{}, "metadata": object{}}
		default:
			results[name] = object{"status": "ok", "data": mimeBundle(shown.Data), "metadata": object{}}
		}
	}
	return results
}

// remember writes the cell into the history.
func (s *server) remember(count int, code string) {
	if strings.TrimSpace(code) == "" {
		return
	}
	if err := s.hist.add(count, code, s.out.result()); err != nil {
		s.logf("%s", strings.TrimPrefix(err.Error(), "jupyter: "))
	}
}
