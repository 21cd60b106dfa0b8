package kernel

import "sync"

// deferFrame is the defer stack of one call of a script function. The
// interpreter's own defer takes arguments late and deadlocks on function
// variables, so functions with defer run under call.
type deferFrame struct {
	fns       []func()
	panicking bool
	recovered bool
	val       any
}

// frames remembers, for each goroutine, the frame that is just calling a
// deferred function which recovers: the function takes it when it begins.
type frames struct {
	mu     sync.Mutex
	direct map[int64]*deferFrame
}

func (f *frames) setDirect(d any) {
	id := goid()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.direct[id] = d.(*deferFrame)
}

func (f *frames) takeDirect() any {
	id := goid()
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.direct[id]
	delete(f.direct, id)
	return d
}

func newFrame() any { return &deferFrame{} }

func (m *machine) pushDefer(d any, f func()) {
	fr := d.(*deferFrame)
	fr.fns = append(fr.fns, f)
}

// call runs the body of a function with defer, then its deferred calls.
func (m *machine) call(d any, body func()) {
	fr := d.(*deferFrame)
	defer m.runDefers(fr)
	func() {
		defer func() {
			if p := recover(); p != nil {
				fr.panicking, fr.val = true, unwrapPanic(p)
			}
		}()
		body()
	}()
}

// runDefers runs the deferred calls, last first, and goes on panicking if none
// of them recovers.
func (m *machine) runDefers(fr *deferFrame) {
	for len(fr.fns) > 0 {
		f := fr.fns[len(fr.fns)-1]
		fr.fns = fr.fns[:len(fr.fns)-1]
		func() {
			defer func() {
				if p := recover(); p != nil {
					fr.panicking, fr.recovered, fr.val = true, false, unwrapPanic(p)
				}
			}()
			f()
		}()
		if fr.recovered {
			fr.panicking, fr.recovered, fr.val = false, false, nil
		}
	}
	if fr.panicking {
		panic(fr.val)
	}
}

// recoverIn is recover called by a function that the frame deferred.
func (m *machine) recoverIn(d any) any {
	fr, ok := d.(*deferFrame)
	if !ok || fr == nil || !fr.panicking || fr.recovered {
		return nil
	}
	if _, ok := fr.val.(fatal); ok {
		return nil // nothing recovers from a fatal error
	}
	fr.recovered = true
	return goPanic(fr.val)
}
