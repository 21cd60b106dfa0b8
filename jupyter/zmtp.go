package jupyter

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/go-zeromq/zmq4"
	"github.com/go-zeromq/zmq4/security/null"
)

const (
	handshakeTime = 10 * time.Second
	maxHandshake  = 4 << 10   // bytes of a READY command; a usual one has 60
	maxMessage    = 256 << 20 // bytes of one message: an image in a widget, at most
	maxFrames     = 1 << 12
)

// Flags of a ZMTP 3 frame, https://rfc.zeromq.org/spec/23.
const (
	flagMore    = 1
	flagLong    = 2
	flagCommand = 4
)

// handshake opens ZMTP on a new connection as a socket of type typ and returns
// the identity that the peer gave itself, which may be "".
func handshake(nc net.Conn, typ zmq4.SocketType) (identity string, err error) {
	defer func() {
		// The library panics on a socket type that it does not know and on
		// metadata that ends early, and both are the peer's words.
		if p := recover(); p != nil {
			err = fmt.Errorf("handshake: %v", p)
		}
	}()
	if err := nc.SetDeadline(time.Now().Add(handshakeTime)); err != nil {
		return "", err
	}
	c, err := zmq4.Open(&guard{Conn: nc}, null.Security(), typ, nil, true, nil)
	if err != nil {
		return "", err
	}
	return c.Peer.Meta["Identity"], nc.SetDeadline(time.Time{})
}

// guard stops a handshake whose command claims to be longer than any can be,
// before the library makes room for it.
type guard struct {
	net.Conn
	seen int
	long bool
	size uint64
}

func (g *guard) Read(p []byte) (int, error) {
	const greeting = 64
	n, err := g.Conn.Read(p)
	for _, b := range p[:n] {
		switch at := g.seen - greeting; {
		case at == 0 && b&^flagLong != flagCommand:
			return 0, errors.New("a message came before the handshake's end")
		case at == 0:
			g.long = b&flagLong != 0
		case at >= 1 && at <= 8 && g.long:
			g.size = g.size<<8 | uint64(b)
			if at == 8 && g.size > maxHandshake {
				return 0, fmt.Errorf("the handshake claims %d bytes, the most is %d", g.size, maxHandshake)
			}
		}
		g.seen++
	}
	return n, err
}

// readMessage reads one message. A command, such as a PING, is a message of
// its own with command set.
func readMessage(r *bufio.Reader) (frames [][]byte, command bool, err error) {
	total := uint64(0)
	for more := true; more; {
		flags, err := r.ReadByte()
		if err != nil {
			if len(frames) > 0 && err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, false, err
		}
		if flags&^(flagMore|flagLong|flagCommand) != 0 {
			return nil, false, fmt.Errorf("frame %d has flags %#x, which ZMTP 3 does not know", len(frames), flags)
		}
		head := make([]byte, 1, 8)
		if flags&flagLong != 0 {
			head = head[:8]
		}
		if _, err := io.ReadFull(r, head); err != nil {
			return nil, false, short(err)
		}
		size := uint64(head[0])
		if flags&flagLong != 0 {
			size = binary.BigEndian.Uint64(head)
		}
		if size > maxMessage || total+size > maxMessage {
			return nil, false, fmt.Errorf("a message claims %d bytes in frame %d, the most is %d", size, len(frames), maxMessage)
		}
		total += size
		if len(frames) == maxFrames {
			return nil, false, fmt.Errorf("a message has more than %d frames", maxFrames)
		}
		body, err := readBody(r, int(size))
		if err != nil {
			return nil, false, short(err)
		}
		frames = append(frames, body)
		command = command || flags&flagCommand != 0
		more = flags&flagMore != 0
	}
	return frames, command, nil
}

// readBody makes room as the bytes come, not as they are promised.
func readBody(r io.Reader, size int) ([]byte, error) {
	const atOnce = 1 << 20
	if size <= atOnce {
		body := make([]byte, size)
		_, err := io.ReadFull(r, body)
		return body, err
	}
	var b bytes.Buffer
	_, err := io.CopyN(&b, r, int64(size))
	return b.Bytes(), err
}

func short(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// writeMessage writes one message.
func writeMessage(w *bufio.Writer, frames [][]byte, flags byte) error {
	for i, f := range frames {
		fl := flags
		if i < len(frames)-1 {
			fl |= flagMore
		}
		var head [9]byte
		n := 2
		if len(f) > 255 {
			fl |= flagLong
			binary.BigEndian.PutUint64(head[1:], uint64(len(f)))
			n = 9
		} else {
			head[1] = byte(len(f))
		}
		head[0] = fl
		if _, err := w.Write(head[:n]); err != nil {
			return err
		}
		if _, err := w.Write(f); err != nil {
			return err
		}
	}
	return nil
}
