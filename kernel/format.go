package kernel

import (
	"fmt"
	"go/types"
	"io"
	"reflect"
	"strings"

	"loupe/kernel/display"
)

// fmtTable replaces the printing functions of fmt: they write to the output
// and know boxes.
func (m *machine) fmtTable(set func(string, any)) {
	out := func(w io.Writer, s string) (int, error) {
		switch {
		case w == nil, w == io.Writer(m.k.out.stdoutFile):
			m.k.out.write(false, s)
			return len(s), nil
		case w == io.Writer(m.k.out.stderrFile):
			m.k.out.write(true, s)
			return len(s), nil
		}
		return w.Write([]byte(s)) // never WriteString: fmt does not ask for it
	}
	set("Print", func(a ...any) (int, error) { return out(nil, sprint(a)) })
	set("Println", func(a ...any) (int, error) { return out(nil, fmt.Sprintln(a...)) })
	set("Printf", func(f string, a ...any) (int, error) { return out(nil, sprintf(f, a)) })
	set("Sprint", func(a ...any) string { return sprint(a) })
	set("Sprintf", func(f string, a ...any) string { return sprintf(f, a) })
	set("Fprint", func(w io.Writer, a ...any) (int, error) { return out(w, sprint(a)) })
	set("Fprintln", func(w io.Writer, a ...any) (int, error) { return out(w, fmt.Sprintln(a...)) })
	set("Fprintf", func(w io.Writer, f string, a ...any) (int, error) { return out(w, sprintf(f, a)) })
	set("Append", func(b []byte, a ...any) []byte { return append(b, sprint(a)...) })
	set("Appendf", func(b []byte, f string, a ...any) []byte { return append(b, sprintf(f, a)...) })
	set("Errorf", func(f string, a ...any) error {
		for i, x := range a {
			if b, ok := x.(box); ok {
				if _, ok := b.method("Error"); ok {
					a[i] = b.adapt(errorRT).Interface()
				}
			}
		}
		f, a = typeVerbs(f, a)
		return fmt.Errorf(f, a...)
	})
}

// sprint is fmt.Sprint, which puts a space between operands when neither is a
// string: a box of a string type is one.
func sprint(a []any) string {
	boxed := false
	for _, x := range a {
		if _, ok := x.(box); ok {
			boxed = true
		}
	}
	if !boxed {
		return fmt.Sprint(a...)
	}
	var b strings.Builder
	prev := false
	for i, x := range a {
		str := isString(x)
		if i > 0 && !str && !prev {
			b.WriteByte(' ')
		}
		fmt.Fprint(&b, x)
		prev = str
	}
	return b.String()
}

func isString(x any) bool {
	if b, ok := x.(box); ok {
		t, ok := b.t.typ.Underlying().(*types.Basic)
		return ok && t.Info()&types.IsString != 0
	}
	return x != nil && reflect.TypeOf(x).Kind() == reflect.String
}

func sprintf(f string, a []any) string {
	f, a = typeVerbs(f, a)
	return fmt.Sprintf(f, a...)
}

// typeVerbs answers %T for boxes, which fmt asks of reflection alone.
func typeVerbs(f string, a []any) (string, []any) {
	if !strings.Contains(f, "T") {
		return f, a
	}
	var b strings.Builder
	arg, copied := 0, false
	for i := 0; i < len(f); i++ {
		b.WriteByte(f[i])
		if f[i] != '%' {
			continue
		}
		for i++; i < len(f); i++ {
			c := f[i]
			if c == '*' {
				arg++
			}
			if strings.IndexByte("+-# 0123456789.*[]", c) >= 0 {
				b.WriteByte(c)
				continue
			}
			if c == 'T' && arg < len(a) {
				name := goTypeName(a[arg])
				if bx, ok := norm(a[arg]).(box); ok {
					name = display.TypeName(bx.t.typ)
				}
				if name != "" {
					if !copied {
						a, copied = append([]any(nil), a...), true
					}
					a[arg] = name
					c = 's'
				}
			}
			b.WriteByte(c)
			if c != '%' {
				arg++
			}
			break
		}
	}
	return b.String(), a
}
