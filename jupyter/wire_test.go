package jupyter

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"
)

// What is not a signed message of the protocol is dropped and logged, and the
// kernel goes on.
func TestBadMessages(t *testing.T) {
	c := start(t)
	good := c.codec.encode(nil, "execute_request", nil, nil, object{"code": `panic("it ran")`})
	change := func(i int, b string) [][]byte {
		list := append([][]byte{}, good...)
		list[i] = []byte(b)
		if i > 1 {
			list[1] = c.codec.sign(list[2:6])
		}
		return list
	}
	for _, bad := range []struct {
		frames [][]byte
		says   string
	}{
		{change(1, strings.Repeat("0", 64)), "signature does not match"},
		{change(1, ""), "signature does not match"},
		{good[:4], "3 frames after <IDS|MSG>, 5 are needed"},
		{good[1:], "none of the 6 frames is <IDS|MSG>"},
		{[][]byte{{}}, "none of the 2 frames"},
		{change(2, "{"), "header: unexpected end"},
		{change(2, "{}"), "no msg_type"},
		{change(5, "[1]"), "content of a execute_request is not a JSON object"},
		{change(4, "7"), "metadata of a execute_request is not a JSON object"},
	} {
		for _, s := range []zmq4.Socket{c.shell, c.control, c.stdin} {
			if err := s.SendMulti(zmq4.NewMsgFrom(bad.frames...)); err != nil {
				t.Fatal(err)
			}
		}
		c.h.log.has(t, bad.says)
	}
	c.send(c.stdin, "execute_request", object{"code": `panic("it ran")`})
	c.h.log.has(t, `stdin: "execute_request" is not an input_reply`)
	c.sees("1", "execute_result:1\n")
}

func dial(t *testing.T, c Connection, port int) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", net.JoinHostPort(c.IP, itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return nc
}

func itoa(n int) string {
	return strings.TrimPrefix(endpoint(Connection{Transport: "tcp", IP: ""}, n), "tcp://:")
}

// greeting is a ZMTP 3 greeting and the READY command of a socket type.
func greeting(typ string) []byte {
	g := make([]byte, 64)
	g[0], g[9], g[10] = 0xff, 0x7f, 3
	copy(g[12:], "NULL")
	var b bytes.Buffer
	b.WriteString("\x05READY\x0bSocket-Type")
	_ = binary.Write(&b, binary.BigEndian, uint32(len(typ)))
	b.WriteString(typ)
	return append(append(g, flagCommand, byte(b.Len())), b.Bytes()...)
}

// Connections that are no ZeroMQ, or a wrong one, are closed, and neither they
// nor silent ones keep others out.
func TestBadConnections(t *testing.T) {
	h := serve(t, tcp(t), nil)
	connect(t, h)
	ports := []int{h.connection.ShellPort, h.connection.ControlPort, h.connection.IOPubPort, h.connection.StdinPort, h.connection.HeartbeatPort}
	for _, port := range ports {
		dial(t, h.connection, port) // silent
	}
	huge := append(greeting("DEALER"), flagLong, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	for _, bad := range []struct {
		bytes []byte
		says  string
	}{
		{[]byte("GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html, and all that fills sixty-four bytes\r\n\r\n"), "was refused"},
		{append(greeting("DEALER")[:64], flagCommand|flagLong, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), "the handshake claims 18446744073709551615 bytes"},
		{append(greeting("DEALER")[:64], 0, 1, 'x'), "a message came before the handshake's end"},
		{greeting("TELEPORT"), "unknown socket-type"},
		{greeting("PUB"), "not compatible"},
		{append(greeting("DEALER")[:64], flagCommand, 8, 5, 'R', 'E', 'A', 'D', 'Y', 90, 'x'), "was refused"},
		{huge, "a message claims 9223372036854775807 bytes"},
		{append(greeting("DEALER"), flagMore, 200, 'x'), "unexpected EOF"},
		{append(greeting("DEALER"), 0x80, 0), "has flags 0x80"},
	} {
		nc := dial(t, h.connection, h.connection.ShellPort)
		if _, err := nc.Write(bad.bytes); err != nil {
			t.Fatal(err)
		}
		_ = nc.(*net.TCPConn).CloseWrite()
		h.log.has(t, bad.says)
		_ = nc.SetDeadline(time.Now().Add(patience))
		if _, err := io.Copy(io.Discard, nc); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: not closed: %v", bad.says, err)
		}
	}
	t.Run("others", func(t *testing.T) { connect(t, h).sees("1", "execute_result:1\n") })
}

