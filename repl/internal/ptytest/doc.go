// Package ptytest drives a program on a real pseudo-terminal from a txtar
// script and checks what a person would see: a small emulator keeps the screen,
// so that redrawing, wrapping and erasing are tested and not the bytes that do
// them.
//
// The comment of the archive is the script, one step a line:
//
//	size 80 24         the terminal, before the program starts
//	args -m NAME       arguments of the program; $WORK is the folder of the files
//	type TEXT          types TEXT
//	enter TEXT         types TEXT and Enter
//	key NAME ...       presses keys: up, tab, ctrl-c, ...
//	paste FILE         pastes a file of the archive in brackets, as terminals do
//	resize 40 24       changes the size of the terminal
//	prompt TEXT        waits until TEXT is all that stands in the cursor's line
//	row TEXT           waits until a row is TEXT, blanks at its end left out
//	expect TEXT        waits until a row contains TEXT
//	gone TEXT          waits until no row contains TEXT
//	show FILE          waits until the rows, from the first that equals the
//	                   first line of the file on, are the lines of the file
//	rows N             waits until there are N rows, those that scrolled off included
//	column N           waits until the cursor is in column N, from 0
//	signal NAME        sends TERM or HUP
//	exit N             waits for the end of the program and its status
//	cooked             the terminal has its line mode back
//	file FILE NAME     the file at $WORK/FILE is the archive's NAME
//
// A step waits as long as waitLimit: time is never part of a check. A quoted
// TEXT is a Go string. Rows that scrolled off are rows too.
package ptytest
