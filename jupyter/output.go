package jupyter

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"sync"
	"time"

	"loupe/kernel"
)

// statsLimit is how many lines of statistics a cell shows.
const statsLimit = 4

// resultWait is how long a value waits for the end of its cell, which makes it
// the cell's result. A value that is shown in passing is not held longer.
const resultWait = 150 * time.Millisecond

// request is what a cell's outputs answer.
type request struct {
	parent json.RawMessage
	count  int  // execution_count
	silent bool // nothing but the reply
	// result says that the cell ends with an expression, so the value that is
	// shown last is its result.
	result  bool
	started time.Time
}

// output turns the kernel's events into messages on iopub. What background
// goroutines write after their cell has ended belongs to the latest cell.
type output struct {
	pub  *publisher
	text batch

	mu       sync.Mutex
	req      request // read under mu or text.mu, changed under both
	stopping bool    // the cell was interrupted
	held     *kernel.Display
	holding  *time.Timer
	bars     map[string]*progress // by label
	made     int                  // bars of all cells, for their identities
	stats    []string
	shown    string          // the text of the cell's result, for the history
	capture  *kernel.Display // user expressions: where values go
	capturer bool            // user expressions are being evaluated
}

func newOutput(pub *publisher) *output {
	o := &output{pub: pub, req: request{silent: true}, bars: map[string]*progress{}}
	o.text.send = func(name, text string) {
		o.publish("stream", nil, object{"name": name, "text": text})
	}
	return o
}

// publish sends a message for the current request.
func (o *output) publish(kind string, metadata object, content any) {
	if !o.req.silent {
		o.pub.publish(kind, o.req.parent, metadata, content)
	}
}

// begin makes what comes from now on the output of a request.
func (o *output) begin(r request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r.started = time.Now()
	o.text.flushThen(func() { o.req = r })
	o.stopping, o.stats, o.shown = false, nil, ""
	clear(o.bars)
}

// interrupt says that the user has interrupted the cell.
func (o *output) interrupt() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopping = true
}

// result is the text of the cell's result, "" without one.
func (o *output) result() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.shown
}

// flush sends everything that waits.
func (o *output) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.release(false)
	o.text.flush()
}

// event is the kernel's Events function.
func (o *output) event(ev kernel.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch ev := ev.(type) {
	case kernel.Stdout:
		o.release(false)
		o.stdout(ev.Text)
	case kernel.Stderr:
		o.release(false)
		o.text.add("stderr", ev.Text)
	case kernel.Stream:
		o.release(false)
		o.text.add("stdout", printable(ev.Text))
	case kernel.Display:
		o.display(ev)
	case kernel.Warning: // the result may come after it
		o.text.add("stderr", warningText(ev))
	case kernel.Progress:
		o.progress(ev)
	case kernel.Stats:
		o.stats = append(o.stats, ev.Text)
	case kernel.Failed:
		o.failed(ev.Err)
	case kernel.Done:
		o.done()
	}
}

// stdout is text of the cell. A cleared screen clears the cell's output.
func (o *output) stdout(text string) {
	for {
		before, after, found := cutClear(text)
		if before != "" {
			o.text.add("stdout", before)
		}
		if !found {
			return
		}
		o.text.flush()
		o.publish("clear_output", nil, object{"wait": after != ""})
		text = after
	}
}

func (o *output) display(d kernel.Display) {
	o.release(false)
	switch {
	case o.capturer:
		o.capture = &d
		return
	case d.IsError && o.stopping:
		return // that a call was cancelled is what was asked for
	case d.Streamed && len(d.Data) == 1:
		o.shown = d.Data["text/plain"]
		return
	}
	o.text.flush()
	o.held = &d
	if !o.req.result {
		o.release(false)
		return
	}
	o.holding = time.AfterFunc(resultWait, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.held == &d {
			o.release(false)
		}
	})
}

// release sends the value that is held.
func (o *output) release(result bool) {
	if o.held == nil {
		return
	}
	d := o.held
	o.held = nil
	if o.holding != nil {
		o.holding.Stop()
	}
	content := object{"data": mimeBundle(d.Data), "metadata": object{}}
	if !result {
		content["transient"] = object{}
		o.publish("display_data", nil, content)
		return
	}
	o.shown = d.Data["text/plain"]
	content["execution_count"] = o.req.count
	o.publish("execute_result", nil, content)
}

// mimeBundle is data as Jupyter wants it: pictures in base64, which a value
// may have done itself.
func mimeBundle(data map[string]string) map[string]any {
	bundle := make(map[string]any, len(data))
	for mime, text := range data {
		switch {
		case strings.HasPrefix(mime, "image/") && mime != "image/svg+xml" && !isBase64(text):
			bundle[mime] = base64.StdEncoding.EncodeToString([]byte(text))
		case isJSON(mime) && json.Valid([]byte(text)):
			bundle[mime] = json.RawMessage(text)
		default:
			bundle[mime] = strings.ToValidUTF8(text, "\uFFFD")
		}
	}
	return bundle
}

func isBase64(s string) bool {
	_, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s))
	return err == nil
}

func isJSON(mime string) bool { return mime == "application/json" || strings.HasSuffix(mime, "+json") }

func (o *output) progress(ev kernel.Progress) {
	if o.req.silent {
		return
	}
	p := o.bars[ev.Label]
	if p == nil {
		o.made++
		p = &progress{id: fmt.Sprintf("loupe-progress-%s-%d", o.pub.codec.session, o.made)}
		o.bars[ev.Label] = p
	}
	p.latest, p.behind = ev, true
	if p.due(o.req.started, time.Now()) {
		o.showBar(p)
	}
}

func (o *output) showBar(p *progress) {
	o.release(false)
	o.text.flush()
	kind := "update_display_data"
	if p.shown.IsZero() {
		kind = "display_data"
	}
	o.publish(kind, nil, object{"data": p.bundle(), "metadata": object{"loupe": object{"progress": true}}, "transient": object{"display_id": p.id}})
	p.shown, p.behind = time.Now(), false
}

// lastBars brings bars that stand on the page up to date.
func (o *output) lastBars() {
	for _, p := range o.bars {
		if p.behind && !p.shown.IsZero() {
			o.showBar(p)
		}
	}
	clear(o.bars)
}

func (o *output) failed(e *kernel.Error) {
	if o.capturer {
		return
	}
	o.lastBars()
	o.release(false)
	o.text.flush()
	o.publish("error", nil, describe(e))
}

// done ends the output of one run of the kernel.
func (o *output) done() {
	if o.capturer {
		return
	}
	o.lastBars()
	o.release(o.req.result)
	o.text.flush()
	lines := o.stats
	o.stats = nil
	if len(lines) == 0 {
		return
	}
	if n := len(lines) - statsLimit; n > 0 {
		lines = append(lines[:statsLimit-1:statsLimit-1], fmt.Sprintf("… %d more calls", n+1))
	}
	text := strings.Join(lines, "\n")
	o.publish("display_data", nil, object{
		"data": map[string]string{
			"text/plain": text,
			"text/html":  `<div style="opacity:.65;font-size:.85em;line-height:1.45;padding-left:5px">` + strings.ReplaceAll(html.EscapeString(text), "\n", "<br>") + `</div>`,
		},
		"metadata": object{"loupe": object{"statistics": true}}, "transient": object{},
	})
}

// captured runs f, which runs one expression, and returns the value that it
// showed, nil without one.
func (o *output) captured(f func()) *kernel.Display {
	o.mu.Lock()
	o.capturer, o.capture = true, nil
	o.mu.Unlock()
	f()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.capturer = false
	return o.capture
}
