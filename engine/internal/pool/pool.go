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

	timed bool          // whether wait is kept
	wait  time.Duration // see TakeWait
}

const openBit = 1 << 31

// worker is one goroutine beside the caller.
type worker struct {
	parked atomic.Bool
	wake   chan struct{}
}

// New makes a pool that runs regions on n threads: the caller and n-1 workers.
// n below 1 counts as 1.
func New(n int) *Pool {
	if n < 1 {
		n = 1
	}
	p := &Pool{workers: make([]*worker, n-1)}
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
	if chunks <= 1 || helpers <= 0 {
		for i := 0; i < chunks && !p.stop.Load(); i++ {
			t.Chunk(0, i)
		}
		return
	}
	p.task, p.chunks = t, int32(chunks)
	p.next.Store(0)
	p.helpers.Store(int32(helpers))
	region := p.state.Load()>>32 + 1
	p.state.Store(region<<32 | openBit)
	for _, w := range p.workers[:helpers] {
		if w.parked.CompareAndSwap(true, false) {
			w.wake <- struct{}{}
		}
	}
	p.take(0)
	// Close the region, so that no late worker joins, and wait for those inside.
	p.state.And(^uint64(openBit))
	if p.timed {
		defer func(start time.Time) { p.wait += time.Since(start) }(time.Now())
	}
	for spins := 1; p.state.Load()&(openBit-1) != 0; spins++ {
		if spins%spinsPerYield == 0 {
			runtime.Gosched()
		}
	}
	p.task = nil
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
// inside region last, is to join. helpers was set before the region opened, so
// it is that of s as long as s is still the state when the worker joins.
func (p *Pool) admits(s, last uint64, number int) bool {
	return s>>32 != last && s&openBit != 0 && number <= int(p.helpers.Load())
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
			p.take(number)
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
