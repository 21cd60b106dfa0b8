// Package offheap gives memory outside the Go heap, for weights and caches: the
// garbage collector neither scans it nor counts it towards its next run, and the
// system is asked to back large pieces with huge pages.
package offheap
