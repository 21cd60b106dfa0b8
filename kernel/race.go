//go:build race

package kernel

// raceEnabled: the race detector watches. Scripts then reach the kernel's line
// and stop flag by calls.
const raceEnabled = true
