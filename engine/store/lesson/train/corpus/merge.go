package corpus

import "strings"

// Merge is several summaries and the line that joins them.
type Merge struct {
	Lines  []string
	Answer string
}

// Merge draws n summaries to join.
func (s *Source) Merge(n int) Merge {
	var m Merge
	for range n {
		m.Lines = append(m.Lines, s.cast(s.pick(Animals)).Summary())
	}
	m.Answer = Joined(m.Lines)
	return m
}

// Joined is the line that joins summaries: their sentences with "and" between.
func Joined(lines []string) string {
	bare := make([]string, len(lines))
	for i, l := range lines {
		bare[i] = strings.TrimSuffix(l, ".")
	}
	return strings.Join(bare, " and ") + "."
}
