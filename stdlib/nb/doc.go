// Package nb is what a notebook uses of its kernel. It works the same in a
// compiled program: Show prints, Context is the background context.
//
// It does not know the kernel; a kernel attaches itself with [Attach].
package nb
