package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"sort"
	"strings"

	"loupe/engine/measure"
)

// print writes the table and what one has to know to read it.
func (c *comparison) print(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| test | threads | K/V | llama.cpp, FA off | llama.cpp, FA on | Loupe | Loupe / llama.cpp |\n")
	b.WriteString("|---|---|---|---|---|---|---|\n")
	for _, g := range c.groups {
		for _, t := range g.tests {
			rates := func(s side) []float64 { return c.rates[cell{t, g.threads, g.cache, s}] }
			off, on, our := rates(llamaOff), rates(llamaOn), rates(ours)
			ratio := "-"
			if best := max(median(off), median(on)); best > 0 && len(our) > 0 {
				ratio = fmt.Sprintf("**%.2f**", median(our)/best)
			}
			fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %s | %s |\n", t, g.threads, g.cache, shown(off), shown(on), shown(our), ratio)
		}
	}
	fmt.Fprintf(&b, "\nTokens per second: median (least to most). Rounds: %d.\n", c.rounds)
	llama := c.last[llamaOff]
	if llama.Commit == "" {
		llama = c.last[llamaOn]
	}
	fmt.Fprintf(&b, "\n- model: %s, %s\n", fileName(c.model), c.last[ours].Type)
	fmt.Fprintf(&b, "- machine: %s, %d processors, %s/%s\n", measure.CPUInfo(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	for _, n := range sortedKeys(c.reads) {
		fmt.Fprintf(&b, "- memory, plain reads with t=%d: %.1f GB/s\n", n, median(c.reads[n])/1e9)
	}
	fmt.Fprintf(&b, "- llama.cpp: %s (%d)\n", llama.Commit, llama.Number)
	fmt.Fprintf(&b, "- Loupe: %s, kernels %s, %s\n", c.last[ours].Commit, c.last[ours].Kernels, runtime.Version())
	for _, k := range sortedKeys(c.broken) {
		fmt.Fprintf(&b, "- failed: %s\n", c.broken[k])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func sortedKeys[K int | string, V any](m map[K]V) []K {
	var keys []K
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// fileName is the model's file without its folder.
func fileName(path string) string { return path[strings.LastIndexAny(path, `/\`)+1:] }

// shown is the median and the range of rates.
func shown(x []float64) string {
	if len(x) == 0 {
		return "-"
	}
	if len(x) == 1 {
		return rate(x[0])
	}
	return fmt.Sprintf("%s (%s to %s)", rate(median(x)), rate(slices.Min(x)), rate(slices.Max(x)))
}

func rate(x float64) string {
	if x < 100 {
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

// median is 0 for no values.
func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	s := slices.Clone(x)
	sort.Float64s(s)
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
