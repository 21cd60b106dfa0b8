package export

import (
	"fmt"
	"regexp"
	"strings"
)

// marks are the //nb: lines among the comments on top of a cell, or on top of
// the file for all cells. They are for comparing runs.
type marks struct {
	skip        bool   // nothing of it is compared
	reason      string // why, for the reader
	expectError bool   // it must fail
	masks       []mask
	bad         error
}

func readMarks(src string) (m marks) {
	for _, line := range strings.Split(src, "\n") {
		line = strings.TrimSpace(line)
		text, ok := strings.CutPrefix(line, "//nb:")
		if !ok {
			if line != "" && !strings.HasPrefix(line, "//") {
				break
			}
			continue
		}
		name, arg, _ := strings.Cut(text, " ")
		arg = strings.TrimSpace(arg)
		switch name {
		case "skip":
			m.skip, m.reason = true, arg
		case "expect-error":
			m.expectError = true
		case "mask":
			if named, ok := namedMasks[arg]; ok {
				m.masks = append(m.masks, named...)
				continue
			}
			re, err := regexp.Compile(arg)
			if err == nil && (arg == "" || re.MatchString("")) {
				err = fmt.Errorf("it matches nothing at all, which stands everywhere")
			}
			if err != nil {
				m.bad = fmt.Errorf("//nb:mask %s: %w", arg, err)
				continue
			}
			m.masks = append(m.masks, mask{re, "<masked>"})
		}
	}
	return m
}

// withoutMarks is source as a page shows it: what the marks say is for comparing runs,
// not for its readers.
func withoutMarks(src string) string {
	var out []string
	top := true
	for _, line := range strings.Split(src, "\n") {
		text := strings.TrimSpace(line)
		top = top && (text == "" || strings.HasPrefix(text, "//"))
		name, _, _ := strings.Cut(text, " ")
		if top && (name == "//nb:mask" || name == "//nb:skip" || name == "//nb:expect-error") {
			continue
		}
		out = append(out, line)
	}
	return trimLines(strings.Join(out, "\n"))
}
