package pool

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// count notes how often each chunk ran and whether one worker number was ever
// in two chunks at once.
type count struct {
	ran    []atomic.Int32
	inside []atomic.Int32
	twice  atomic.Bool
	spin   int
	sink   atomic.Int64
}

func (c *count) Chunk(worker, chunk int) {
	if c.inside[worker].Add(1) != 1 {
		c.twice.Store(true)
	}
	for i := 0; i < c.spin; i++ {
		c.sink.Add(1)
	}
	c.ran[chunk].Add(1)
	c.inside[worker].Add(-1)
}

func TestEveryChunkRunsOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 8} {
		p := New(threads)
		for _, chunks := range []int{0, 1, 2, 7, 64, 1000} {
			for _, pause := range []time.Duration{0, 2 * parkAfter} {
				time.Sleep(pause) // also after the workers have parked
				c := &count{ran: make([]atomic.Int32, chunks), inside: make([]atomic.Int32, threads), spin: 50}
				p.Do(c, chunks)
				for i := range c.ran {
					if n := c.ran[i].Load(); n != 1 {
						t.Fatalf("%d threads, %d chunks: chunk %d ran %d times", threads, chunks, i, n)
					}
				}
				if c.twice.Load() {
					t.Fatalf("%d threads: one worker number ran two chunks at once", threads)
				}
			}
		}
		p.Close()
	}
}

// Many small regions in a row: a region that closes before its workers joined
// must neither lose chunks nor let a late worker into the next one's task.
func TestManyRegions(t *testing.T) {
	p := New(4)
	defer p.Close()
	c := &count{ran: make([]atomic.Int32, 5), inside: make([]atomic.Int32, 4)}
	const regions = 20000
	for i := 0; i < regions; i++ {
		p.Do(c, 5)
	}
	for i := range c.ran {
		if n := c.ran[i].Load(); n != regions {
			t.Fatalf("chunk %d ran %d times in %d regions", i, n, regions)
		}
	}
}

// tally counts the chunks of each worker.
type tally struct{ ran []atomic.Int32 }

func (c *tally) Chunk(worker, _ int) {
	for range 200 {
		c.ran[worker].Add(1)
	}
}

// Workers that are awake from a wider region before do not join a narrower one.
func TestDoOnKeepsToItsThreads(t *testing.T) {
	p := New(6)
	defer p.Close()
	all, some := &tally{make([]atomic.Int32, 6)}, &tally{make([]atomic.Int32, 6)}
	for range 3000 {
		p.Do(all, 24)
		p.DoOn(some, 24, 2)
	}
	for i := 2; i < 6; i++ {
		if n := some.ran[i].Load(); n != 0 {
			t.Errorf("a region on 2 threads ran %d times on thread %d", n/200, i)
		}
	}
	if n := some.ran[0].Load() + some.ran[1].Load(); n != 3000*24*200 {
		t.Errorf("%d chunks ran, want %d", n/200, 3000*24)
	}
}

func TestDoOnMoreThreadsThanThereAre(t *testing.T) {
	p := New(1)
	defer p.Close()
	c := &count{ran: make([]atomic.Int32, 10), inside: make([]atomic.Int32, 1)}
	p.DoOn(c, 10, 8)
	for i := range c.ran {
		if c.ran[i].Load() != 1 {
			t.Fatalf("chunk %d ran %d times", i, c.ran[i].Load())
		}
	}
}

type cancelAfter struct {
	p   *Pool
	n   int32
	ran atomic.Int32
}

func (c *cancelAfter) Chunk(_, _ int) {
	if c.ran.Add(1) == c.n {
		c.p.Cancel()
	}
}

