package measure

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

func cpuModel() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	return procField(string(data), "model name")
}

// lastLevelCache is the size of the largest cache of the first processor, or 0.
func lastLevelCache() int64 {
	files, _ := filepath.Glob("/sys/devices/system/cpu/cpu0/cache/index*/size")
	var most int64
	for _, name := range files {
		data, _ := os.ReadFile(name)
		most = max(most, parseCacheSize(strings.TrimSpace(string(data))))
	}
	return most
}

// freeMemory is what may be taken without swapping, or 0.
func freeMemory() int64 {
	data, _ := os.ReadFile("/proc/meminfo")
	kilobytes, _, _ := strings.Cut(procField(string(data), "MemAvailable"), " ")
	n, _ := strconv.ParseInt(kilobytes, 10, 64)
	return n << 10
}

// procField finds "name : value" in a file of /proc.
func procField(text, name string) string {
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// parseCacheSize reads "266240K"; 0 when it is something else.
func parseCacheSize(s string) int64 {
	shift := 0
	switch {
	case strings.HasSuffix(s, "K"):
		shift = 10
	case strings.HasSuffix(s, "M"):
		shift = 20
	}
	n, err := strconv.ParseInt(strings.TrimRight(s, "KM"), 10, 32)
	if err != nil {
		return 0
	}
	return n << shift
}
