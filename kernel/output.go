package kernel

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// output turns everything that scripts write into events, in order. fmt's own
// functions, print and log reach it directly; os.Stdout and os.Stderr are the
// write ends of pipes, for whatever writes to a file.
type output struct {
	emit func(Event)

	mu      sync.Mutex
	pending strings.Builder
	isErr   bool // pending is stderr's
	muted   bool // the run has exited: nothing more is seen of it

	limit   int64 // bytes of a run, 0 for no limit
	written int64
	dropped int64

	remarks map[string]bool // what the engine has warned of in this cell

	pipes                  [2]*os.File // the ends to write to, of standard output and error
	stdoutFile, stderrFile *os.File    // os.Stdout and os.Stderr of scripts, which may set them
	piped                  bool        // a script has mentioned one of them
	marker                 []byte
	synced                 [2]chan struct{}
	flusher                chan struct{}
	wg                     sync.WaitGroup
}

// batch is when pending output is sent although no other event comes.
const (
	batchBytes = 8 << 10
	batchTime  = 15 * time.Millisecond
)

func newOutput(emit func(Event), limit int64) (*output, error) {
	o := &output{emit: emit, limit: limit, flusher: make(chan struct{}), remarks: map[string]bool{}}
	if o.emit == nil {
		o.emit = func(Event) {}
	}
	var id [12]byte
	_, _ = rand.Read(id[:])
	o.marker = []byte("\x00" + hex.EncodeToString(id[:]) + "\x00")
	var readers [2]*os.File
	for i := range readers {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, fmt.Errorf("kernel: a pipe for output: %w", err)
		}
		readers[i], o.pipes[i] = r, w
		o.synced[i] = make(chan struct{})
	}
	o.ownFiles()
	for i, r := range readers {
		o.wg.Add(1)
		go o.read(r, i)
	}
	go o.tick()
	return o, nil
}

// ownFiles makes the pipes os.Stdout and os.Stderr again.
func (o *output) ownFiles() { o.stdoutFile, o.stderrFile = o.pipes[0], o.pipes[1] }

// close ends the pipes' readers.
func (o *output) close() {
	close(o.flusher)
	o.pipes[0].Close()
	o.pipes[1].Close()
	o.wg.Wait()
}

// read forwards what comes through a pipe, up to markers of sync.
func (o *output) read(r *os.File, stream int) {
	defer o.wg.Done()
	defer r.Close()
	var held []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		held = append(held, buf[:n]...)
		for {
			i := bytes.Index(held, o.marker)
			if i < 0 {
				break
			}
			o.put(stream == 1, string(held[:i]))
			held = held[i+len(o.marker):]
			o.synced[stream] <- struct{}{}
		}
		keep := o.partial(held)
		o.put(stream == 1, string(held[:len(held)-keep]))
		held = append(held[:0], held[len(held)-keep:]...)
		if err != nil {
			return
		}
	}
}

// partial is the length of the longest end of b that may begin a marker.
func (o *output) partial(b []byte) int {
	for n := min(len(b), len(o.marker)-1); n > 0; n-- {
		if bytes.HasSuffix(b, o.marker[:n]) {
			return n
		}
	}
	return 0
}

// sync waits until everything written to the pipes so far has arrived.
func (o *output) sync() {
	if !o.piped {
		return
	}
	for i, f := range o.pipes {
		if _, err := f.Write(o.marker); err == nil {
			<-o.synced[i]
		}
	}
}

// write takes text of a script.
func (o *output) write(stderr bool, text string) {
	o.sync()
	o.put(stderr, text)
}

func (o *output) put(stderr bool, text string) {
	if text == "" {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.muted {
		return
	}
	if text = o.cutLocked(text); text == "" {
		return
	}
	if o.isErr != stderr {
		o.flushLocked()
		o.isErr = stderr
	}
	o.pending.WriteString(text)
	if o.pending.Len() >= batchBytes {
		o.flushLocked()
	}
}

// cutLocked is what the limit leaves of text. The cell goes on: what it does
// beside writing may matter.
func (o *output) cutLocked(text string) string {
	if o.limit == 0 {
		return text
	}
	room := max(o.limit-o.written, 0)
	o.written += int64(len(text))
	if int64(len(text)) <= room {
		return text
	}
	if o.dropped == 0 {
		for room > 0 && room < int64(len(text)) && !utf8.RuneStart(text[room]) {
			room--
		}
		o.pending.WriteString(text[:room])
		o.flushLocked()
		o.emit(Warning{Text: fmt.Sprintf("the output is cut after %s; the cell runs on, and an interrupt ends it", bytesText(o.limit))})
	}
	o.dropped += int64(len(text)) - room
	return ""
}

// begin counts the output of a run from here.
func (o *output) begin() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.written, o.dropped = 0, 0
	clear(o.remarks)
}

// end says how much was cut.
func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dropped > 0 {
		o.flushLocked()
		o.emit(Warning{Text: fmt.Sprintf("%s of output were dropped", bytesText(o.dropped))})
		o.dropped = 0
	}
}

func (o *output) flushLocked() {
	if o.pending.Len() == 0 {
		return
	}
	text := o.pending.String()
	o.pending.Reset()
	if o.isErr {
		o.emit(Stderr{text})
	} else {
		o.emit(Stdout{text})
	}
}

// event sends an event after all output before it.
func (o *output) event(e Event) {
	o.sync()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushLocked()
	if _, ok := e.(CellBegan); ok {
		clear(o.remarks)
	}
	if !o.muted {
		o.emit(e)
	}
}

// remark is a warning of the engine, told once in a cell: an experiment loads one model
// many times, and its settings ask for the same remark each time.
func (o *output) remark(text string) {
	o.mu.Lock()
	known := o.remarks[text]
	o.remarks[text] = true
	o.mu.Unlock()
	if !known {
		o.event(Warning{Text: text})
	}
}

// tick sends output that waits, so that a slow cell is seen working.
func (o *output) tick() {
	t := time.NewTicker(batchTime)
	defer t.Stop()
	for {
		select {
		case <-o.flusher:
			return
		case <-t.C:
			o.mu.Lock()
			o.flushLocked()
			o.mu.Unlock()
		}
	}
}

// mute drops everything that comes, after what is pending.
func (o *output) mute(*run) {
	o.sync()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushLocked()
	o.muted = true
}

func (o *output) unmute() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.muted = false
}

// stream is the output as a writer, for the log package.
type stream struct {
	o      *output
	stderr bool
}

func (s stream) Write(p []byte) (int, error) {
	s.o.write(s.stderr, string(p))
	return len(p), nil
}

var _ io.Writer = stream{}
