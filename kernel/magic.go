package kernel

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"
	"unicode/utf8"
)

// magics are the commands of a cell that are not Go.
var magics = map[string]string{
	"%time":  "%time CODE      run CODE and say how long it took",
	"%who":   "%who            the variables of the session: type, bytes, value",
	"%reset": "%reset          forget everything that cells declared",
	"%run":   "%run FILE.go    run a notebook file; its variables stay",
	"%stop":  "%stop           end the goroutines that earlier cells left running",
	"%help":  "%help           this list",
}

func isMagic(src string) bool { return src[0] == '%' || src[0] == '?' }

// magic runs a cell that begins with % or ?.
func (k *Kernel) magic(ctx context.Context, c Cell, src string) *Error {
	fail := func(format string, args ...any) *Error {
		return &Error{Cell: c.name(), Line: max(c.Line, 1), Col: 1, Msg: fmt.Sprintf(format, args...), Source: lineOf(src, 1), Kind: Compile, ExitCode: 1}
	}
	if src[0] == '?' {
		name := strings.TrimSpace(strings.TrimPrefix(src, "?"))
		if name == "" {
			k.text1(help())
			return nil
		}
		d, ok := k.Doc(name)
		if !ok {
			return fail("no documentation of %s: it is neither a name of the session nor of a package", name)
		}
		k.text1(d.String())
		return nil
	}
	word, rest, _ := strings.Cut(src, " ")
	if i := strings.IndexByte(word, '\n'); i >= 0 {
		word, rest = word[:i], src[i:]
	}
	rest = strings.TrimSpace(rest)
	switch word {
	case "%time":
		if rest == "" {
			return fail("%%time needs code after it")
		}
		inner := c
		inner.Source = strings.Repeat(" ", strings.Index(c.Source, rest)) + rest
		if strings.Contains(c.Source[:strings.Index(c.Source, rest)], "\n") {
			inner.Source = strings.Replace(c.Source, word, strings.Repeat(" ", len(word)), 1)
		}
		start := time.Now()
		err := k.code(ctx, inner)
		k.out.event(Stats{Text: "wall " + duration(time.Since(start)), Data: time.Since(start)})
		return err
	case "%who":
		k.text1(whoTable(k.Vars()))
	case "%reset":
		k.resetSession()
	case "%run":
		if rest == "" {
			return fail("%%run needs a file")
		}
		return k.file(ctx, strings.Trim(rest, `"`))
	case "%stop":
		ended, left := k.stopBackground()
		text := fmt.Sprintf("%d goroutines ended", ended)
		switch {
		case ended+left == 0:
			text = "no goroutine runs"
		case ended == 1:
			text = "1 goroutine ended"
		}
		if left > 0 {
			text += fmt.Sprintf("; %d in a native call end when it returns", left)
		}
		k.text1(text)
	case "%help":
		k.text1(help())
	default:
		var names []string
		for n := range magics {
			names = append(names, n)
		}
		return fail("no command %s; nearest: %s", word, strings.Join(nearest(word, names, 2), ", "))
	}
	return nil
}

func (k *Kernel) text1(s string) {
	k.display(map[string]string{"text/plain": strings.TrimRight(s, "\n")}, false)
}

func help() string {
	var lines []string
	for _, l := range magics {
		lines = append(lines, l)
	}
	sort.Strings(lines)
	return strings.Join(append(lines, "?NAME           documentation of a package, a symbol, a method or a variable"), "\n")
}

func duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.0f µs", float64(d)/1e3)
	case d < time.Second:
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// whoTable is a table in text.
func whoTable(vars []Var) string {
	if len(vars) == 0 {
		return "no variables"
	}
	rows := [][]string{{"name", "type", "bytes", "value"}}
	for _, v := range vars {
		rows = append(rows, []string{v.Name, v.Type, bytesText(v.Bytes), v.Value})
	}
	width := make([]int, 4)
	for _, r := range rows {
		for i, s := range r {
			width[i] = max(width[i], utf8.RuneCountInString(s))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		for i, s := range r {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(s))
			switch i {
			case 2:
				b.WriteString(pad + s + "  ")
			case 3:
				b.WriteString(s)
			default:
				b.WriteString(s + pad + "  ")
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func bytesText(n int64) string {
	switch {
	case n < 0:
		return "?"
	case n < 10<<10:
		return fmt.Sprintf("%d B", n)
	case n < 10<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	case n < 10<<30:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}

// nearest are the n names with the smallest edit distance to word.
func nearest(word string, names []string, n int) []string {
	sort.Slice(names, func(i, j int) bool {
		a, b := distance(word, names[i]), distance(word, names[j])
		return a < b || a == b && names[i] < names[j]
	})
	return names[:min(n, len(names))]
}

func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := prev
			if a[i] != b[j] {
				cost++
			}
			prev = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
