package pool

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	spinsPerYield = 1000                   // loads between two calls of runtime.Gosched
	parkAfter     = 200 * time.Microsecond // idle time after which a worker sleeps

	// A worker that is still in a chunk stallFactor times as long as the caller
	// worked on the region, and stallAfter more, has lost its processor: chunks of
	// one region are about alike. It rests, longer each time that this comes again
	// within restFactor rests.
	stallFactor = 2
	stallAfter  = 200 * time.Microsecond
	shortRest   = 16 * time.Millisecond
	longRest    = 512 * time.Millisecond
	restFactor  = 8
)

// Task is one parallel region. Chunk is called once for every chunk number in
// [0, chunks), from any worker; worker is in [0, Threads()) and no two calls
// with the same worker run at once, so it may index scratch memory. It must not
// panic: on a worker that ends the process, and on the caller the pool cannot be
// used again.
type Task interface {
	Chunk(worker, chunk int)
}

// Pool is a fixed set of workers. One region runs at a time; Do must not be
// called from two goroutines at once.
type Pool struct {
	workers []*worker
	task    Task
	chunks  int32
	helpers atomic.Int32  // workers with numbers up to this may join the region
	next    atomic.Int32  // the next chunk to take
	state   atomic.Uint64 // region number << 32 | openBit | workers inside
	stop    atomic.Bool   // set by Cancel: chunks not begun are left out
	closed  atomic.Bool
	once    sync.Once

	resting   int           // workers that rest
	firstRest time.Duration // shortRest, but in tests

	timed bool          // whether wait is kept
	wait  time.Duration // see TakeWait
}

const openBit = 1 << 31

// worker is one goroutine beside the caller.
type worker struct {
	parked atomic.Bool
	inside atomic.Bool // in a region
	rests  atomic.Bool // is left out of regions; it changes between regions only
	wake   chan struct{}

	// Of the caller.
	rest  time.Duration // the last one
	until time.Time     // when it ends
}

// New makes a pool that runs regions on n threads: the caller and n-1 workers.
// n below 1 counts as 1.
func New(n int) *Pool {
	if n < 1 {
		n = 1
	}
	p := &Pool{workers: make([]*worker, n-1), firstRest: shortRest}
	for i := range p.workers {
		w := &worker{wake: make(chan struct{}, 1)}
		p.workers[i] = w
		go p.loop(w, i+1)
	}
	return p
}

// Threads is the number of threads a region may run on, the caller included.
func (p *Pool) Threads() int { return len(p.workers) + 1 }

// Do runs t.Chunk(worker, i) for every i in [0, chunks) and returns when all
// are done, or, after Cancel, when those begun are done.
func (p *Pool) Do(t Task, chunks int) {
	p.do(t, chunks, len(p.workers))
}

// DoOn is Do on at most threads threads, those of the lowest numbers: a worker
// that is awake but above them stays out.
func (p *Pool) DoOn(t Task, chunks, threads int) {
	p.do(t, chunks, min(threads-1, len(p.workers)))
}

func (p *Pool) do(t Task, chunks, helpers int) {
	if p.resting > 0 {
		p.endRests()
	}
	if chunks <= 1 || !p.anyone(helpers) {
		for i := 0; i < chunks && !p.stop.Load(); i++ {
			t.Chunk(0, i)
		}
		return
	}
	p.task, p.chunks = t, int32(chunks)
	p.next.Store(0)
	p.helpers.Store(int32(helpers))
	start := time.Now()
	region := p.state.Load()>>32 + 1
	p.state.Store(region<<32 | openBit)
	for _, w := range p.workers[:helpers] {
		if !w.rests.Load() && w.parked.CompareAndSwap(true, false) {
			w.wake <- struct{}{}
		}
	}
	p.take(0)
	// Close the region, so that no late worker joins, and wait for those inside.
	p.state.And(^uint64(openBit))
	p.await(start)
	p.task = nil
}

