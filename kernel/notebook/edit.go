package notebook

import (
	"go/scanner"
	"go/token"
	"strings"
)

// Text is a cell as a reader sees it: statements without the tab that gofmt puts
// before those of main, Markdown without the marks of its comments, and no blank
// lines at the ends.
func (c Cell) Text() string {
	src := strings.ReplaceAll(c.Source, "\r\n", "\n")
	switch c.Kind {
	case Code:
		src = Dedent(src)
	case Markdown:
		return Uncomment(src)
	}
	return strings.Trim(src, "\n \t")
}

// Uncomment is the text of the comments that src consists of.
func Uncomment(src string) string {
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

// Replace is the file's text with other statements in a code cell; everything
// else stays byte for byte.
func (f *File) Replace(c Cell, text string) string {
	body := strings.TrimRight(c.Source, " \t\r\n")
	return f.Source[:c.From] + "\n" + Indent(strings.Trim(text, "\n")) + c.Source[len(body):] + f.Source[c.To:]
}

// Insert is the file's text with a new code cell behind another one.
func (f *File) Insert(after Cell, title, text string) string {
	head, tail := "// %% "+title+"\n"+Indent(strings.Trim(text, "\n"))+"\n", "\n\t"
	if strings.HasPrefix(f.Source[after.To:], "}") {
		head, tail = "\n\t"+head, ""
	}
	return f.Source[:after.To] + head + tail + f.Source[after.To:]
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

// Dedent takes the one tab off that gofmt puts before the lines of main.
func Dedent(src string) string {
	keep := inner(src)
	lines := strings.Split(src, "\n")
	for i, l := range lines {
		if !keep[i+1] {
			lines[i] = strings.TrimPrefix(l, "\t")
		}
	}
	return strings.Join(lines, "\n")
}

// Indent is the way back from Dedent.
func Indent(src string) string {
	keep := inner(src)
	lines := strings.Split(src, "\n")
	for i, l := range lines {
		if !keep[i+1] && l != "" {
			lines[i] = "\t" + l
		}
	}
	return strings.Join(lines, "\n")
}
