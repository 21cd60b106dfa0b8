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
