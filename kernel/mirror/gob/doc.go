// Package gob is encoding/gob for cells: the same bytes and errors for values
// that encoding/gob would see in the interpreter's form, without the names of
// their types, which are on the wire, and without their methods.
//
// The format is the one that encoding/gob documents. Types have numbers there,
// in the order in which a program meets them: a [Session] counts for the
// cells of one session, as a program does for itself.
package gob
