package kernel

import (
	"context"
	"go/token"
	"sync"
	"sync/atomic"
)

// run is one execution of a cell or a notebook. Goroutines that it starts
// belong to it for as long as they live.
type run struct {
	over   chan struct{} // closed when it is to end: interrupted, failed, exited
	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	ended  bool
	left   bool // the cell came to its end; its goroutines may go on
	result *outcome

	mainID atomic.Int64
}

// outcome is why a run ended other than by its end.
type outcome struct {
	kind  Kind
	code  int
	fatal bool
	value any
	line  int
}

// finish ends the run; the first reason stays.
func (r *run) finish(o *outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	r.ended, r.result = true, o
	close(r.over)
}

// fail ends the run with a goroutine's panic. It is false if no cell waits for
// the run any more.
func (r *run) fail(m *machine, o *outcome) bool {
	r.mu.Lock()
	gone := r.ended || r.left
	r.mu.Unlock()
	if !gone {
		m.end(r, o)
	}
	return !gone
}

// leave says that the cell came to its end, unless something ended the run
// before.
func (r *run) leave() *outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = !r.ended
	return r.result
}

// why is what ended the run, nil while nothing has.
func (r *run) why() *outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result
}

func (r *run) dead() bool {
	select {
	case <-r.over:
		return true
	default:
		return false
	}
}

// goroutines knows which goroutine belongs to which run.
type goroutines struct {
	mu    sync.Mutex
	byID  map[int64]*run
	last  *run
	alive map[*run]int

	noted    map[int64]noted
	from     map[int64]int // token.Pos of the statement that started the goroutine
	parked   map[int64]parking
	seq      uint64 // changes with every parking
	sweeping int    // stacks that overflowed and are being given back: see gone
	outside  int    // callbacks that native code may still make on goroutines of its own
}

// noted is the line at which a goroutine began to panic. The kernel's line is
// that of all goroutines: while one unwinds, the others move it.
type noted struct {
	value any
	line  int
}

// note keeps the line of a panic that is about to begin.
func (m *machine) note(v any) { m.noteAt(v, m.at()) }

func (m *machine) noteAt(v any, line int) {
	id := goid()
	m.gs.mu.Lock()
	defer m.gs.mu.Unlock()
	m.gs.noted[id] = noted{v, line}
}

// began is the line at which the panic p of this goroutine began.
func (m *machine) began(p any) int {
	line := m.at()
	id := goid()
	m.gs.mu.Lock()
	n, ok := m.gs.noted[id]
	delete(m.gs.noted, id)
	m.gs.mu.Unlock()
	if ok && same(n.value, value(unwrapPanic(p))) {
		return n.line
	}
	return line
}

// same compares the values of two panics, which may be of any type.
func same(a, b any) (equal bool) {
	defer func() { _ = recover() }()
	return a == b
}

func newGoroutines() goroutines {
	return goroutines{noted: map[int64]noted{}, byID: map[int64]*run{}, alive: map[*run]int{}, from: map[int64]int{}, parked: map[int64]parking{}}
}

func (g *goroutines) enter(r *run) {
	id := goid()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.byID[id] = r
	g.alive[r]++
}

// leave forgets the goroutine; it says how many of its run are left.
func (g *goroutines) leave() (r *run, left int) {
	id := goid()
	g.mu.Lock()
	defer g.mu.Unlock()
	r = g.byID[id]
	delete(g.byID, id)
	delete(g.from, id)
	if r == nil {
		return nil, 0
	}
	g.alive[r]--
	if g.alive[r] <= 0 {
		delete(g.alive, r)
		return r, 0
	}
	return r, g.alive[r]
}

// current is the run of this goroutine; a native goroutine that calls back
// into a script counts as the latest run's.
func (g *goroutines) current() *run {
	id := goid()
	g.mu.Lock()
	defer g.mu.Unlock()
	if r := g.byID[id]; r != nil {
		return r
	}
	return g.last
}

func (g *goroutines) isMain(r *run) bool { return r.mainID.Load() == goid() }

