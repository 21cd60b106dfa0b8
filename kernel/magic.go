package kernel

import (
	"cmp"
	"context"
	"fmt"
	"go/types"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode/utf8"
)

// magics are the commands of a cell that are not Go.
var magics = map[string]string{
	"%time":    "%time CODE      run CODE and say how long it took",
	"%who":     "%who            the variables of the session: type, bytes, value",
	"%reset":   "%reset          forget everything that cells declared",
	"%run":     "%run FILE.go    run a notebook file; its variables stay",
	"%history": "%history        the cells that ran, with their numbers",
	"%rerun":   "%rerun N | stale run cell N again, or all cells whose values are stale",
	"%load":    "%load FILE.go   take a notebook file, to step through and edit",
	"%step":    "%step [N]       run its next cell, with the text before it, or the one of a number or title",
	"%save":    "%save [FILE.go] write the loaded notebook, or the cells, as a file that go run takes",
	"%params":  "%params FILE.go the parameters of a notebook file; %run FILE.go name=value sets them",
	"%type":    "%type EXPR      the type of an expression, which is not run",
	"%stop":    "%stop           end the goroutines that earlier cells left running",
	"%timeit":  "%timeit CODE    run CODE often and say what one run takes",
	"%doc":     "%doc NAME       what ?NAME says",
	"%help":    "%help           this list",
}

func isMagic(src string) bool { return src[0] == '%' || src[0] == '?' }

// magic runs a cell that begins with % or ?.
func (k *Kernel) magic(ctx context.Context, c Cell, src string) *Error {
	err := k.command(ctx, c, src)
	if err != nil {
		err.Msg = strings.TrimPrefix(err.Msg, "kernel: ") // which says nothing to a reader
	}
	return err
}

func (k *Kernel) command(ctx context.Context, c Cell, src string) *Error {
	fail := func(format string, args ...any) *Error {
		return &Error{Cell: c.name(), Line: max(c.Line, 1), Col: 1, Msg: fmt.Sprintf(format, args...), Source: lineOf(src, 1), Kind: Compile, ExitCode: 1}
	}
	if src[0] == '?' {
		return k.describe(strings.TrimPrefix(src, "?"), fail)
	}
	word, rest, _ := strings.Cut(src, " ")
	if i := strings.IndexByte(word, '\n'); i >= 0 {
		word, rest = word[:i], src[i:]
	}
	rest = strings.TrimSpace(rest)
	switch word {
	case "%who", "%reset", "%history", "%stop", "%help":
		if rest != "" { // nobody should wonder what became of it
			return fail("%s stands alone: nothing may follow it", word)
		}
	}
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
		inner.text = c.Source
		start := time.Now()
		err := k.code(ctx, inner)
		k.out.event(Stats{Text: "wall " + duration(time.Since(start)), Data: time.Since(start)})
		return err
	case "%who":
		k.text1(whoTable(k.vars(ctx), k.opt.Width))
	case "%reset":
		k.resetSession()
	case "%run":
		if rest == "" {
			return fail("%%run needs a file")
		}
		words := strings.Fields(rest)
		params, bad := paramsOf(words[1:])
		if bad != "" {
			return fail("%%run FILE.go takes name=value after the file, not %s", bad)
		}
		return k.file(ctx, strings.Trim(words[0], `"`), FileOptions{Params: params})
	case "%history":
		k.text1(k.history())
	case "%load":
		if rest == "" {
			return fail("%%load needs a file")
		}
		return k.load(ctx, strings.Trim(rest, `"`))
	case "%step":
		return k.step(ctx, rest)
	case "%save":
		if k.loaded != nil {
			text, err := k.saveLoaded(strings.Trim(rest, `"`))
			if err != nil {
				return fail("%v", err)
			}
			k.text1(text)
			return nil
		}
		if rest == "" {
			return fail("%%save needs a file")
		}
		text, err := k.save(strings.Trim(rest, `"`))
		if err != nil {
			return fail("%v", err)
		}
		k.text1(text)
	case "%params":
		if rest == "" {
			return fail("%%params needs a file")
		}
		text, e := k.listParams(strings.Trim(rest, `"`))
		if e != nil {
			return e
		}
		k.text1(text)
	case "%doc":
		return k.describe(rest, fail)
	case "%timeit":
		if rest == "" {
			return fail("%%timeit needs code after it")
		}
		return k.timeit(ctx, c, rest)
	case "%type":
		k.mu.Lock()
		t := k.typeOf("", rest)
		k.mu.Unlock()
		if t == nil {
			return fail("%%type needs an expression whose names are known")
		}
		k.text1(types.TypeString(t, k.qualify))
	case "%rerun":
		return k.rerun(ctx, rest, fail)
	case "%stop":
		ended, left := k.stopBackground()
		text := fmt.Sprintf("%d goroutines ended", ended)
		switch {
		case ended+left == 0:
			text = "no goroutine runs"
		case ended == 1:
			text = "1 goroutine ended"
		}
		switch {
		case left == 1:
			text += "; 1 in a native call ends when it returns"
		case left > 1:
			text += fmt.Sprintf("; %d in native calls end when they return", left)
		}
		k.text1(text)
	case "%help":
		k.text1(help())
	default:
		var names []string
		for n := range magics {
			names = append(names, n)
		}
		list := nearest(strings.ToLower(word), names, len(names))
		slices.SortStableFunc(list, func(a, b string) int { // a word that is not finished is nearest
			return cmp.Compare(btoi(strings.HasPrefix(b, word)), btoi(strings.HasPrefix(a, word)))
		})
		return fail("no command %s; nearest: %s; %%help lists them", word, strings.Join(list[:2], ", "))
	}
	return nil
}

