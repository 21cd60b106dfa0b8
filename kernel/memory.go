package kernel

import (
	"io"
	"math"
	"math/bits"
	"runtime/debug"
	"sync"
	"time"
)

// memory is what availableMemory found, and when: asking takes the system some
// microseconds.
var memory struct {
	sync.Mutex
	at    time.Time
	bytes uint64
}

// availableMemory is how many bytes the process can still take without that
// the system ends it or begins to swap: a bound for single allocations and for
// the growth of a cell. Where the system does not say, it is 64 GiB.
func availableMemory() uint64 {
	memory.Lock()
	defer memory.Unlock()
	if time.Since(memory.at) < 100*time.Millisecond {
		return memory.bytes
	}
	n := systemMemory()
	if n == 0 {
		n = 1 << 36
	}
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		n = min(n, uint64(limit))
	}
	memory.at, memory.bytes = time.Now(), n
	return n
}

// room is needRoom for a script. The line is that of the call, whatever other goroutines
// do while garbage is looked for.
func (m *machine) room(n int) int {
	line := m.at()
	defer func() {
		if p := recover(); p != nil {
			m.noteAt(value(p), line)
			panic(p)
		}
	}()
	return needRoom(n)
}

// needRoom panics if the machine cannot give n bytes, where the Go runtime or the
// system would end the process. It gives n back.
func needRoom(n int) int {
	if n < 1<<26 || uint64(n) <= availableMemory() {
		return n
	}
	debug.FreeOSMemory() // there may be garbage
	memory.Lock()
	memory.at = time.Time{}
	memory.Unlock()
	if uint64(n) > availableMemory() {
		panic(fatal("out of memory"))
	}
	return n
}

// roomFor is needRoom for n things of a size. What Go refuses by itself is left to it.
func roomFor(n, size int) {
	if n <= 0 || size <= 0 {
		return
	}
	if hi, lo := bits.Mul64(uint64(n), uint64(size)); hi == 0 && lo < math.MaxInt64 {
		needRoom(int(lo))
	}
}

// readAll is io.ReadAll of what may never end.
func readAll(r io.Reader) ([]byte, error) { return io.ReadAll(&roomReader{r: r}) }

// roomReader asks for room as it reads: the slice that takes it all grows by
// another quarter of what it holds, and is copied then.
type roomReader struct {
	r       io.Reader
	n, asks int
}

func (r *roomReader) Read(p []byte) (int, error) {
	if r.n >= r.asks+1<<26 {
		r.asks = r.n
		needRoom(r.n + r.n/2)
	}
	n, err := r.r.Read(p)
	r.n += n
	return n, err
}
