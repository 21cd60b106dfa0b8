package jupyter

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os/user"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"

	"loupe/kernel"
)

// flushTime is how long the messages that wait are sent after a shutdown.
const flushTime = 2 * time.Second

// Options say what a kernel is.
type Options struct {
	Connection Connection
	// Version and Banner are for front-ends to show.
	Version, Banner string
	// Setup defines what a session has from the start. It runs once, while the
	// front-end connects; an error of it is shown above the first cell's output.
	Setup func(*kernel.Kernel) error
	// HistoryPath is the file of cells; "" keeps them for this run only.
	HistoryPath string
	// Log receives a line for each message and connection that was refused;
	// nil drops them.
	Log io.Writer
}

// server is a kernel at work.
type server struct {
	opt    Options
	codec  *codec
	kernel *kernel.Kernel
	out    *output
	pub    *publisher
	input  *input
	hist   *history

	shell, control, iopub, stdin, heartbeat *socket

	shellQueue, controlQueue queue
	answers                  chan *message // input_reply
	stop                     chan struct{} // a shutdown was asked for
	stopOnce                 sync.Once

	setUp     chan struct{} // closed when Setup has returned
	setUpErr  error
	toldSetup bool

	count  int  // execution_count of the latest cell
	inputs bool // a cell of the session has mentioned standard input

	cell   context.Context // of the running cell
	mu     sync.Mutex
	cancel context.CancelFunc // of the running cell; nil between cells

	logMu sync.Mutex
}

// Serve is a kernel for the front-end that wrote the connection. It returns
// when the front-end asks for a shutdown or ctx ends, with everything sent.
// interrupts stops the running cell, as an interrupt_request does.
func Serve(ctx context.Context, opt Options, interrupts <-chan struct{}) error {
	if err := opt.Connection.check(); err != nil {
		return fmt.Errorf("jupyter: %w", err)
	}
	s := &server{
		opt: opt, codec: newCodec(opt.Connection.Key),
		answers: make(chan *message, 1), stop: make(chan struct{}), setUp: make(chan struct{}),
	}
	s.shellQueue.wake, s.controlQueue.wake = make(chan struct{}, 1), make(chan struct{}, 1)
	s.pub = &publisher{codec: s.codec}
	s.out = newOutput(s.pub)

	// The pipe must be there before the kernel looks at os.Stdin.
	var err error
	if s.input, err = newInput(); err != nil {
		return err
	}
	defer s.input.close()
	if s.kernel, err = kernel.New(kernel.Options{Events: s.out.event, AutoImport: true}); err != nil {
		return err
	}
	go s.kernel.ReadAhead()
	if s.hist, err = openHistory(opt.HistoryPath); err != nil {
		s.logf("%s", strings.TrimPrefix(err.Error(), "jupyter: "))
	}
	if err := s.open(); err != nil {
		s.closeKernel()
		return err
	}
	s.pub.publish("status", nil, nil, object{"execution_state": "starting"})

	go func() {
		defer close(s.setUp)
		if opt.Setup != nil {
			s.setUpErr = opt.Setup(s.kernel)
		}
	}()
	var loops sync.WaitGroup
	loops.Go(func() { s.loop(s.shell, &s.shellQueue) })
	controlDone := make(chan struct{})
	go func() {
		defer close(controlDone)
		s.loop(s.control, &s.controlQueue)
	}()
	for running := true; running; {
		select {
		case <-interrupts:
			s.interrupt()
		case <-ctx.Done():
			s.shutdown()
			running = false
		case <-s.stop:
			running = false
		}
	}
	<-controlDone // its last reply is queued
	s.interrupt()
	waitAtMost(time.Second, loops.Wait) // a native call may not listen
	s.closeKernel()
	s.out.flush()
	s.close(time.Now().Add(flushTime))
	return nil
}

// newCodec makes a session of its own for this kernel.
func newCodec(key string) *codec {
	c := &codec{session: rand.Text(), user: "kernel"}
	if key != "" {
		c.key = []byte(key)
	}
	if u, err := user.Current(); err == nil {
		c.user = u.Username
	}
	return c
}

// open opens the five sockets.
func (s *server) open() error {
	c := &s.opt.Connection
	queued := func(name string, q *queue) func(*peer, [][]byte) {
		return func(p *peer, frames [][]byte) {
			if m := s.decode(name, p, frames); m != nil {
				q.put(m)
			}
		}
	}
	for _, x := range []struct {
		name    string
		to      **socket
		typ     zmq4.SocketType
		port    int
		receive func(*peer, [][]byte)
	}{
		{"heartbeat", &s.heartbeat, zmq4.Rep, c.HeartbeatPort, func(p *peer, frames [][]byte) { p.out.put(parcel{frames: frames}) }},
		{"iopub", &s.iopub, zmq4.XPub, c.IOPubPort, s.pub.receive},
		{"stdin", &s.stdin, zmq4.Router, c.StdinPort, s.answer},
		{"control", &s.control, zmq4.Router, c.ControlPort, queued("control", &s.controlQueue)},
		{"shell", &s.shell, zmq4.Router, c.ShellPort, queued("shell", &s.shellQueue)},
	} {
		ln, err := c.listen(x.port)
		if err != nil {
			s.close(time.Now())
			return fmt.Errorf("jupyter: the %s socket: %w", x.name, err)
		}
		*x.to = newSocket(x.name, x.typ, ln, x.receive, s.logf)
		if x.to == &s.iopub {
			s.pub.socket = s.iopub
		}
	}
	return nil
}

