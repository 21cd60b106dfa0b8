package store

import (
	"sort"
	"strings"
)

// nearest picks up to three names that a person may have meant: those that begin
// with what was typed, and those at most a third of its letters away.
func nearest(typed string, names []string) []string {
	typed = strings.ToLower(strings.TrimSuffix(typed, ".gguf"))
	type candidate struct {
		name string
		dist int
	}
	var found []candidate
	for _, name := range names {
		low := strings.ToLower(name)
		d := distance(typed, low)
		if len(typed) >= 3 && strings.HasPrefix(low, typed) {
			d = 0
		}
		if d <= max(1, len(typed)/3) {
			found = append(found, candidate{name, d})
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].dist < found[j].dist })
	var out []string
	for _, c := range found[:min(3, len(found))] {
		out = append(out, c.name)
	}
	return out
}

// distance counts the insertions, deletions and substitutions of bytes, and
// swaps of two neighbours, that turn a into b (optimal string alignment).
func distance(a, b string) int {
	var before, prev, cur []int // rows i-2, i-1 and i of the table, [len(b)+1]
	prev = make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur = make([]int, len(b)+1)
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			subst := prev[j-1]
			if a[i-1] != b[j-1] {
				subst++
			}
			cur[j] = min(subst, prev[j]+1, cur[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev = prev, cur
	}
	return prev[len(b)]
}
