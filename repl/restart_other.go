//go:build !unix

package repl

import "errors"

// restart would put a new run of the program in place of this one.
func restart() error { return errors.New("not on this system; start loupe again") }
