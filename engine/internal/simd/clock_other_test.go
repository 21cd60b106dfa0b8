//go:build !linux

package simd

import "time"

var start = time.Now()

func threadTime() time.Duration { return time.Since(start) }