// A subscriber that takes nothing loses old output, and nobody else does.
func TestDeafSubscriber(t *testing.T) {
	h := serve(t, tcp(t), nil)
	c := connect(t, h)
	deaf := dial(t, h.connection, h.connection.IOPubPort)
	if _, err := deaf.Write(append(greeting("SUB"), 0, 1, 1)); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		_, out := c.run(`os.Stdout.WriteString(strings.Repeat("0123456789abcdef", 10<<16)); fmt.Println("end")`)
		total := 0
		for _, g := range out {
			total += len(g.str("text"))
		}
		if total != 10<<20+4 {
			t.Fatalf("%d bytes came", total)
		}
	}
	// Now it listens: what it gets ends with the newest, and says what is missing.
	_ = deaf.SetDeadline(time.Now().Add(patience))
	r := bufio.NewReader(deaf)
	if _, err := r.Discard(64); err != nil {
		t.Fatal(err)
	}
	told, idle, end := false, 0, false
	for idle < 5 {
		frames, command, err := readMessage(r)
		if err != nil {
			t.Fatal(err)
		}
		if command {
			continue
		}
		content := string(frames[len(frames)-1])
		told = told || strings.Contains(content, "bytes of output above were dropped")
		end = strings.Contains(content, "end\\n") || end && !strings.Contains(content, `"name":"stdout"`)
		if strings.Contains(content, `"idle"`) {
			idle++
		}
	}
	if !told || !end {
		t.Errorf("told %v, the newest came %v", told, end)
	}
}

func TestOutbox(t *testing.T) {
	o := newOutbox()
	block := bytes.Repeat([]byte("x"), 1<<20)
	for i := range 100 {
		o.put(parcel{frames: [][]byte{{byte(i)}, block}, dropped: i%10 != 0})
	}
	if o.bytes > maxWaiting {
		t.Errorf("%d bytes wait, the most is %d", o.bytes, maxWaiting)
	}
	list, ok := o.take(1 << 40)
	var kept []int
	size := 0
	for _, p := range list {
		kept = append(kept, int(p.frames[0][0]))
		size += p.size
	}
	for i, n := range kept {
		if i > 0 && n <= kept[i-1] {
			t.Fatalf("not in order: %v", kept)
		}
	}
	for _, n := range []int{0, 10, 90, 98, 99} { // those that may not be dropped, and the newest
		if !bytes.Contains(bytes.Join(frameHeads(list), nil), []byte{byte(n)}) {
			t.Errorf("%d is missing of %v", n, kept)
		}
	}
	if lost := o.takeLost(); !ok || lost+size != 100*(1<<20+1) || o.bytes != 0 || o.takeLost() != 0 {
		t.Errorf("lost %d and kept %d of %d, %d left", lost, size, 100*(1<<20+1), o.bytes)
	}
	o.close()
	o.put(parcel{frames: [][]byte{{1}}})
	if list, ok := o.take(1); ok {
		t.Errorf("a closed box gives %v", list)
	}
}

func frameHeads(list []parcel) (heads [][]byte) {
	for _, p := range list {
		heads = append(heads, p.frames[0])
	}
	return heads
}

func FuzzReadMessage(f *testing.F) {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	_ = writeMessage(w, [][]byte{[]byte("a"), bytes.Repeat([]byte("b"), 300), {}}, 0)
	_ = w.Flush()
	f.Add(b.Bytes())
	f.Add([]byte{flagCommand, 5, 4, 'P', 'I', 'N', 'G'})
	f.Add([]byte{flagLong, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		frames, command, err := readMessage(bufio.NewReader(bytes.NewReader(data)))
		if err != nil {
			return
		}
		// What was read and is written again is read the same.
		var b bytes.Buffer
		w := bufio.NewWriter(&b)
		flags := byte(0)
		if command {
			flags = flagCommand
		}
		if err := writeMessage(w, frames, flags); err != nil {
			t.Fatal(err)
		}
		_ = w.Flush()
		again, c, err := readMessage(bufio.NewReader(&b))
		if err != nil || c != command || !bytes.Equal(bytes.Join(again, []byte{0}), bytes.Join(frames, []byte{0})) {
			t.Errorf("%q, %v became %q, %v, %v", frames, command, again, c, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	c := &codec{session: "s", user: "u"}
	f.Add(bytes.Join(c.encode([][]byte{[]byte("id")}, "x_request", nil, nil, object{"a": 1}), []byte{0}))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := c.decode(bytes.Split(data, []byte{0}))
		if err == nil && (m.header.Type == "" || m.content == nil) {
			t.Errorf("%q was taken for a message", data)
		}
	})
}
