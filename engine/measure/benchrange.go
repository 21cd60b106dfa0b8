package measure

import (
	"fmt"
	"strconv"
	"strings"
)

// Bounds of a range: far above any use, and far below what would hang.
const (
	maxRangeValue  = 1 << 30
	maxRangeLength = 10000
)

// ParseRange reads a list of numbers as llama-bench does: numbers and ranges
// with commas between, where a range is first-last, first-last+step or
// first-last*factor; "16-64*2,100" is 16 32 64 100. Unlike llama-bench it
// refuses a range that holds nothing, such as 5-1, and an empty place.
func ParseRange(s string) ([]int, error) {
	var out []int
	for _, part := range strings.Split(s, ",") {
		var err error
		if out, err = appendRange(out, part); err != nil {
			return nil, fmt.Errorf("measure: %q in %q: %w; write numbers, first-last, first-last+step or first-last*factor, with commas between", part, s, err)
		}
	}
	return out, nil
}

func appendRange(out []int, part string) ([]int, error) {
	head, tail, isRange := strings.Cut(part, "-")
	first, err := parseCount(head)
	if err != nil || !isRange {
		return append(out, first), err
	}
	op, step := byte('+'), 1
	end := tail
	if at := strings.IndexAny(tail, "+*"); at >= 0 {
		op, end = tail[at], tail[:at]
		if step, err = parseCount(tail[at+1:]); err != nil {
			return nil, err
		}
	}
	last, err := parseCount(end)
	switch {
	case err != nil:
		return nil, err
	case last < first:
		return nil, fmt.Errorf("%d is below %d, so the range holds nothing", last, first)
	case op == '+' && step == 0:
		return nil, fmt.Errorf("a step of 0 never ends")
	case op == '*' && (step < 2 || first == 0):
		return nil, fmt.Errorf("%d times %d never grows", first, step)
	}
	for i := first; i <= last; {
		if len(out) == maxRangeLength {
			return nil, fmt.Errorf("more than %d numbers", maxRangeLength)
		}
		out = append(out, i)
		if op == '+' {
			i += step
		} else {
			i *= step
		}
	}
	return out, nil
}

// parseCount reads a number of digits alone.
func parseCount(s string) (int, error) {
	if s == "" {
		return 0, fmt.Errorf("a number is missing")
	}
	if strings.Trim(s, "0123456789") != "" {
		return 0, fmt.Errorf("%q is no number", s)
	}
	n, err := strconv.Atoi(s)
	if err != nil || n > maxRangeValue {
		return 0, fmt.Errorf("%s is above %d", s, maxRangeValue)
	}
	return n, nil
}
