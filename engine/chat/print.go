package chat

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/ardanlabs/jinja"
)

func typeName(v value) string {
	switch {
	case v.IsNone():
		return "none"
	case v.IsBool():
		return "boolean"
	case v.IsInt():
		return "integer"
	case v.IsFloat():
		return "float"
	case v.IsString():
		return "string"
	case v.IsList():
		return "list"
	case v.IsDict():
		return "dict"
	case v.IsCallable():
		return "function"
	}
	return "undefined value"
}

// pyStr is Python's str(v), and "" for an undefined value.
func pyStr(v value) string {
	switch {
	case v.IsString():
		return v.AsString()
	case v.IsUndefined():
		return ""
	}
	return pyRepr(v)
}

// pyRepr is Python's repr(v).
func pyRepr(v value) string {
	switch {
	case v.IsNone():
		return "None"
	case v.IsBool() && v.AsBool():
		return "True"
	case v.IsBool():
		return "False"
	case v.IsInt():
		return strconv.FormatInt(v.AsInt(), 10)
	case v.IsFloat():
		return pyFloat(v.AsFloat())
	case v.IsString():
		return pyQuote(v.AsString())
	case v.IsUndefined():
		return "Undefined"
	}
	var b strings.Builder
	switch {
	case v.IsList():
		b.WriteByte('[')
		for i, x := range v.AsList().Items {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(pyRepr(x))
		}
		b.WriteByte(']')
	case v.IsDict():
		d := v.AsDict()
		b.WriteByte('{')
		for i, k := range d.Keys {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(pyQuote(k) + ": " + pyRepr(d.Data[k]))
		}
		b.WriteByte('}')
	default:
		return "<" + typeName(v) + ">"
	}
	return b.String()
}

func pyFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// pyQuote writes s as Python does: in single quotes unless only double ones
// spare an escape.
func pyQuote(s string) string {
	quote := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range s {
		switch {
		case r == quote || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == ' ' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteRune(quote)
	return b.String()
}

// toJSON is json.dumps(v, ensure_ascii=False), which is what transformers
// makes of the filter: nothing is escaped for HTML, keys keep their order.
func toJSON(a []value, kw kwargs) (value, error) {
	opt := newArgs(a, kw, "indent")
	for name, v := range kw {
		if name != "indent" && !(name == "ensure_ascii" && !v.IsTruthy()) {
			return a[0], fmt.Errorf("tojson with %s=%s is not supported", name, pyRepr(v))
		}
	}
	var b strings.Builder
	err := writeJSON(&b, a[0], min(max(opt.int(0, -1), -1), 100), 0)
	return jinja.NewString(b.String()), err
}

func writeJSON(b *strings.Builder, v value, indent, depth int) error {
	open := func(n int, bracket string) {
		if indent >= 0 && n > 0 {
			b.WriteString(bracket + "\n" + strings.Repeat(" ", indent*(depth+1)))
			return
		}
		b.WriteString(bracket)
	}
	next := func(i int) {
		if i > 0 && indent >= 0 {
			b.WriteString(",\n" + strings.Repeat(" ", indent*(depth+1)))
		} else if i > 0 {
			b.WriteString(", ")
		}
	}
	end := func(n int, bracket string) {
		if indent >= 0 && n > 0 {
			b.WriteString("\n" + strings.Repeat(" ", indent*depth))
		}
		b.WriteString(bracket)
	}
	switch {
	case v.IsNone():
		b.WriteString("null")
	case v.IsBool():
		b.WriteString(strconv.FormatBool(v.AsBool()))
	case v.IsInt(), v.IsFloat():
		b.WriteString(pyRepr(v))
	case v.IsString():
		quoteJSON(b, v.AsString())
	case v.IsList():
		l := v.AsList().Items
		open(len(l), "[")
		for i, x := range l {
			next(i)
			if err := writeJSON(b, x, indent, depth+1); err != nil {
				return err
			}
		}
		end(len(l), "]")
	case v.IsDict():
		d := v.AsDict()
		open(d.Len(), "{")
		for i, k := range d.Keys {
			next(i)
			quoteJSON(b, k)
			b.WriteString(": ")
			if err := writeJSON(b, d.Data[k], indent, depth+1); err != nil {
				return err
			}
		}
		end(d.Len(), "}")
	default:
		return fmt.Errorf("tojson of a %s", typeName(v))
	}
	return nil
}

func quoteJSON(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\b':
			b.WriteString(`\b`)
		case r == '\f':
			b.WriteString(`\f`)
		case r < 0x20:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}
