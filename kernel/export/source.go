package export

import (
	"path/filepath"
	"strconv"
	"strings"

	"loupe/kernel/notebook"
)

func itoa(n int) string { return strconv.Itoa(n) }

func base(path string) string {
	return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
}

// view is the text of a cell as a reader sees it.
func view(kind notebook.CellKind, src string) string {
	src = strings.ReplaceAll(src, "\r\n", "\n")
	if kind == notebook.Markdown {
		return notebook.Uncomment(src)
	}
	if kind == notebook.Code {
		src = notebook.Dedent(src)
	}
	return trimLines(src)
}

// trimLines cuts blank lines off both ends and blanks off the last line.
func trimLines(s string) string {
	for {
		line, rest, found := strings.Cut(s, "\n")
		if strings.TrimSpace(line) != "" || !found {
			break
		}
		s = rest
	}
	return strings.TrimRight(s, " \t\n")
}

// comment is text as line comments, each behind indent.
func comment(text, indent string) string {
	var b strings.Builder
	for _, line := range strings.Split(text, "\n") {
		b.WriteString(strings.TrimRight(indent+"// "+line, " ") + "\n")
	}
	return b.String()
}
