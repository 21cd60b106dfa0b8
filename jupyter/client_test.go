package jupyter

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"

	"loupe/kernel"
)

const key = "a key of the tests"

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// host is a kernel under test.
type host struct {
	t          *testing.T
	connection Connection
	cancel     context.CancelFunc
	interrupts chan struct{}
	ended      chan error
	log        *logBuffer
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// has waits for a line of the log.
func (l *logBuffer) has(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(l.String(), text) {
			return
		}
	}
	t.Errorf("the log does not say %q:\n%s", text, l)
}

func tcp(t *testing.T) Connection {
	t.Helper()
	c := Connection{Transport: "tcp", IP: "127.0.0.1", Key: key, SignatureScheme: "hmac-sha256"}
	for _, port := range []*int{&c.ShellPort, &c.IOPubPort, &c.StdinPort, &c.ControlPort, &c.HeartbeatPort} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		*port = ln.Addr().(*net.TCPAddr).Port
	}
	return c
}

func ipc(t *testing.T) Connection {
	return Connection{Transport: "ipc", IP: filepath.Join(t.TempDir(), "k"), Key: key, SignatureScheme: "hmac-sha256",
		ShellPort: 1, IOPubPort: 2, StdinPort: 3, ControlPort: 4, HeartbeatPort: 5}
}

