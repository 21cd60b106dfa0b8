package kernel

import (
	"os"
	"strconv"
	"strings"
)

// systemMemory is what the machine, and the control group that the process is
// in, have left.
func systemMemory() uint64 {
	var free uint64
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(info), "\n") {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "MemAvailable:" {
			kib, _ := strconv.ParseUint(f[1], 10, 64)
			free = kib << 10
		}
	}
	limit := fileNumber("/sys/fs/cgroup/memory.max")
	if used := fileNumber("/sys/fs/cgroup/memory.current"); limit > used {
		free = min(free, limit-used)
	}
	return free
}

// fileNumber is the number in a file, 0 if there is none.
func fileNumber(path string) uint64 {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
	return n
}