// describe shows the documentation of a name, or after another ? its source.
func (k *Kernel) describe(name string, fail func(string, ...any) *Error) *Error {
	name, source := strings.CutPrefix(strings.TrimSpace(name), "?")
	name = strings.TrimSpace(name)
	if name == "" {
		k.text1(help())
		return nil
	}
	if text, ok := magics[name]; ok {
		k.text1(text)
		return nil
	}
	d, ok := k.Doc(name)
	if !ok {
		return fail("no documentation of %s: it is neither a name of the session nor of a package", name)
	}
	text := d.String()
	if source {
		text, _ = k.source(name)
	}
	k.text1(text)
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
	return strings.Join(append(lines, "?NAME           documentation of a package, a symbol, a method or a variable", "??NAME          its source"), "\n")
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
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
// width says how many columns there are, nil for as many as it takes.
func whoTable(vars []Var, width func() int) string {
	if len(vars) == 0 {
		return "no variables"
	}
	room := 1 << 20
	if width != nil {
		room = max(width()-1, 20)
	}
	rows := [][]string{{"name", "type", "bytes", "value"}}
	for _, v := range vars {
		value := v.Value
		if len(v.Parts) > 0 {
			var list []string
			for _, name := range slices.Sorted(maps.Keys(v.Parts)) {
				list = append(list, name+" "+bytesText(v.Parts[name]))
			}
			value = strings.Join(list, ", ")
		}
		if v.Stale {
			value = "(stale) " + value
		}
		rows = append(rows, []string{v.Name, v.Type, bytesText(v.Bytes), value})
	}
	cols := make([]int, 4)
	measure := func() (used int) {
		clear(cols)
		for _, r := range rows {
			for i, s := range r {
				cols[i] = max(cols[i], utf8.RuneCountInString(s))
			}
		}
		return cols[0] + cols[1] + cols[2] + 6
	}
	// Narrow terminals: first the value gives way, then type and name.
	shorten := func(col, least, value int) {
		if over := measure() + min(cols[3], value) - room; over > 0 {
			for _, r := range rows[1:] {
				r[col] = oneLine(r[col], max(cols[col]-over, least))
			}
		}
	}
	shorten(1, 8, 12)
	shorten(0, 8, 8)
	shorten(1, 4, 4)
	shorten(0, 4, 4)
	left := max(room-measure(), 4)
	for _, r := range rows {
		r[3] = oneLine(r[3], left)
	}
	var b strings.Builder
	for _, r := range rows {
		for i, s := range r {
			pad := strings.Repeat(" ", cols[i]-utf8.RuneCountInString(s))
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
