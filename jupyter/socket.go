package jupyter

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"
)

// socket is one of the kernel's five. Peers come and go; each is read and
// written by goroutines of its own.
type socket struct {
	name string
	typ  zmq4.SocketType
	ln   net.Listener
	// receive takes a message of a peer, on the peer's reading goroutine.
	receive func(p *peer, frames [][]byte)
	log     func(format string, args ...any)

	mu     sync.Mutex
	peers  map[string]*peer // by identity
	closed bool
	wg     sync.WaitGroup
}

// peer is one connection.
type peer struct {
	id    string
	nc    net.Conn
	out   *outbox
	ready bool // the handshake is done; guarded by the socket's mutex

	mu     sync.Mutex
	topics []string // what a subscriber wants, prefixes
}

// newSocket serves connections of ln until close.
func newSocket(name string, typ zmq4.SocketType, ln net.Listener, receive func(*peer, [][]byte), log func(string, ...any)) *socket {
	s := &socket{name: name, typ: typ, ln: ln, receive: receive, log: log, peers: map[string]*peer{}}
	s.wg.Add(1)
	go s.accept()
	return s
}

func (s *socket) accept() {
	defer s.wg.Done()
	pause := 5 * time.Millisecond
	for {
		nc, err := s.ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // too many open files, say: others may close some
			s.log("%s: accepting a connection: %v", s.name, err)
			time.Sleep(pause)
			pause = min(2*pause, time.Second)
			continue
		}
		pause = 5 * time.Millisecond
		s.wg.Add(1)
		go func() {
			defer s.wg.Done()
			s.serve(nc)
		}()
	}
}

// serve is the life of one connection.
func (s *socket) serve(nc net.Conn) {
	defer nc.Close()
	p := &peer{nc: nc, out: newOutbox()}
	if !s.track(p) { // so that close ends the handshake too
		return
	}
	id, err := handshake(nc, s.typ)
	if err != nil {
		s.forget(p)
		s.log("%s: a connection from %s was refused: %v", s.name, nc.RemoteAddr(), err)
		return
	}
	if !s.rename(p, id) {
		return
	}
	defer s.forget(p)
	written := make(chan struct{})
	go func() {
		defer close(written)
		p.write()
	}()
	err = s.read(p)
	if err != nil && err != io.EOF && !errors.Is(err, net.ErrClosed) {
		s.log("%s: the connection from %s was closed: %v", s.name, nc.RemoteAddr(), err)
	}
	if p.closing() {
		<-written // the peer closed its side; ours is sent to the end
	} else {
		p.out.abandon()
		nc.Close()
		<-written
	}
}

// track enters a peer under an identity of our own making.
func (s *socket) track(p *peer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	p.id = "\x00" + rand.Text() // no peer may choose a first byte of zero
	s.peers[p.id] = p
	return true
}

// rename enters a peer under the identity that it asks for. Who comes with the
// identity of a connection that exists takes its place: it is the same
// front-end after a broken connection.
func (s *socket) rename(p *peer, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	p.ready = true
	if id == "" || strings.HasPrefix(id, "\x00") {
		return true
	}
	if old := s.peers[id]; old != nil {
		old.out.abandon()
		old.nc.Close()
	}
	delete(s.peers, p.id)
	p.id = id
	s.peers[id] = p
	return true
}

func (s *socket) forget(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.peers[p.id] == p {
		delete(s.peers, p.id)
	}
}

func (s *socket) read(p *peer) error {
	r := bufio.NewReader(p.nc)
	for {
		frames, command, err := readMessage(r)
		if err != nil {
			return err
		}
		if !command {
			s.receive(p, frames)
			continue
		}
		if body, ok := strings.CutPrefix(string(frames[0]), "\x04PING"); ok && len(body) >= 2 {
			p.out.put(parcel{frames: [][]byte{[]byte("\x04PONG" + body[2:])}, flags: flagCommand})
		}
	}
}

// write sends what is put into the outbox until that is closed.
func (p *peer) write() {
	w := bufio.NewWriterSize(p.nc, 64<<10)
	for {
		list, ok := p.out.take(64 << 10)
		if !ok {
			break
		}
		for _, m := range list {
			if writeMessage(w, m.frames, m.flags) != nil {
				break
			}
		}
		if w.Flush() != nil {
			p.out.abandon()
			p.nc.Close()
		}
	}
	if c, ok := p.nc.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite() // the other side may have gone
	}
}

func (p *peer) closing() bool {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	return p.out.closed
}

// send queues a message for the peer whose identity is the first frame.
func (s *socket) send(frames [][]byte) error {
	s.mu.Lock()
	p := s.peers[string(frames[0])]
	s.mu.Unlock()
	if p == nil {
		return fmt.Errorf("%s: the front-end that asked is gone", s.name)
	}
	p.out.put(parcel{frames: frames[1:]})
	return nil
}

// each calls f with every peer.
func (s *socket) each(f func(*peer)) {
	s.mu.Lock()
	list := make([]*peer, 0, len(s.peers))
	for _, p := range s.peers {
		list = append(list, p)
	}
	s.mu.Unlock()
	for _, p := range list {
		f(p)
	}
}

// close sends what waits, at most until the deadline, and ends the connections.
func (s *socket) close(deadline time.Time) {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.ln.Close()
	s.each(func(p *peer) { p.out.close() })
	s.each(func(p *peer) {
		if p.ready { // no longer changes, as s is closed
			p.out.waitDrained(deadline)
		}
		p.nc.Close()
	})
	s.wg.Wait()
}
