package export

import (
	"go/scanner"
	"go/token"
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
		return uncomment(src)
	}
	if kind == notebook.Code {
		src = dedent(src)
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

// uncomment is the text of the comments that src consists of.
func uncomment(src string) string {
	if t := strings.TrimSpace(src); strings.HasPrefix(t, "/*") && strings.HasSuffix(t, "*/") && len(t) >= 4 {
		return strings.TrimSpace(strings.ReplaceAll("\n"+t[2:len(t)-2], "\n\t", "\n"))
	}
	var lines []string
	for _, line := range strings.Split(src, "\n") {
		line = strings.TrimSpace(line)
		line = strings.TrimPrefix(line, "//")
		lines = append(lines, strings.TrimPrefix(line, " "))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// comment is text as line comments, each behind indent.
func comment(text, indent string) string {
	var b strings.Builder
	for _, line := range strings.Split(text, "\n") {
		b.WriteString(strings.TrimRight(indent+"// "+line, " ") + "\n")
	}
	return b.String()
}

// inner says for each line of src whether it begins inside a token: a raw
// string or a block comment whose bytes are not to be moved.
func inner(src string) map[int]bool {
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, []byte(src), func(token.Position, string) {}, scanner.ScanComments)
	m := map[int]bool{}
	for {
		pos, t, lit := s.Scan()
		if t == token.EOF {
			return m
		}
		if t != token.STRING && t != token.COMMENT {
			continue
		}
		line := file.Line(pos)
		for i := range strings.Count(lit, "\n") {
			m[line+i+1] = true
		}
	}
}

// dedent takes the one tab off that gofmt puts before the lines of main.
func dedent(src string) string {
	keep := inner(src)
	lines := strings.Split(src, "\n")
	for i, l := range lines {
		if !keep[i+1] {
			lines[i] = strings.TrimPrefix(l, "\t")
		}
	}
	return strings.Join(lines, "\n")
}

// indent is the way back from dedent.
func indent(src string) string {
	keep := inner(src)
	lines := strings.Split(src, "\n")
	for i, l := range lines {
		if !keep[i+1] && l != "" {
			lines[i] = "\t" + l
		}
	}
	return strings.Join(lines, "\n")
}
