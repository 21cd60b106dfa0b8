// Package symbols holds what scripts can import: for each package a table of
// its exported symbols for the interpreter, and its declarations as Go source
// with docs and without bodies, for the type checker, completion and ?name.
//
// Both are generated from the installed Go and from this module by gen; the
// list of packages is in gen/list.go. A table is built when a cell first
// imports its package, so that listing many packages costs no start-up time.
package symbols

//go:generate go run ./gen
