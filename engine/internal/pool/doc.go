// Package pool runs one parallel region after another on a fixed set of
// workers, without allocating and without sleeping between regions that follow
// each other closely.
//
// A region is a Task cut into chunks; workers and the caller take chunks from a
// shared counter until none is left. Which worker computes a chunk never
// changes a result: a task writes each output from one chunk only.
//
// Idle workers spin, yield to the Go scheduler every so often (so that the
// garbage collector and other goroutines are never held up), and park after a
// while. A worker that the operating system has taken off the processor before
// it joined a region is not waited for: the others do its share. This is what
// keeps two threads beside a busy core from being slower than one, together with
// this: a worker that loses its processor inside a chunk, for which the others have
// to wait, is left out for a while, the longer the more often it happens.
package pool
