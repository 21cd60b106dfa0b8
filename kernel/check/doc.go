// Package check type-checks cells with go/types, without a Go toolchain: the
// importable packages are declared by stdlib/symbols, and the objects of the
// session stand in the scope of package main. Errors have the Go compiler's
// text and the place in the cell or file.
//
// It does not run anything and knows no interpreter.
package check
