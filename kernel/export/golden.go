package export

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"loupe/kernel/notebook"
)

// Skip says whether the notebook file at path is marked //nb:skip as a whole,
// and the reason that stands behind it.
func Skip(path string) (reason string, ok bool) {
	src, err := os.ReadFile(path)
	if err != nil {
		return "", false
	}
	m := readMarks(string(src))
	return m.reason, m.skip
}

// marks are those on top of the file.
func (d *Document) marks() marks {
	if len(d.Cells) > 0 && d.Cells[0].Kind == notebook.Decls && d.Cells[0].Title == "" {
		return d.Cells[0].marks
	}
	return marks{}
}

// Golden is what the cells printed and showed, as text, cell by cell, with
// masks for what differs from run to run. Cells without output and those
// marked //nb:skip are not in it.
//
// It is an error if a cell failed that is not marked //nb:expect-error, if one
// that is marked did not, or if a mark is wrong. A mark on top of the file lets
// any cell fail, and the file be refused.
func (d *Document) Golden() (string, error) {
	file := d.marks()
	if file.bad != nil {
		return "", fmt.Errorf("%s: %w", d.Path, file.bad)
	}
	var b strings.Builder
	expected, failedAt := file.expectError, ""
	for _, c := range d.Cells {
		if c.marks.bad != nil {
			return "", fmt.Errorf("%s:%d: %w", d.Path, c.Line, c.marks.bad)
		}
		text := d.masked(c, c.golden(d.Path))
		for _, o := range c.Outputs {
			if o.Failed != nil {
				failedAt = c.Name()
				expected = expected || c.marks.expectError
			}
		}
		if c.marks.expectError && c.Ran && c.Number > 0 {
			return "", fmt.Errorf("%s:%d: //nb:expect-error: the cell %q ran without an error", d.Path, c.Line, c.Name())
		}
		if text != "" && !(c.marks.skip && c != d.Cells[0]) {
			name := "declarations"
			if c.Number > 0 {
				name = itoa(c.Number)
			}
			fmt.Fprintf(&b, "%%%% %s\n%s", strings.TrimSpace(name+" "+c.Title), text)
		}
	}
	switch {
	case d.Failed != nil && !expected:
		return "", fmt.Errorf("the cell %q failed: %w", failedAt, d.Failed)
	case d.Failed == nil && file.expectError:
		return "", fmt.Errorf("%s: //nb:expect-error: the notebook ran without an error", d.Path)
	}
	return b.String(), nil
}

// masked puts masks over what differs from run to run in the text of a cell. Its last
// line stays a line, also under a mask that takes all of it.
func (d *Document) masked(c *Cell, text string) string {
	ended := strings.HasSuffix(text, "\n")
	for _, list := range [][]mask{everywhere, d.marks().masks, c.marks.masks} {
		for _, m := range list {
			text = m.re.ReplaceAllString(text, m.as)
		}
	}
	if ended && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

// Compiled says how the standard output of the compiled program differs from
// that of the run, as a unified diff by cell; "" when it does not. Masks are over
// both. A cell marked //nb:skip is compared too: what another processor prints, or
// another version, does not matter here.
func (d *Document) Compiled(name, output string) string {
	rest := strings.SplitAfter(output, "\n")
	var want, got strings.Builder
	for i, c := range d.Cells {
		text := c.printed()
		lines := strings.Count(text, "\n")
		if i == len(d.Cells)-1 || !slices.ContainsFunc(d.Cells[i+1:], func(c *Cell) bool { return c.printed() != "" }) {
			lines = len(rest) // also what it should not print
		}
		lines = min(lines, len(rest))
		own := strings.Join(rest[:lines], "")
		rest = rest[lines:]
		if text == "" && own == "" {
			continue
		}
		title := strings.TrimSpace(fmt.Sprintf("%%%% %s", c.Name())) + "\n"
		got.WriteString(title + d.masked(c, text))
		want.WriteString(title + d.masked(c, own))
	}
	return Compare(name, want.String(), got.String())
}

// printed is the cell's standard output.
func (c *Cell) printed() string {
	var b strings.Builder
	for _, o := range c.Outputs {
		switch {
		case o.Data != nil:
			b.WriteString(o.Data["text/plain"] + "\n")
		case !o.Stderr && o.Failed == nil:
			b.WriteString(o.Text)
		}
	}
	return b.String()
}

// golden is the text that a cell printed and showed, ending with a newline.
func (c *Cell) golden(path string) string {
	var b strings.Builder
	for _, o := range c.Outputs {
		switch {
		case o.Failed != nil:
			if s := b.String(); s != "" && !strings.HasSuffix(s, "\n") {
				b.WriteByte('\n')
			}
			b.WriteString("error: " + strings.ReplaceAll(failureText(o.Failed), path, filepath.Base(path)) + "\n")
		case o.Data != nil:
			b.WriteString(o.Data["text/plain"] + "\n")
		case !o.Stderr:
			b.WriteString(o.Text)
		}
	}
	s := b.String()
	if s != "" && !strings.HasSuffix(s, "\n") {
		s += "\n"
	}
	return s
}

// Compare says how a run differs from a golden text, as a unified diff; "" when
// it does not. Where something is masked, the blanks and lines that align a
// table may differ too.
func Compare(name, want, got string) string {
	w, g := splitLines(want), splitLines(got)
	return diff(name, w, g, loose(w), loose(g))
}

func splitLines(s string) []string {
	list := strings.Split(s, "\n")
	if list[len(list)-1] == "" {
		list = list[:len(list)-1]
	}
	return list
}

// loose are lines without what a masked figure of another length changes: in
// each cell that has one, runs of blanks and of dashes count as one.
func loose(lines []string) []string {
	out := make([]string, len(lines))
	for i := 0; i < len(lines); {
		j, masked := i+1, false
		for j < len(lines) && !strings.HasPrefix(lines[j], "%% ") {
			masked = masked || strings.Contains(lines[j], "<") && anyMask.MatchString(lines[j])
			j++
		}
		for k := i; k < j; k++ {
			out[k] = lines[k]
			if masked {
				out[k] = strings.TrimSpace(runs.ReplaceAllString(anyMask.ReplaceAllString(lines[k], "$1"), "$1$2"))
			}
		}
		i = j
	}
	return out
}
