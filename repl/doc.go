// Package repl is the terminal front-end of the kernel: it reads cells, hands
// them to a [kernel.Kernel] and renders the events that come back.
//
// On a terminal it edits with readline: several lines make one cell when
// go/parser says that the cell is complete, a paste stays one cell with its
// tabs, whole cells come back from the history file, names complete from their
// static types, and Ctrl-C stops the running cell and nothing else. When
// standard input or output is no terminal it reads cells the same way and
// prints their output alone, so that `loupe < cells.txt > out.txt` works in a
// script.
//
// It keeps no language: completeness, completion, documentation, %commands and
// every message of the compiler are the kernel's.
package repl
