package measure

import (
	"fmt"
	"os"
)

// residentBytes is the resident memory of this process: anonymous pages, and
// those of mapped files that are in memory.
func residentBytes() int64 {
	data, err := os.ReadFile("/proc/self/statm") // proc_pid_statm(5): size resident ...
	if err != nil {
		return 0
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(data), &size, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}
