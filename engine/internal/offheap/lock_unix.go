//go:build unix

package offheap

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Lock keeps b in memory: it is never swapped out, nor, if it is a map of a file,
// dropped. It ends with the map.
func Lock(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if err := unix.Mlock(b); err != nil {
		return fmt.Errorf("locking %d bytes in memory: %w; raise the limit of locked memory (ulimit -l)", len(b), err)
	}
	return nil
}
