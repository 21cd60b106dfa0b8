//go:build unix

package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// tryLock takes f for this process alone, at once or not at all. The system lets
// go of it when the process ends, however it ends.
func tryLock(f *os.File) (bool, error) {
	for {
		switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err {
		case nil:
			return true, nil
		case unix.EWOULDBLOCK:
			return false, nil
		case unix.EINTR:
		default:
			return false, err
		}
	}
}
