package jupyter

import (
	"sync"
	"time"
)

// maxWaiting is how many bytes of output may wait for one peer.
const maxWaiting = 32 << 20

// parcel is a message that waits to be sent.
type parcel struct {
	frames  [][]byte
	flags   byte
	size    int
	dropped bool // may be dropped when too much waits: output of cells
}

// outbox is the queue of one peer. Putting never blocks, so neither a cell nor
// an interrupt ever waits for a front-end.
type outbox struct {
	mu      sync.Mutex
	list    []parcel
	bytes   int
	lost    int // bytes of output that were dropped and not yet owned up to
	closed  bool
	wake    chan struct{} // something is to be sent, or the box was closed
	drained chan struct{} // closed when a closed box is empty
}

func newOutbox() *outbox {
	return &outbox{wake: make(chan struct{}, 1), drained: make(chan struct{})}
}

// put queues a message. Output is dropped, oldest first, when too much waits.
func (o *outbox) put(p parcel) {
	for _, f := range p.frames {
		p.size += len(f)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.list = append(o.list, p)
	o.bytes += p.size
	if o.bytes > maxWaiting {
		o.makeRoom()
	}
	o.signal()
}

// makeRoom drops a quarter of what may wait, so that a flood does not sort the
// queue again for every message.
func (o *outbox) makeRoom() {
	kept := o.list[:0]
	for i, p := range o.list {
		newest := i == len(o.list)-1
		if p.dropped && !newest && o.bytes > maxWaiting*3/4 {
			o.bytes -= p.size
			o.lost += p.size
			continue
		}
		kept = append(kept, p)
	}
	clear(o.list[len(kept):])
	o.list = kept
}

// takeLost is how many bytes were dropped since it was last asked.
func (o *outbox) takeLost() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := o.lost
	o.lost = 0
	return n
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// take returns the messages that wait, in order, at most about n bytes of
// them; what stays can still be dropped. ok is false when the box is closed
// and empty.
func (o *outbox) take(n int) (list []parcel, ok bool) {
	for {
		o.mu.Lock()
		if len(o.list) > 0 {
			i := 0
			for ; i < len(o.list) && n > 0; i++ {
				n -= o.list[i].size
				o.bytes -= o.list[i].size
			}
			list = append(list, o.list[:i]...)
			clear(o.list[:i])
			o.list = o.list[i:]
			o.mu.Unlock()
			return list, true
		}
		if o.closed {
			o.mu.Unlock()
			close(o.drained)
			return nil, false
		}
		o.mu.Unlock()
		<-o.wake
	}
}

// close lets nothing more in.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.signal()
}

// abandon drops what waits: the peer is gone.
func (o *outbox) abandon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed, o.list, o.bytes = true, nil, 0
	o.signal()
}

// waitDrained waits until a closed box is empty, at most until the deadline.
func (o *outbox) waitDrained(deadline time.Time) bool {
	t := time.NewTimer(time.Until(deadline))
	defer t.Stop()
	select {
	case <-o.drained:
		return true
	case <-t.C:
		return false
	}
}
