//go:build !linux

package measure

// residentBytes is 0: not known here.
func residentBytes() int64 { return 0 }
