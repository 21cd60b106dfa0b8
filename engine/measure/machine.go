package measure

import "runtime"

// CPUInfo is the processor's name, as the system gives it.
func CPUInfo() string {
	if name := cpuModel(); name != "" {
		return name
	}
	return runtime.GOARCH
}
