// Package lower rewrites checked Go into the core of Go that the interpreter
// runs as the compiler would.
//
// The interpreter confuses named types, loses methods when a value becomes an
// interface, and predates several language changes. So it never sees any of
// these: methods become functions, named types that are not structs become
// what they stand for, generics become one function for each instance,
// constants become literals, embedded fields become plain ones, and every
// interface value holds either a native value or a box that knows its static
// type. Conversions, assertions, type switches, calls through interfaces,
// comparisons of interfaces, channel operations and selects become calls of
// the runtime (package "k", given by the kernel).
//
// A construct without a faithful rewriting is refused with a [Refusal].
package lower
