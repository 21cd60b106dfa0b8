package simd

import (
	"fmt"
	"os"
	"strings"
)

// Env is the environment variable that forces a tier by its name.
const Env = "LOUPE_SIMD"

// known lists the names of all tiers of any machine, the slowest first.
var known = []string{"generic", "avx2", "avxvnni", "avx512"}

// All lists the tiers that this machine can run, the slowest first.
func All() []*Kernels { return tiers }

// Best is the fastest tier of this machine.
func Best() *Kernels { return tiers[len(tiers)-1] }

// Generic is the tier in plain Go.
func Generic() *Kernels { return &generic }

// Choose is the tier that LOUPE_SIMD names, or Best when it is empty. A name
// that does not exist, or that this machine cannot run, is an error.
func Choose() (*Kernels, error) { return choose(os.Getenv(Env)) }

func choose(name string) (*Kernels, error) {
	if name == "" {
		return Best(), nil
	}
	var have []string
	for _, k := range tiers {
		if k.Name == name {
			return k, nil
		}
		have = append(have, k.Name)
	}
	for _, n := range known {
		if n == name {
			return nil, fmt.Errorf("simd: %s=%s: this machine or build does not have that tier; it has %s", Env, name, strings.Join(have, ", "))
		}
	}
	return nil, fmt.Errorf("simd: %s=%s: there is no such tier; this machine has %s", Env, name, strings.Join(have, ", "))
}
