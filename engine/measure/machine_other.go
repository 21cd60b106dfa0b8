//go:build !linux && !darwin

package measure

import "os"

// cpuModel is what Windows puts into every environment.
func cpuModel() string { return os.Getenv("PROCESSOR_IDENTIFIER") }

func lastLevelCache() int64 { return 0 }
func freeMemory() int64     { return 0 }
