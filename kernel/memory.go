package kernel

import (
	"math"
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
