// Package notebook splits a Go file into cells.
//
// A notebook is an ordinary package main. Comments "// %%" start cells: inside
// of main's own block they start cells of statements, between top-level
// declarations cells of declarations; "// %% [markdown]" starts a cell of
// comment text. Inside strings, block comments, nested blocks and
// declarations a marker is plain text.
package notebook
