package kernel

import (
	"sync"
	"sync/atomic"
)

// deferFrame is the defer stack of one call of a script function. The
// interpreter's own defer takes arguments late and deadlocks on function
// variables, so functions with defer run under call.
type deferFrame struct {
	fns       []deferred
	panicking bool
	recovered bool
	val       any
	line      int // where it panicked
}

// deferred is a call to make at the end.
type deferred struct {
	f      func()
	script bool // of a function of the script
}

// chained is a panic's value that replaced earlier panics on its way up.
type chained struct {
	val    any
	before []link
}

// link is an earlier panic of a chain.
type link struct {
	val       any
	recovered bool
}

// value is a panic's value without what it replaced.
func value(p any) any {
	if c, ok := p.(chained); ok {
		return c.val
	}
	return p
}

func before(p any) []link {
	if c, ok := p.(chained); ok {
		return c.before
	}
	return nil
}

// replaced is the panic p of a deferred call, which the frame called because
// it panicked.
func (fr *deferFrame) replaced(p any) any {
	if !fr.panicking {
		return p
	}
	if _, ok := value(p).(fatal); ok {
		return p
	}
	list := append([]link(nil), before(fr.val)...)
	list = append(list, link{value(fr.val), fr.recovered})
	return chained{value(p), append(list, before(p)...)}
}

// frames remembers, for each goroutine, the frame that is just calling a
// deferred function which recovers: the function takes it when it begins.
type frames struct {
	mu     sync.Mutex
	direct map[int64]*deferFrame
	any    bool        // there is one; scripts look here first, which costs no call
	sync   atomic.Bool // the same where the race detector watches
}

func (f *frames) setDirect(d any) {
	id := goid()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.direct[id] = d.(*deferFrame)
	f.tell()
}

// tell says whether a deferred function is about to be called.
func (f *frames) tell() {
	if is := len(f.direct) > 0; raceEnabled {
		f.sync.Store(is)
	} else {
		f.any = is
	}
}

func (f *frames) takeDirect() any {
	id := goid()
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.direct[id]
	delete(f.direct, id)
	f.tell()
	return d
}

func newFrame() any { return &deferFrame{} }

func (m *machine) pushDefer(d any, f func(), script bool) {
	fr := d.(*deferFrame)
	fr.fns = append(fr.fns, deferred{f, script})
}

// call runs the body of a function with defer, then its deferred calls.
func (m *machine) call(d any, body func()) {
	fr := d.(*deferFrame)
	defer m.runDefers(fr)
	func() {
		defer func() {
			if p := recover(); p != nil {
				fr.panicking, fr.val, fr.line = true, unwrapPanic(p), m.began(p)
			}
		}()
		body()
	}()
}

// runDefers runs the deferred calls, last first, and goes on panicking if none
// of them recovers. When the run is over only native ones are called, which unlock and
// close: a function of the script would end at its beginning, on top of the others, and
// in a deep recursion that takes for ever.
func (m *machine) runDefers(fr *deferFrame) {
	for len(fr.fns) > 0 {
		d := fr.fns[len(fr.fns)-1]
		fr.fns = fr.fns[:len(fr.fns)-1]
		if d.script {
			if r := m.gs.current(); r != nil && r.dead() {
				continue
			}
		}
		func() {
			defer func() {
				if p := recover(); p != nil {
					fr.val = fr.replaced(unwrapPanic(p))
					fr.panicking, fr.recovered, fr.line = true, false, m.began(p)
				}
			}()
			d.f()
		}()
		if fr.recovered {
			fr.panicking, fr.recovered, fr.val = false, false, nil
		}
	}
	if fr.panicking {
		m.setLine(fr.line) // the deferred calls have moved it
		panic(fr.val)
	}
}

// recoverIn is recover called by a function that the frame deferred.
func (m *machine) recoverIn(d any) any {
	fr, ok := d.(*deferFrame)
	if !ok || fr == nil || !fr.panicking || fr.recovered {
		return nil
	}
	if _, ok := value(fr.val).(fatal); ok {
		return nil // nothing recovers from a fatal error
	}
	fr.recovered = true
	return exact(goPanic(value(fr.val)))
}
