package measure

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Sizes of the buffer that ReadRate reads when it chooses itself.
const (
	minReadBuffer = 256 << 20
	maxReadBuffer = 2 << 30
)

// readRounds is how often ReadRate reads its buffer. The first time brings the
// pages in, and of the others the fastest counts: what a machine can do is its
// best, the rest is what disturbed it.
const readRounds = 6

// ReadRate measures how fast threads threads together read memory, in bytes a
// second: each sums up its own part of one buffer with plain Go code, 64 bits at
// a time, which one core does faster than memory delivers. It is the bound of
// generating: a token cannot come sooner than its weights, keys and values do.
//
// The buffer is twice the last-level cache, at least 256 MiB and at most 2 GiB,
// and never more than a quarter of the memory that is free; size replaces that,
// 0 means the default. A buffer below the size of the cache gives the cache's
// rate: so on a machine whose free memory, or whose cache, is not known to the
// system, take the figure with care. Pages are what the system gives: with
// 4 KiB ones the rate is some 15 % lower than with huge ones.
func ReadRate(threads int, size int64) float64 {
	if size == 0 {
		size = readBufferSize(lastLevelCache(), freeMemory())
	}
	buffer := make([]uint64, max(size/8, int64(threads)*64))
	for i := range buffer {
		buffer[i] = uint64(i)
	}
	defer func() { // the buffer is large: it is not to stand in the way of what follows
		buffer = nil
		debug.FreeOSMemory()
	}()
	best := time.Duration(0)
	for range readRounds {
		if took := readOnce(buffer, threads); best == 0 || took < best {
			best = took
		}
	}
	return float64(len(buffer)*8) / max(best, 1).Seconds()
}

// readBufferSize chooses the buffer for a cache and free memory of so many
// bytes; 0 is not known.
func readBufferSize(cache, free int64) int64 {
	size := min(max(2*cache, minReadBuffer), maxReadBuffer)
	if free > 0 {
		size = min(size, free/4)
	}
	return size
}

// readOnce is the time from a common start until the last thread is done.
func readOnce(buffer []uint64, threads int) time.Duration {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	part := len(buffer) / threads
	ready.Add(threads)
	done.Add(threads)
	for i := range threads {
		go func() {
			defer done.Done()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			ready.Done()
			<-start
			readSink.Add(sumWords(buffer[i*part : (i+1)*part]))
		}()
	}
	ready.Wait()
	began := time.Now()
	close(start)
	done.Wait()
	return time.Since(began)
}

// readSink takes the sums, so that the compiler cannot leave them out.
var readSink atomic.Uint64

func sumWords(words []uint64) uint64 {
	var a, b, c, d uint64 // four sums, so that none waits for another
	for len(words) >= 16 {
		w := (*[16]uint64)(words)
		a += w[0] + w[4] + w[8] + w[12]
		b += w[1] + w[5] + w[9] + w[13]
		c += w[2] + w[6] + w[10] + w[14]
		d += w[3] + w[7] + w[11] + w[15]
		words = words[16:]
	}
	for _, w := range words {
		a += w
	}
	return a + b + c + d
}
