package export

import (
	"fmt"
	"strings"
)

const (
	contextLines = 3
	// tableLimit bounds the table of common lines: texts that differ in more
	// are told as removed and added whole.
	tableLimit = 1 << 22
)

// diff is a unified diff of the lines a and b, which are compared by their keys.
func diff(name string, a, b, keyA, keyB []string) string {
	type edit struct {
		sign byte
		text string
	}
	lo := 0
	for lo < len(a) && lo < len(b) && keyA[lo] == keyB[lo] {
		lo++
	}
	hiA, hiB := len(a), len(b)
	for hiA > lo && hiB > lo && keyA[hiA-1] == keyB[hiB-1] {
		hiA, hiB = hiA-1, hiB-1
	}
	if lo == hiA && lo == hiB {
		return ""
	}
	var edits []edit
	for _, l := range a[:lo] {
		edits = append(edits, edit{' ', l})
	}
	n, m := hiA-lo, hiB-lo
	var common []int32 // [n+1, m+1]: longest common subsequence of the rests
	if (n+1)*(m+1) <= tableLimit {
		common = make([]int32, (n+1)*(m+1))
		for i := n - 1; i >= 0; i-- {
			for j := m - 1; j >= 0; j-- {
				if keyA[lo+i] == keyB[lo+j] {
					common[i*(m+1)+j] = common[(i+1)*(m+1)+j+1] + 1
				} else {
					common[i*(m+1)+j] = max(common[(i+1)*(m+1)+j], common[i*(m+1)+j+1])
				}
			}
		}
	}
	for i, j := 0, 0; i < n || j < m; {
		switch {
		case common != nil && i < n && j < m && keyA[lo+i] == keyB[lo+j]:
			edits = append(edits, edit{' ', a[lo+i]})
			i, j = i+1, j+1
		case i < n && (j == m || common == nil || common[(i+1)*(m+1)+j] >= common[i*(m+1)+j+1]):
			edits = append(edits, edit{'-', a[lo+i]})
			i++
		default:
			edits = append(edits, edit{'+', b[lo+j]})
			j++
		}
	}
	for _, l := range a[hiA:] {
		edits = append(edits, edit{' ', l})
	}

	near := make([]bool, len(edits)) // to a change, so to be shown
	for i, e := range edits {
		if e.sign != ' ' {
			for k := max(0, i-contextLines); k <= min(len(edits)-1, i+contextLines); k++ {
				near[k] = true
			}
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ this run\n", name)
	lineA, lineB := 1, 1
	for i := 0; i < len(edits); {
		if !near[i] {
			i, lineA, lineB = i+1, lineA+1, lineB+1
			continue
		}
		var hunk strings.Builder
		inA, inB := 0, 0
		for ; i < len(edits) && near[i]; i++ {
			e := edits[i]
			if e.sign != '+' {
				inA++
			}
			if e.sign != '-' {
				inB++
			}
			fmt.Fprintf(&hunk, "%c%s\n", e.sign, e.text)
		}
		fmt.Fprintf(&out, "@@ -%d,%d +%d,%d @@\n%s", lineA, inA, lineB, inB, hunk.String())
		lineA, lineB = lineA+inA, lineB+inB
	}
	return out.String()
}
