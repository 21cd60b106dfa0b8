package measure

import (
	"fmt"
	"math"
	"strings"
	"time"

	"loupe/engine"
)

// BenchResult is a measured row.
type BenchResult struct {
	BenchTest
	ModelType string    // "llama 135M Q4_1"
	ModelSize int64     // bytes of the tensors
	Params    int64     // parameters
	Kernels   string    // tier of the compute kernels
	Time      time.Time // when the test began
	Samples   []time.Duration
	Memory    BenchMemory
	Profile   *engine.Profile // of one more repetition, if it was asked for
	// ReadRate is the machine's plain memory read rate with the same number of
	// threads, bytes a second; 0 when it was not measured.
	ReadRate float64
	// ReadBytes is what generating one token reads, on average over the test:
	// the weights, and the keys and values of the cells that it attends to. 0
	// for tests that read a prompt.
	ReadBytes float64
}

// BenchMemory is where the bytes of a test lie at its end, when they are most.
type BenchMemory struct {
	Weights int64 // mapped from the file
	Packed  int64 // of these, laid out anew for the kernels
	K, V    int64 // of the cells in use
	Scratch int64 // Go heap since before loading: buffers, vocabulary, everything else
	RSS     int64 // resident memory of the process; 0 where the system does not say
}

// PerSecond are the samples as tokens per second.
func (r BenchResult) PerSecond() []float64 {
	out := make([]float64, len(r.Samples))
	for i, d := range r.Samples {
		out[i] = float64(r.Prompt+r.Gen) / max(d, 1).Seconds()
	}
	return out
}

// Share is the part of the plain memory read rate that generating reached; NaN
// when it is not known.
func (r BenchResult) Share() float64 {
	if r.ReadRate == 0 || r.ReadBytes == 0 {
		return math.NaN()
	}
	ts, _ := MeanStddev(r.PerSecond())
	return r.ReadBytes * ts / r.ReadRate
}

func nanoseconds(samples []time.Duration) []float64 {
	out := make([]float64, len(samples))
	for i, d := range samples {
		out[i] = float64(d.Nanoseconds())
	}
	return out
}

// MeanStddev is the mean of x and the sample standard deviation, which is 0 for
// fewer than two values.
func MeanStddev(x []float64) (mean, stddev float64) {
	if len(x) == 0 {
		return 0, 0
	}
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	if len(x) == 1 {
		return mean, 0
	}
	for _, v := range x {
		stddev += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(stddev / float64(len(x)-1))
}

// modelType describes a model as llama.cpp does: architecture, size, type.
func modelType(s engine.Settings) string {
	size := fmt.Sprintf("%.0fM", float64(s.Parameters)/1e6)
	switch {
	case s.Parameters >= 999_500_000:
		size = fmt.Sprintf("%.1fB", float64(s.Parameters)/1e9)
	case s.Parameters < 10_000_000:
		size = fmt.Sprintf("%.1fM", float64(s.Parameters)/1e6)
	}
	return s.Architecture + " " + size + " " + strings.ToUpper(s.Quantisation)
}
