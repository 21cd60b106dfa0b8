package measure

import "golang.org/x/sys/unix"

func cpuModel() string {
	name, _ := unix.Sysctl("machdep.cpu.brand_string")
	return name
}

// lastLevelCache is the size of the largest cache that the system tells of, or 0.
func lastLevelCache() int64 {
	var most uint64
	for _, name := range []string{"hw.l3cachesize", "hw.perflevel0.l2cachesize", "hw.l2cachesize"} {
		if n, err := unix.SysctlUint64(name); err == nil {
			most = max(most, n)
		}
	}
	return int64(most)
}

// freeMemory is half of the machine's memory: the system does not say in one
// figure what is free.
func freeMemory() int64 {
	n, _ := unix.SysctlUint64("hw.memsize")
	return int64(n / 2)
}
