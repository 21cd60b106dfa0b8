//go:build unix

package jupyter

import (
	"os"

	"golang.org/x/sys/unix"
)

// pending is how many bytes wait in a pipe; known is false where the system
// does not tell.
func pending(r *os.File) (n int, known bool) {
	raw, err := r.SyscallConn()
	if err != nil {
		return 0, false
	}
	var ioctl error
	// Not r.Fd(), which would make reads block a thread.
	if err := raw.Control(func(fd uintptr) { n, ioctl = unix.IoctlGetInt(int(fd), fionread) }); err != nil || ioctl != nil {
		return 0, false
	}
	return n, true
}