// close ends the sockets that are open.
func (s *server) close(deadline time.Time) {
	for _, k := range []*socket{s.shell, s.control, s.stdin, s.iopub, s.heartbeat} {
		if k != nil {
			k.close(deadline)
		}
	}
}

func (s *server) closeKernel() {
	waitAtMost(time.Second, func() { s.kernel.Close() })
}

// waitAtMost waits for f, which goes on in the background if it takes longer.
func waitAtMost(d time.Duration, f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}

func (s *server) logf(format string, args ...any) {
	if s.opt.Log == nil {
		return
	}
	s.logMu.Lock()
	defer s.logMu.Unlock()
	fmt.Fprintf(s.opt.Log, "loupe jupyter: "+format+"\n", args...)
}

// decode reads a message of a peer. One that is not right is logged and not
// answered: whoever sent it does not hold the key.
func (s *server) decode(name string, p *peer, frames [][]byte) *message {
	m, err := s.codec.decode(append([][]byte{[]byte(p.id)}, frames...))
	if err != nil {
		s.logf("%s: a message was dropped: %v", name, err)
		return nil
	}
	return m
}

// loop handles the messages of one socket, in order.
func (s *server) loop(sock *socket, q *queue) {
	for {
		m, aborted := q.take(s.stop)
		if m == nil {
			return
		}
		if m.header.Type == "execute_request" && !aborted && sock == s.shell {
			s.cellBegins() // before the front-end is told, which may interrupt at once
		}
		status := func(state string) {
			s.pub.publish("status", m.raw, nil, object{"execution_state": state})
		}
		status("busy")
		if aborted {
			s.reply(sock, m, nil, object{"status": "aborted", "execution_count": s.count})
		} else {
			s.handle(sock, m)
		}
		status("idle")
		if m.header.Type == "shutdown_request" {
			s.shutdown()
			return
		}
	}
}

// reply answers a request on the socket that it came from.
func (s *server) reply(sock *socket, m *message, metadata object, content any) {
	kind := strings.TrimSuffix(m.header.Type, "_request") + "_reply"
	if err := sock.send(s.codec.encode(m.identities, kind, m.raw, metadata, content)); err != nil {
		s.logf("%s could not be sent: %v", kind, err)
	}
}

// refuse answers with an error.
func (s *server) refuse(sock *socket, m *message, name, text string) {
	s.reply(sock, m, nil, object{"status": "error", "ename": name, "evalue": text, "traceback": []string{red + text + normal}})
}

// request reads the content of a message into v; what is not right is answered.
func (s *server) request(sock *socket, m *message, v any) bool {
	err := json.Unmarshal(m.content, v)
	if err != nil {
		s.refuse(sock, m, "BadRequest", fmt.Sprintf("%s: %v", m.header.Type, err))
	}
	return err == nil
}

// shellOnly are the messages whose order among each other matters.
var shellOnly = map[string]bool{"execute_request": true, "complete_request": true, "inspect_request": true, "history_request": true}

// handle answers one message.
func (s *server) handle(sock *socket, m *message) {
	if sock == s.control && shellOnly[m.header.Type] {
		s.refuse(sock, m, "BadRequest", m.header.Type+" came on the control socket; it is answered on the shell socket, in order")
		return
	}
	switch m.header.Type {
	case "kernel_info_request":
		s.reply(sock, m, nil, s.info())
	case "execute_request":
		s.execute(sock, m)
	case "complete_request", "inspect_request":
		r := struct {
			Code   string `json:"code"`
			Cursor *int   `json:"cursor_pos"`
		}{}
		if !s.request(sock, m, &r) {
			return
		}
		cursor := -1
		if r.Cursor != nil {
			cursor = max(0, *r.Cursor)
		}
		<-s.setUp
		if m.header.Type == "complete_request" {
			s.reply(sock, m, nil, completion(s.kernel, r.Code, cursor))
		} else {
			s.reply(sock, m, nil, inspection(s.kernel, r.Code, cursor))
		}
	case "is_complete_request":
		r := struct {
			Code string `json:"code"`
		}{}
		if s.request(sock, m, &r) {
			s.reply(sock, m, nil, completeness(r.Code))
		}
	case "history_request":
		s.history(sock, m)
	case "comm_info_request":
		s.reply(sock, m, nil, object{"status": "ok", "comms": object{}})
	case "comm_open":
		s.closeComm(m)
	case "comm_msg", "comm_close": // of a comm that was closed when it was opened
	case "connect_request":
		c := s.opt.Connection
		s.reply(sock, m, nil, object{"status": "ok", "shell_port": c.ShellPort, "iopub_port": c.IOPubPort,
			"stdin_port": c.StdinPort, "control_port": c.ControlPort, "hb_port": c.HeartbeatPort})
	case "interrupt_request":
		s.interrupt()
		s.reply(sock, m, nil, object{"status": "ok"})
	case "shutdown_request":
		var r struct {
			Restart bool `json:"restart"`
		}
		if !s.request(sock, m, &r) {
			return
		}
		content := object{"status": "ok", "restart": r.Restart}
		s.reply(sock, m, nil, content)
		s.pub.publish("shutdown_reply", m.raw, nil, content)
	case "debug_request":
		s.refuseDebug(sock, m)
	default:
		s.logf("%s: no answer to %q, which is not a message of protocol %s", sock.name, m.header.Type, protocol)
		if strings.HasSuffix(m.header.Type, "_request") {
			s.refuse(sock, m, "UnknownMessage", fmt.Sprintf("loupe does not know %s", m.header.Type))
		}
	}
}

