//go:build !unix

package offheap

import "errors"

// Lock is not to be had here.
func Lock([]byte) error { return errors.New("locking memory is not supported on this system") }