// serve starts a kernel; change may change its options.
func serve(t *testing.T, c Connection, change func(*Options)) *host {
	t.Helper()
	opt := Options{Connection: c, Version: "test", Banner: "a banner"}
	h := &host{t: t, connection: c, interrupts: make(chan struct{}), ended: make(chan error, 1), log: &logBuffer{}}
	opt.Log = h.log
	if change != nil {
		change(&opt)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	go func() { h.ended <- Serve(ctx, opt, h.interrupts) }()
	t.Cleanup(func() {
		cancel()
		h.wait()
	})
	return h
}

// wait waits for the kernel's end.
func (h *host) wait() {
	h.t.Helper()
	select {
	case err := <-h.ended:
		if err != nil {
			h.t.Error(err)
		}
		h.ended <- nil
	case <-time.After(patience):
		h.t.Fatal("the kernel does not end")
	}
}

// client is a front-end.
type client struct {
	t                                   *testing.T
	h                                   *host
	codec                               *codec
	shell, control, stdin, sub, echo    zmq4.Socket
	shellIn, controlIn, stdinIn, iopubs chan *got
}

// got is a message as a front-end sees it.
type got struct {
	Type    string
	Parent  string // msg_id of what it answers
	Raw     json.RawMessage
	Content map[string]any
	Meta    map[string]any
}

func (g *got) str(path ...string) string {
	var v any = g.Content
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func endpoint(c Connection, port int) string {
	if c.Transport == "ipc" {
		return fmt.Sprintf("ipc://%s-%d", c.IP, port)
	}
	return fmt.Sprintf("tcp://%s:%d", c.IP, port)
}

// connect is a front-end that has subscribed.
func connect(t *testing.T, h *host) *client {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c := &client{t: t, h: h, codec: &codec{key: []byte(h.connection.Key), session: "front-end", user: "tester"}}
	if h.connection.Key == "" {
		c.codec.key = nil
	}
	id := zmq4.WithID(zmq4.SocketIdentity("front-end-" + t.Name()))
	retry := zmq4.WithDialerRetry(20 * time.Millisecond)
	tries := zmq4.WithDialerMaxRetries(500)
	c.shell, c.control, c.stdin = zmq4.NewDealer(ctx, id, retry, tries), zmq4.NewDealer(ctx, id, retry, tries), zmq4.NewDealer(ctx, id, retry, tries)
	c.sub, c.echo = zmq4.NewSub(ctx, retry, tries), zmq4.NewReq(ctx, retry, tries)
	k := h.connection
	for _, x := range []struct {
		s    zmq4.Socket
		port int
		in   *chan *got
	}{{c.sub, k.IOPubPort, &c.iopubs}, {c.stdin, k.StdinPort, &c.stdinIn}, {c.control, k.ControlPort, &c.controlIn}, {c.shell, k.ShellPort, &c.shellIn}, {c.echo, k.HeartbeatPort, nil}} {
		if err := x.s.Dial(endpoint(k, x.port)); err != nil {
			t.Fatal(err)
		}
		if x.in == nil {
			continue
		}
		in := make(chan *got, 100000)
		*x.in = in
		go func() {
			for {
				m, err := x.s.Recv()
				if err != nil {
					return
				}
				g, err := c.open(m.Frames)
				if err != nil {
					t.Errorf("a message of the kernel: %v", err)
					return
				}
				in <- g
			}
		}()
	}
	if err := c.sub.SetOption(zmq4.OptionSubscribe, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		for _, s := range []zmq4.Socket{c.shell, c.control, c.stdin, c.sub, c.echo} {
			s.Close()
		}
	})
	if g := c.next(c.iopubs); g.Type != "iopub_welcome" {
		t.Fatalf("the first message on iopub is %s, not iopub_welcome", g.Type)
	}
	return c
}

func (c *client) open(frames [][]byte) (*got, error) {
	m, err := c.codec.decode(frames)
	if err != nil {
		return nil, err
	}
	g := &got{Type: m.header.Type, Raw: m.raw}
	if m.header.Version != "5.4" || m.header.ID == "" || m.header.Session == "" || m.header.Date == "" {
		return nil, fmt.Errorf("header %s lacks something", m.raw)
	}
	var parent header
	for i, f := range frames {
		if bytes.Equal(f, delimiter) {
			if err := json.Unmarshal(frames[i+3], &parent); err != nil {
				return nil, err
			}
			if err := json.Unmarshal(frames[i+4], &g.Meta); err != nil {
				return nil, err
			}
		}
	}
	g.Parent = parent.ID
	return g, json.Unmarshal(m.content, &g.Content)
}

func (c *client) next(from chan *got) *got {
	c.t.Helper()
	select {
	case g := <-from:
		return g
	case <-time.After(patience):
		buf := make([]byte, 1<<20)
		c.t.Fatalf("no message came; log:\n%s\n%s", c.h.log, buf[:runtime.Stack(buf, true)])
		return nil
	}
}

// send sends a request and returns its msg_id.
func (c *client) send(s zmq4.Socket, kind string, content any) string {
	c.t.Helper()
	frames := c.codec.encode(nil, kind, nil, nil, content)
	var h header
	if err := json.Unmarshal(frames[2], &h); err != nil {
		c.t.Fatal(err)
	}
	if err := s.SendMulti(zmq4.NewMsgFrom(frames...)); err != nil {
		c.t.Fatal(err)
	}
	return h.ID
}

// reply waits for the answer to a request, and for its idle.
func (c *client) reply(from chan *got, id string) (answer *got, iopub []*got) {
	c.t.Helper()
	for answer = c.next(from); answer.Parent != id; answer = c.next(from) {
	}
	return answer, c.until(id)
}

// until is everything on iopub that answers a request, between busy and idle.
func (c *client) until(id string) (list []*got) {
	c.t.Helper()
	busy := false
	for {
		g := c.next(c.iopubs)
		if g.Parent != id {
			continue
		}
		if g.Type != "status" {
			if !busy {
				c.t.Fatalf("%s came before busy", g.Type)
			}
			list = append(list, g)
			continue
		}
		switch state := g.str("execution_state"); {
		case state == "busy" && !busy:
			busy = true
		case state == "idle" && busy:
			return list
		default:
			c.t.Fatalf("status %s where it cannot be (busy: %v)", state, busy)
		}
	}
}

func (c *client) ask(kind string, content any) *got {
	c.t.Helper()
	g, _ := c.reply(c.shellIn, c.send(c.shell, kind, content))
	return g
}

func (c *client) run(code string) (reply *got, outputs []*got) {
	c.t.Helper()
	return c.runWith(object{"code": code})
}

func (c *client) runWith(content object) (reply *got, outputs []*got) {
	c.t.Helper()
	return c.reply(c.shellIn, c.send(c.shell, "execute_request", content))
}

// seen is what a reader of the notebook sees, a line for each message; streams
// that follow each other are one.
func seen(list []*got) string {
	var b strings.Builder
	last := ""
	for _, g := range list {
		kind := g.Type + g.str("name")
		if strings.HasPrefix(last, "stream") && last != kind {
			b.WriteString("|\n")
		}
		switch g.Type {
		case "stream":
			if last != kind {
				b.WriteString(g.str("name") + ":")
			}
			b.WriteString(g.str("text"))
		case "execute_input":
		case "error":
			b.WriteString("error:" + g.str("ename") + ":" + g.str("evalue") + "\n")
		case "clear_output":
			b.WriteString("clear wait=" + g.str("wait") + "\n")
		default:
			b.WriteString(g.Type + ":" + g.str("data", "text/plain") + "\n")
		}
		last = kind
	}
	if strings.HasPrefix(last, "stream") {
		b.WriteString("|\n")
	}
	return b.String()
}

// sees runs a cell and compares what a reader sees.
func (c *client) sees(code, want string) *got {
	c.t.Helper()
	reply, out := c.run(code)
	if got := seen(out); got != want {
		c.t.Errorf("%s\ngot\n%s\nwant\n%s", code, got, want)
	}
	return reply
}

// start is a kernel and a front-end.
func start(t *testing.T) *client {
	t.Helper()
	return connect(t, serve(t, tcp(t), nil))
}

func define(name string, v any) func(*Options) {
	return func(o *Options) { o.Setup = func(k *kernel.Kernel) error { return k.Define(name, v) } }
}