// stopping says whether goroutines of an ended run still live. mu is held.
func (g *goroutines) stopping() bool {
	for r := range g.alive {
		if r.dead() {
			return true
		}
	}
	return false
}

// count is how many goroutines of a run live.
func (g *goroutines) count(r *run) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.alive[r]
}

// number is how many goroutines of scripts live.
func (g *goroutines) number() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range g.alive {
		n += m
	}
	return n
}

// check ends the goroutine if its run is over. Lowered code calls it when
// stop is set.
func (m *machine) check() {
	if r := m.gs.current(); r != nil && r.dead() {
		m.die()
	}
}

// goCall is the go statement: f's panic ends the run, not the process.
// pos is where the statement stands.
func (m *machine) goCall(f func(), pos int) {
	r := m.gs.current()
	if r == nil {
		return
	}
	m.gs.mu.Lock()
	m.gs.alive[r]++ // from now on, so that nobody counts it as gone
	m.gs.mu.Unlock()
	go func() {
		id := goid()
		m.gs.mu.Lock()
		m.gs.byID[id] = r
		m.gs.from[id] = pos
		m.gs.mu.Unlock()
		defer m.goEnd()
		if !r.dead() {
			f()
		}
	}()
}

// guard is f for a native that calls it on a goroutine of its own.
func (m *machine) guard(f func(), pos int) func() {
	r := m.gs.current()
	m.gs.mu.Lock()
	m.gs.outside++
	m.gs.mu.Unlock()
	var once sync.Once
	return func() {
		if r != nil {
			m.gs.enter(r)
			defer m.goEnd()
		}
		once.Do(func() {
			m.gs.mu.Lock()
			m.gs.outside--
			m.gs.from[goid()] = pos
			m.gs.mu.Unlock()
		})
		f()
	}
}

// end ends a run and its goroutines.
func (m *machine) end(r *run, o *outcome) {
	r.finish(o)
	m.stopAll()
}

// stopAll makes every goroutine of a run that is over end at its next loop or
// call. The run must be over before: calm may be asked at the same time.
func (m *machine) stopAll() {
	m.gs.mu.Lock()
	defer m.gs.mu.Unlock()
	m.setStop(true)
}

// calm lets goroutines go on without a look at their run, if none is to end.
func (m *machine) calm() {
	m.gs.mu.Lock()
	defer m.gs.mu.Unlock()
	if !m.gs.stopping() {
		m.setStop(false)
	}
}

// at is the line that runs, as a token.Pos.
func (m *machine) at() int {
	if raceEnabled {
		return int(m.syncLine.Load())
	}
	return m.line
}

func (m *machine) setLine(pos int) {
	if raceEnabled {
		m.syncLine.Store(int64(pos))
		return
	}
	m.line = pos
}

func (m *machine) setStop(on bool) {
	if raceEnabled {
		m.syncStop.Store(on)
		return
	}
	m.stop = on
}

// goEnd ends a goroutine of a script.
func (m *machine) goEnd() {
	p := recover()
	line := m.began(p)
	r, left := m.gs.leave()
	if p != nil && r != nil {
		if !r.fail(m, &outcome{kind: Panic, value: p, line: line}) {
			m.k.lost(p, line)
		}
	}
	if r != nil && left == 0 && r.dead() {
		m.gone(r)
	}
}

// lost reports the panic of a goroutine whose cell has ended: nobody else
// would.
func (k *Kernel) lost(p any, line int) {
	text := k.m.panicText(p)
	e := &Error{Msg: "panic: " + text, Kind: Panic, ExitCode: 2}
	k.mu.Lock()
	if at := k.sess.Fset.Position(token.Pos(line)); line > 0 {
		e.Cell, e.Line, e.Col = at.Filename, at.Line, at.Column
		e.Source = k.sourceLine(at.Filename, at.Line)
	}
	k.mu.Unlock()
	k.out.event(Warning{Cell: e.Cell, Line: e.Line, Text: "a background goroutine ended with panic: " + text, Err: e})
}
