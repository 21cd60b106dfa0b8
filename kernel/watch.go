package kernel

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"time"
)

const stackOverflow = "stack overflow"

// maxStack is the most that one goroutine's stack may grow to before the runtime ends the
// process: 1 GiB, twice of what it is by itself, for the watch looks only now and then.
const maxStack = 2_000_000_000

func init() {
	if strconv.IntSize == 64 {
		debug.SetMaxStack(maxStack)
	}
}

// watch ends the run before a runaway recursion or an endless append ends the
// process, and when its goroutines wait for each other.
func (k *Kernel) watch(r *run) (stop func()) {
	quit := make(chan struct{})
	go func() {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
		read := func() (stacks, heap uint64) {
			metrics.Read(sample)
			return sample[0].Value.Uint64(), sample[1].Value.Uint64()
		}
		t := time.NewTicker(5 * time.Millisecond)
		defer t.Stop()
		stacks, heap := read()
		room := stacks + heap + availableMemory()/10*9
		recursion := &stackMeter{bytes: stacks, n: runtime.NumGoroutine(), limit: stackLimit}
		seq := uint64(0)
		for {
			select {
			case <-quit:
				return
			case <-t.C:
				stacks, heap := read()
				if k.m.gs.dying(r) {
					recursion.limit = stackLimitBeside
				}
				fatal := ""
				switch {
				case recursion.overflows(stacks, runtime.NumGoroutine()):
					fatal = stackOverflow
				case stacks+heap > room:
					fatal = "out of memory"
				}
				if fatal != "" {
					line := k.m.at()
					k.m.end(r, &outcome{kind: Panic, fatal: true, value: fatal, line: line})
					return
				}
				// All of them waiting at two ticks running: worth a close look.
				_, now, asleep := k.m.gs.asleep()
				if asleep && now == seq && k.m.deadlock(r) {
					return
				}
				if seq = now; !asleep {
					seq = 0
				}
			}
		}
	}()
	return func() { close(quit) }
}

// stackMeter finds a goroutine whose stack grows and grows. The runtime tells only what
// all stacks take together, but that of one doubles at once: growth in large steps which
// new goroutines do not explain.
type stackMeter struct {
	bytes uint64 // at the last look
	n     int    // goroutines then
	grown int64  // by large steps
	limit int64  // of grown
}

// stackLimit is how far the stacks may grow in large steps, and stackLimitBeside while the
// goroutine of an earlier run unwinds whose stack may still double.
const (
	stackLimit       = 256 << 20
	stackLimitBeside = 768 << 20
)

func (s *stackMeter) overflows(bytes uint64, goroutines int) bool {
	const (
		step = 8 << 20
		// A goroutine of the interpreter takes 16 to 32 KiB at first; if those before have
		// grown the runtime gives new ones as much as they have on average.
		least, most = 64 << 10, 1 << 20
	)
	each := min(max(2*int64(s.bytes)/int64(max(s.n, 1)), least), most)
	grew := int64(bytes) - int64(s.bytes)
	if fresh := goroutines - s.n; fresh > 0 {
		grew -= each * int64(fresh)
	}
	if grew > step || grew < 0 {
		s.grown = max(s.grown+grew, 0)
	}
	s.bytes, s.n = bytes, goroutines
	return s.grown > s.limit
}

// dying says whether goroutines of another run than r are ending, or have left large
// stacks behind: until those are given back, other goroutines begin with far more than they
// need.
func (g *goroutines) dying(r *run) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for x := range g.alive {
		if x != r && x.dead() {
			return true
		}
	}
	return g.sweeping > 0
}

// gone is called when the last goroutine of a run that is over ends.
func (m *machine) gone(r *run) {
	m.calm()
	if why := r.why(); why == nil || !why.fatal || why.value != any(stackOverflow) {
		return
	}
	m.gs.mu.Lock()
	m.gs.sweeping++
	m.gs.mu.Unlock()
	// A collection finds the goroutine gone, and new ones start small again.
	time.AfterFunc(time.Millisecond, func() {
		debug.FreeOSMemory()
		m.gs.mu.Lock()
		m.gs.sweeping--
		m.gs.mu.Unlock()
	})
}
