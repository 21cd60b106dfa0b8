// Package mirror is the package reflect of cells: reflection on values in the
// interpreter's form that knows their static types.
//
// The interpreter has no names and methods of types: a cell's struct is an
// anonymous one to Go's own reflection, a cell's named int is an int. So cells
// get the types [Type] and [Value] of this package where they write
// reflect.Type and reflect.Value. A Value is a value in the interpreter's form
// with its type as go/types knows it, and with what Go's reflection would
// forbid to do with it; it behaves, and panics, as the compiled program's.
// Values of types that Go knows are reflected by Go.
//
// What cells see is called reflect: that is the package's name here too, for
// %T prints it.
//
// The package knows neither the interpreter nor the kernel. What it must know
// of a session it asks its [World].
package reflect