// info is the content of a kernel_info_reply.
func (s *server) info() object {
	return object{
		"status": "ok", "protocol_version": protocol,
		"implementation": "loupe", "implementation_version": s.opt.Version, "banner": s.opt.Banner,
		"language_info": object{
			"name": "go", "version": strings.TrimPrefix(runtime.Version(), "go"), "mimetype": "text/x-go",
			"file_extension": ".go", "pygments_lexer": "go", "codemirror_mode": "go", "nbconvert_exporter": "script",
		},
		"help_links": []object{
			{"text": "Go: standard library", "url": "https://pkg.go.dev/std"},
			{"text": "Go: language specification", "url": "https://go.dev/ref/spec"},
		},
		"debugger": false, "supported_features": []string{},
	}
}

// closeComm answers a comm_open: no target is known here, and the protocol
// wants such a comm closed at once.
func (s *server) closeComm(m *message) {
	var r struct {
		ID string `json:"comm_id"`
	}
	if err := json.Unmarshal(m.content, &r); err != nil || r.ID == "" {
		s.logf("comm_open without a comm_id")
		return
	}
	s.pub.publish("comm_close", m.raw, nil, object{"comm_id": r.ID, "data": object{}})
}

// refuseDebug answers in the form of the debug adapter protocol, whose messages
// these are.
func (s *server) refuseDebug(sock *socket, m *message) {
	var r struct {
		Seq     int    `json:"seq"`
		Command string `json:"command"`
	}
	if !s.request(sock, m, &r) {
		return
	}
	s.reply(sock, m, nil, object{
		"type": "response", "request_seq": r.Seq, "seq": r.Seq, "command": r.Command, "success": false,
		"message": "loupe has no debugger", "body": object{},
	})
}

func (s *server) history(sock *socket, m *message) {
	var r historyRequest
	if !s.request(sock, m, &r) {
		return
	}
	list, err := s.hist.find(r)
	if err != nil {
		s.refuse(sock, m, "BadRequest", "history_request: "+err.Error())
		return
	}
	rows := [][]any{}
	for _, e := range list {
		var what any = e.Cell
		if r.Output {
			pair := []any{e.Cell, nil}
			if e.Output != "" {
				pair[1] = e.Output
			}
			what = pair
		}
		rows = append(rows, []any{e.Session, e.Line, what})
	}
	s.reply(sock, m, nil, object{"status": "ok", "history": rows})
}

// cellBegins makes the next interrupt that of a new cell.
func (s *server) cellBegins() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cell, s.cancel = context.WithCancel(context.Background())
}

// cellEnds makes the next interrupt that of no cell.
func (s *server) cellEnds() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		s.cancel()
	}
	s.cancel = nil
}

// interrupt stops the running cell, and nothing when none runs.
func (s *server) interrupt() {
	s.mu.Lock()
	cancel := s.cancel
	s.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

// shutdown ends Serve.
func (s *server) shutdown() {
	s.stopOnce.Do(func() { close(s.stop) })
}

// answer takes a message of the stdin socket.
func (s *server) answer(p *peer, frames [][]byte) {
	m := s.decode("stdin", p, frames)
	if m == nil {
		return
	}
	if m.header.Type != "input_reply" {
		s.logf("stdin: %q is not an input_reply", m.header.Type)
		return
	}
	select {
	case s.answers <- m:
	default: // nobody has asked
	}
}

// ask asks the front-end that runs the cell m for a line of input; it is not ok
// when there is none to come.
func (s *server) ask(ctx context.Context, m *message) (line string, ok bool) {
	select {
	case <-s.answers: // to a question that was interrupted
	default:
	}
	s.out.flush()
	request := s.codec.encode(m.identities, "input_request", m.raw, nil, object{"prompt": "", "password": false})
	if err := s.stdin.send(request); err != nil {
		s.logf("input_request could not be sent: %v", err)
		return "", false
	}
	select {
	case <-ctx.Done():
		return "", false
	case a := <-s.answers:
		var r struct {
			Value string `json:"value"`
		}
		if err := json.Unmarshal(a.content, &r); err != nil {
			s.logf("input_reply: %v", err)
			return "", false
		}
		return r.Value, r.Value != "\x04" // Ctrl-D ends the input, as on a terminal
	}
}
