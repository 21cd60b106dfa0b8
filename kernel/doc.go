// Package kernel runs Go cells: one cell in, events out.
//
// A cell is parsed with go/parser, type-checked with go/types against the
// symbol tables that scripts can import and the objects of the session, and
// refused with the Go compiler's own words when it is wrong. A cell that is
// refused changes nothing. A cell that passes is lowered to the subset of Go
// that the interpreter (yaegi) runs faithfully, compiled and run. What is
// known to run wrongly in the interpreter is refused by name before it runs.
//
// What asks a value for its type when it runs, as reflection, templates and gob
// do, would see the interpreter's forms: for cells packages mirror,
// mirror/template and mirror/gob stand in their place.
//
// Everything that a cell does comes out as an [Event], in order: output,
// displays, generated text, statistics, errors. Nothing is written to the
// process's own stdout or stderr.
//
// What cells do that a compiled program does not: a loop or a call takes 50 to 100
// times as long. Where the language leaves open whether a
// variable is read before a call of its statement or after, cells read it after, as gc
// does (in a[i] + f() too); right of && and ||, in map literals, and of booleans, bytes
// and pointers that go into an interface, they keep the order of the text, and gc does
// not always. Everything else is held equal to go run by the tests: the notebook forms,
// the programs of testdata, every form of an expression in every place (TestMatrix), ways
// out of nested statements (TestFlow), copies (TestCopies), methods (TestMethods),
// captured variables (TestCaptures), goroutines (TestConcurrent),
// programs made by chance (TestRandomPrograms), Go's own (TestCorpus).
//
// What a cell does wrong ends the cell and not the process: panics, also of goroutines,
// recursion and allocation without end, deadlocks, os.Exit, a mutex that is unlocked
// twice. One thing the Go runtime does not let anybody survive: goroutines that write a
// map at once, or write it and read it. Where a cell looks like it, it is warned of.
//
// The package keeps no front-end: a terminal, a file runner, an exporter each
// render the same events. One Kernel a process should be running a cell at a
// time, because the standard library's default logger and the host hook of
// package nb are process-wide; several kernels may exist.
package kernel
