package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"loupe/engine"
	"loupe/repl"
)

// Exit statuses of every command. `loupe run` has the program's own status
// in place of exitFailed.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// usageError is wrong use of the command line, as opposed to work that failed.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// statusError ends the process with a status and prints nothing: what there is
// to say has been said.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// report prints err as one line, if it needs one, and returns the status to
// exit with.
func report(err error, stderr io.Writer) int {
	var status statusError
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, repl.ErrCellFailed):
		return exitFailed
	case errors.Is(err, repl.ErrInterrupted):
		return exitInterrupted
	case err == context.Canceled:
		fmt.Fprintln(stderr, "loupe: interrupted")
		return exitInterrupted
	}
	fmt.Fprintln(stderr, "loupe: "+strings.TrimRight(err.Error(), "\n"))
	if errors.Is(err, context.Canceled) { // with words of its own
		return exitInterrupted
	}
	var setting *engine.SettingError
	if errors.As(err, &setting) {
		return exitUsage
	}
	// cobra checks required flags itself and gives no type to tell them by.
	if errors.As(err, &usage) || strings.HasPrefix(err.Error(), "required flag(s)") {
		return exitUsage
	}
	return exitFailed
}