// await waits for the workers inside a region that began at start, and sends those
// to rest that have lost their processors to other programs.
func (p *Pool) await(start time.Time) {
	var done time.Time // when the caller had nothing left to do
	if p.timed {
		done = time.Now()
	}
	stalled := false
	for spins := 1; p.state.Load()&(openBit-1) != 0; spins++ {
		if spins%spinsPerYield != 0 {
			continue
		}
		runtime.Gosched()
		now := time.Now()
		if done.IsZero() {
			done = now
		}
		if stalled || now.Sub(done) < stallFactor*done.Sub(start)+stallAfter {
			continue
		}
		stalled = true
		for _, w := range p.workers {
			if w.inside.Load() {
				p.sendToRest(w, now)
			}
		}
	}
	if p.timed {
		p.wait += time.Since(done)
	}
}

// sendToRest leaves w out of the regions to come.
func (p *Pool) sendToRest(w *worker, now time.Time) {
	if now.Sub(w.until) < restFactor*w.rest {
		w.rest = min(2*w.rest, max(longRest, p.firstRest))
	} else {
		w.rest = p.firstRest
	}
	w.until = now.Add(w.rest)
	w.rests.Store(true)
	p.resting++
}

// endRests lets workers in again that have rested.
func (p *Pool) endRests() {
	now := time.Now()
	for _, w := range p.workers {
		if w.rests.Load() && now.After(w.until) {
			w.rests.Store(false)
			p.resting--
		}
	}
}

// anyone reports whether there is a worker for a region of that many.
func (p *Pool) anyone(helpers int) bool {
	if p.resting == 0 {
		return helpers > 0
	}
	for _, w := range p.workers[:max(helpers, 0)] {
		if !w.rests.Load() {
			return true
		}
	}
	return false
}

// TakeWait is how long, since the last call of it, callers of Do had no chunk left
// to run and waited for workers, if that was being measured; on says whether it is
// from now on.
func (p *Pool) TakeWait(on bool) time.Duration {
	wait := p.wait
	p.timed, p.wait = on, 0
	return wait
}

// take runs chunks until none is left.
func (p *Pool) take(worker int) {
	for !p.stop.Load() {
		i := p.next.Add(1) - 1
		if i >= p.chunks {
			return
		}
		p.task.Chunk(worker, int(i))
	}
}

// admits reports whether state s is an open region that worker number, last
// inside region last, is to join. helpers and rests were set before the region
// opened, so they are those of s as long as s is still the state when the worker
// joins.
func (p *Pool) admits(s, last uint64, number int) bool {
	return s>>32 != last && s&openBit != 0 && number <= int(p.helpers.Load()) && !p.workers[number-1].rests.Load()
}

func (p *Pool) loop(w *worker, number int) {
	var last uint64 // the region this worker was in last
	idle := time.Now()
	for spins := 1; !p.closed.Load(); spins++ {
		s := p.state.Load()
		if p.admits(s, last, number) {
			if !p.state.CompareAndSwap(s, s+1) {
				continue
			}
			last = s >> 32
			w.inside.Store(true)
			p.take(number)
			w.inside.Store(false)
			p.state.Add(^uint64(0)) // leave
			idle, spins = time.Now(), 1
			continue
		}
		if spins%spinsPerYield != 0 {
			continue
		}
		runtime.Gosched()
		if time.Since(idle) < parkAfter {
			continue
		}
		w.parked.Store(true)
		// A region may have opened, or the pool closed, between the look above
		// and the store: look again before sleeping.
		if p.admits(p.state.Load(), last, number) || p.closed.Load() {
			if w.parked.CompareAndSwap(true, false) {
				continue
			}
		}
		<-w.wake
		idle, spins = time.Now(), 1
	}
}

// Cancel makes the running region, and those after it, leave out the chunks
// not begun, until Resume. It may be called from any goroutine.
func (p *Pool) Cancel() { p.stop.Store(true) }

// Canceled reports whether Cancel was called since the last Resume.
func (p *Pool) Canceled() bool { return p.stop.Load() }

// Resume ends the effect of Cancel.
func (p *Pool) Resume() { p.stop.Store(false) }

// Close ends the workers. The pool must be idle.
func (p *Pool) Close() {
	p.once.Do(func() {
		p.closed.Store(true)
		for _, w := range p.workers {
			if w.parked.CompareAndSwap(true, false) {
				w.wake <- struct{}{}
			}
		}
	})
}