func TestCancelLeavesOutTheRest(t *testing.T) {
	for _, threads := range []int{1, 3} {
		p := New(threads)
		c := &cancelAfter{p: p, n: 10}
		p.Do(c, 100000)
		if n := int(c.ran.Load()); n < 10 || n > 10+threads {
			t.Errorf("%d threads: %d chunks ran after a cancel in the 10th", threads, n)
		}
		if !p.Canceled() {
			t.Error("Canceled is false after Cancel")
		}
		p.Resume()
		d := &count{ran: make([]atomic.Int32, 100), inside: make([]atomic.Int32, threads)}
		p.Do(d, 100)
		for i := range d.ran {
			if d.ran[i].Load() != 1 {
				t.Fatalf("after Resume chunk %d ran %d times", i, d.ran[i].Load())
			}
		}
		p.Close()
	}
}

// lost is a task in which every worker but the caller loses its processor while
// there is something to lose.
type lost struct {
	ran    [2]atomic.Int32
	losing atomic.Bool
	joined chan struct{}
}

func (c *lost) Chunk(worker, _ int) {
	c.ran[worker].Add(1)
	if !c.losing.Load() {
		return
	}
	if worker == 0 {
		<-c.joined
		return
	}
	c.joined <- struct{}{}
	time.Sleep(20 * time.Millisecond)
}

// A worker that keeps the others waiting is left out, and comes back.
func TestStalledWorkersRest(t *testing.T) {
	p := New(2)
	defer p.Close()
	p.firstRest = time.Hour
	c := &lost{joined: make(chan struct{})}
	c.losing.Store(true)
	p.Do(c, 2)
	c.losing.Store(false)
	c.ran[1].Store(0)
	for range 2000 {
		p.Do(c, 2)
	}
	if n := c.ran[1].Load(); n != 0 || p.resting != 1 {
		t.Fatalf("%d chunks ran on a worker at rest, %d rest", n, p.resting)
	}
	if n := testing.AllocsPerRun(100, func() { p.Do(c, 8) }); n != 0 {
		t.Errorf("a region allocates %v times while a worker rests", n)
	}
	p.workers[0].until = time.Now()
	for deadline := time.Now().Add(30 * time.Second); c.ran[1].Load() == 0; {
		if time.Now().After(deadline) {
			t.Fatal("the worker has not come back")
		}
		p.Do(c, 64)
	}
	if p.resting != 0 {
		t.Errorf("%d rest", p.resting)
	}
}

// Rests grow while stalls follow each other, up to a limit, and begin anew later.
func TestRestsGrow(t *testing.T) {
	p := New(2)
	defer p.Close()
	w, now := p.workers[0], time.Now()
	want := shortRest
	for range 20 {
		p.sendToRest(w, now)
		if w.rest != want || !w.until.Equal(now.Add(want)) {
			t.Fatalf("a rest of %v until %v, want %v", w.rest, w.until.Sub(now), want)
		}
		now = w.until.Add(w.rest)
		want = min(2*want, longRest)
	}
	p.sendToRest(w, now.Add(restFactor*longRest))
	if w.rest != shortRest {
		t.Errorf("after a long time without a stall: %v", w.rest)
	}
}

func TestNoAllocation(t *testing.T) {
	p := New(2)
	defer p.Close()
	c := &count{ran: make([]atomic.Int32, 8), inside: make([]atomic.Int32, 2)}
	if n := testing.AllocsPerRun(100, func() { p.Do(c, 8) }); n != 0 {
		t.Errorf("a region allocates %v times", n)
	}
}

// The garbage collector must not wait for spinning workers.
func TestCollectorIsNotHeldUp(t *testing.T) {
	p := New(runtime.GOMAXPROCS(0) + 1)
	defer p.Close()
	done := make(chan struct{})
	go func() {
		for i := 0; i < 20; i++ {
			runtime.GC()
		}
		close(done)
	}()
	c := &count{ran: make([]atomic.Int32, 8), inside: make([]atomic.Int32, p.Threads())}
	for deadline := time.After(30 * time.Second); ; {
		select {
		case <-done:
			return
		case <-deadline:
			t.Fatal("20 collections did not finish in 30 s while regions ran")
		default:
			p.Do(c, 8)
		}
	}
}
