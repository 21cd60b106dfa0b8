// Package template executes templates of text/template on values of cells.
//
// Templates are those of text/template: it parses them, keeps them and looks
// them up. What happens when one is executed is here, because it goes through
// reflection, and text/template has Go's: it would see the interpreter's
// values, without the methods of their types. Output and errors are the
// compiled program's.
package template
