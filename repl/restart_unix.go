//go:build unix

package repl

import (
	"os"
	"syscall"
)

// restart puts a new run of the program, with the same arguments, in place of this one.
func restart() error {
	path, err := os.Executable()
	if err != nil {
		return err
	}
	return syscall.Exec(path, os.Args, os.Environ())
}
