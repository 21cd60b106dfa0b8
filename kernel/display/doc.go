// Package display turns values into what a reader sees: text that fmt would
// print if the program were compiled, and the forms that a value has itself.
//
// A value of a script type has no name and no methods in reflection. So values
// are walked together with their static types, and methods are asked of the
// kernel.
package display
