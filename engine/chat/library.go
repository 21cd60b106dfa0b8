package chat

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"

	"github.com/ardanlabs/jinja"
)

type (
	value  = jinja.Value
	kwargs = map[string]jinja.Value
)

// call is a method or a filter: args[0] is what stands before the dot or bar.
type call func(args []value, kw kwargs) (value, error)

// library holds the methods of Python's strings and dicts ("m_") and those
// filters of Jinja2 that the evaluator lacks or takes another way, under the
// names that rewriting gives them.
var library map[string]call

func init() {
	byName := map[string]call{
		"attribute": attribute,
		"item":      item,
		"multiply":  multiply,
		"term":      term,
		"pairs":     eachPair,
		"each":      func(a []value, kw kwargs) (value, error) { l, err := iterate(a[0]); return jinja.NewList(l), err },

		"m_strip":        text(func(s string, a args) (value, error) { return str(strip(s, a, true, true)) }),
		"m_lstrip":       text(func(s string, a args) (value, error) { return str(strip(s, a, true, false)) }),
		"m_rstrip":       text(func(s string, a args) (value, error) { return str(strip(s, a, false, true)) }),
		"m_split":        text(split),
		"m_rsplit":       text(split),
		"m_splitlines":   text(func(s string, a args) (value, error) { return strs(splitLines(s)) }),
		"m_startswith":   text(func(s string, a args) (value, error) { return affix(s, a, strings.HasPrefix) }),
		"m_endswith":     text(func(s string, a args) (value, error) { return affix(s, a, strings.HasSuffix) }),
		"m_removeprefix": text(func(s string, a args) (value, error) { return str(strings.TrimPrefix(s, a.text(0))) }),
		"m_removesuffix": text(func(s string, a args) (value, error) { return str(strings.TrimSuffix(s, a.text(0))) }),
		"m_replace":      text(replace),
		"m_upper":        text(func(s string, a args) (value, error) { return str(strings.ToUpper(s)) }),
		"m_lower":        text(func(s string, a args) (value, error) { return str(strings.ToLower(s)) }),
		"m_count":        text(func(s string, a args) (value, error) { return jinja.NewInt(int64(strings.Count(s, a.text(0)))), nil }),
		"m_find":         text(find),
		"m_join":         text(func(s string, a args) (value, error) { return join([]value{a.at(0), jinja.NewString(s)}, nil) }),
		"m_format":       format,
		"m_isdigit": text(func(s string, a args) (value, error) {
			return all(s, func(r rune) bool { return r >= '0' && r <= '9' })
		}),
		"m_isspace": text(func(s string, a args) (value, error) { return all(s, isSpace) }),
		"m_items":   dict(func(d *jinja.Dict, a args) (value, error) { return jinja.NewList(pairs(d)), nil }),
		"m_keys":    dict(func(d *jinja.Dict, a args) (value, error) { return strs(d.Keys) }),
		"m_values":  dict(values),
		"m_get":     dict(get),

		"tojson":  toJSON,
		"default": orDefault,
		"d":       orDefault,
		"trim": func(a []value, kw kwargs) (value, error) {
			return str(strip(pyStr(a[0]), newArgs(a, kw, "chars"), true, true))
		},
		"string":     func(a []value, kw kwargs) (value, error) { return str(pyStr(a[0])) },
		"upper":      func(a []value, kw kwargs) (value, error) { return str(strings.ToUpper(pyStr(a[0]))) },
		"lower":      func(a []value, kw kwargs) (value, error) { return str(strings.ToLower(pyStr(a[0]))) },
		"list":       func(a []value, kw kwargs) (value, error) { l, err := iterate(a[0]); return jinja.NewList(l), err },
		"length":     length,
		"count":      length,
		"first":      func(a []value, kw kwargs) (value, error) { return end(a[0], func(n int) int { return 0 }) },
		"last":       func(a []value, kw kwargs) (value, error) { return end(a[0], func(n int) int { return n - 1 }) },
		"join":       join,
		"indent":     indent,
		"map":        mapFilter,
		"sort":       sortFilter,
		"dictsort":   dictSort,
		"select":     choose(false, true),
		"reject":     choose(false, false),
		"selectattr": choose(true, true),
		"rejectattr": choose(true, false),
	}
	library = make(map[string]call, len(byName))
	for name, f := range byName {
		library[prefix+name] = f
	}
	// The sandbox of Jinja2 lets no template change a list or a dict.
	for _, name := range []string{"append", "extend", "insert", "remove", "pop", "popitem", "clear", "update", "setdefault", "sort", "reverse"} {
		library[prefix+"m_"+name] = func(a []value, kw kwargs) (value, error) {
			return jinja.Undefined(), fmt.Errorf("access to attribute '%s' of a %s is unsafe: templates may not change values", name, typeName(a[0]))
		}
	}
}

// args are a call's arguments after the first, by position or by name.
type args struct {
	list  []value
	kw    kwargs
	names []string
}

func newArgs(list []value, kw kwargs, names ...string) args { return args{list[1:], kw, names} }

// at is argument i, undefined when it is not given.
func (a args) at(i int) value {
	if i < len(a.list) {
		return a.list[i]
	}
	if i < len(a.names) {
		return a.kw[a.names[i]]
	}
	return jinja.Undefined()
}

func (a args) text(i int) string { return pyStr(a.at(i)) }

// int is argument i, or def when it is not given.
func (a args) int(i, def int) int {
	switch v := a.at(i); {
	case v.IsInt():
		return int(max(min(v.AsInt(), math.MaxInt32), math.MinInt32))
	case v.IsBool() && v.AsBool():
		return 1
	case v.IsBool():
		return 0
	}
	return def
}

func str(s string) (value, error) { return jinja.NewString(s), nil }

func strs(list []string) (value, error) {
	l := make([]value, len(list))
	for i, s := range list {
		l[i] = jinja.NewString(s)
	}
	return jinja.NewList(l), nil
}

func text(f func(s string, a args) (value, error)) call {
	return func(a []value, kw kwargs) (value, error) {
		if !a[0].IsString() {
			return jinja.Undefined(), fmt.Errorf("a method of strings is called on a %s", typeName(a[0]))
		}
		return f(a[0].AsString(), newArgs(a, kw))
	}
}

func dict(f func(d *jinja.Dict, a args) (value, error)) call {
	return func(a []value, kw kwargs) (value, error) {
		if !a[0].IsDict() {
			return jinja.Undefined(), fmt.Errorf("a method of dicts is called on a %s", typeName(a[0]))
		}
		return f(a[0].AsDict(), newArgs(a, kw))
	}
}

// attribute is v.name. As in Jinja2, only an undefined value has none at all.
func attribute(a []value, kw kwargs) (value, error) {
	if a[0].IsUndefined() {
		return a[0], fmt.Errorf("attribute %s of an undefined value", pyRepr(a[1]))
	}
	if a[0].IsDict() {
		v, _ := a[0].AsDict().Get(pyStr(a[1]))
		return v, nil
	}
	return jinja.Undefined(), nil
}

// item is v[key].
func item(a []value, kw kwargs) (value, error) {
	v, key := a[0], a[1]
	switch {
	case v.IsUndefined():
		return v, fmt.Errorf("item %s of an undefined value", pyRepr(key))
	case v.IsDict() && key.IsString():
		got, _ := v.AsDict().Get(key.AsString())
		return got, nil
	case (v.IsList() || v.IsString()) && (key.IsInt() || key.IsBool()):
		l, err := iterate(v)
		i := newArgs(a, nil).int(0, 0)
		if i < 0 {
			i += len(l)
		}
		if i < 0 || i >= len(l) {
			return jinja.Undefined(), err
		}
		return l[i], err
	}
	return jinja.Undefined(), nil
}

// multiply is a * b. A text or a list may not grow beyond what may be printed.
func multiply(a []value, kw kwargs) (value, error) {
	x, y := a[0], a[1]
	if x.IsInt() && (y.IsString() || y.IsList()) {
		x, y = y, x
	}
	size := 0
	switch {
	case x.IsNumber() && y.IsNumber() && (x.IsFloat() || y.IsFloat()):
		return jinja.NewFloat(number(x) * number(y)), nil
	case x.IsInt() && y.IsInt():
		p := x.AsInt() * y.AsInt()
		if x.AsInt() != 0 && (p/x.AsInt() != y.AsInt() || x.AsInt() == -1 && y.AsInt() == math.MinInt64) {
			return x, fmt.Errorf("the product of %d and %d exceeds 64 bits", x.AsInt(), y.AsInt())
		}
		return jinja.NewInt(p), nil
	case x.IsString():
		size = len(x.AsString())
	case x.IsList():
		size = x.AsList().Len() * 16
	}
	if !y.IsInt() || !x.IsString() && !x.IsList() {
		return x, fmt.Errorf("a multiplication of a %s and a %s", typeName(a[0]), typeName(a[1]))
	}
	n := max(y.AsInt(), 0)
	if size > 0 && n > int64(maxOutput/size) {
		return x, fmt.Errorf("a %s repeated %d times has more than %d MiB", typeName(x), n, maxOutput>>20)
	}
	if size == 0 {
		n = 0 // of nothing, any number is nothing
	}
	if x.IsString() {
		return str(strings.Repeat(x.AsString(), int(n)))
	}
	l := make([]value, 0, x.AsList().Len()*int(n))
	for range n {
		l = append(l, x.AsList().Items...)
	}
	return jinja.NewList(l), nil
}

// term guards an operand of +, which the evaluator would take for "" or 0.
func term(a []value, kw kwargs) (value, error) {
	if a[0].IsUndefined() || a[0].IsNone() {
		return a[0], fmt.Errorf("an addition with a %s", strings.Replace(typeName(a[0]), "none", "none value", 1))
	}
	return a[0], nil
}

// eachPair is what a loop with two variables runs over.
func eachPair(a []value, kw kwargs) (value, error) {
	l, err := iterate(a[0])
	for _, v := range l {
		if !v.IsList() || v.AsList().Len() != 2 {
			return v, fmt.Errorf("a loop over pairs meets a %s that is no pair", typeName(v))
		}
	}
	return jinja.NewList(l), err
}

func strip(s string, a args, left, right bool) string {
	cut := isSpace
	if v := a.at(0); v.IsString() {
		cut = func(r rune) bool { return strings.ContainsRune(v.AsString(), r) }
	}
	if left {
		s = strings.TrimLeftFunc(s, cut)
	}
	if right {
		s = strings.TrimRightFunc(s, cut)
	}
	return s
}

func split(s string, a args) (value, error) {
	a.names = []string{"sep", "maxsplit"}
	most := a.int(1, -1)
	if sep := a.at(0); sep.IsString() {
		if sep.AsString() == "" {
			return sep, fmt.Errorf("split by an empty separator")
		}
		if most < 0 {
			return strs(strings.Split(s, sep.AsString()))
		}
		return strs(strings.SplitN(s, sep.AsString(), most+1))
	}
	if most >= 0 {
		return jinja.Undefined(), fmt.Errorf("split by white space with a limit is not supported")
	}
	return strs(strings.FieldsFunc(s, isSpace))
}

func splitLines(s string) []string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\x1c", "\n", "\x1d", "\n", "\x1e", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(s)
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

func affix(s string, a args, has func(s, affix string) bool) (value, error) {
	l := []value{a.at(0)}
	if l[0].IsList() { // a tuple: any of them
		l = l[0].AsList().Items
	}
	for _, v := range l {
		if !v.IsString() {
			return v, fmt.Errorf("startswith or endswith with a %s", typeName(v))
		}
		if has(s, v.AsString()) {
			return jinja.NewBool(true), nil
		}
	}
	return jinja.NewBool(false), nil
}

func replace(s string, a args) (value, error) {
	if !a.at(0).IsString() || !a.at(1).IsString() {
		return jinja.Undefined(), fmt.Errorf("replace needs two strings, not a %s and a %s", typeName(a.at(0)), typeName(a.at(1)))
	}
	a.names = []string{"old", "new", "count"}
	return str(strings.Replace(s, a.text(0), a.text(1), a.int(2, -1)))
}

func find(s string, a args) (value, error) {
	i := strings.Index(s, a.text(0))
	if i > 0 {
		i = len([]rune(s[:i]))
	}
	return jinja.NewInt(int64(i)), nil
}

func all(s string, is func(rune) bool) (value, error) {
	return jinja.NewBool(s != "" && strings.TrimFunc(s, is) == "" && strings.IndexFunc(s, func(r rune) bool { return !is(r) }) < 0), nil
}

// format is str.format for plain fields: {}, {0} and {name}.
func format(a []value, kw kwargs) (value, error) {
	if !a[0].IsString() {
		return jinja.Undefined(), fmt.Errorf("a method of strings is called on a %s", typeName(a[0]))
	}
	s, list := a[0].AsString(), a[1:]
	var b strings.Builder
	for next := 0; s != ""; {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		if strings.HasPrefix(s[i+1:], s[i:i+1]) {
			b.WriteByte(s[i])
			s = s[i+2:]
			continue
		}
		field, rest, ok := strings.Cut(s[i+1:], "}")
		if s[i] == '}' || !ok {
			return a[0], fmt.Errorf("format: a single %c", s[i])
		}
		s = rest
		if v, ok := kw[field]; ok {
			b.WriteString(pyStr(v))
			continue
		}
		n, err := strconv.Atoi(field)
		if field == "" {
			n, err = next, nil
			next++
		}
		if err != nil || n < 0 || n >= len(list) {
			return a[0], fmt.Errorf("format: no value for {%s}; only {}, {number} and {name} are supported", field)
		}
		b.WriteString(pyStr(list[n]))
	}
	return str(b.String())
}

func pairs(d *jinja.Dict) []value {
	l := make([]value, d.Len())
	for i, k := range d.Keys {
		l[i] = jinja.NewList([]value{jinja.NewString(k), d.Data[k]})
	}
	return l
}

func values(d *jinja.Dict, a args) (value, error) {
	l := make([]value, d.Len())
	for i, k := range d.Keys {
		l[i] = d.Data[k]
	}
	return jinja.NewList(l), nil
}

func get(d *jinja.Dict, a args) (value, error) {
	if v, ok := d.Get(a.text(0)); ok {
		return v, nil
	}
	if len(a.list) > 1 {
		return a.list[1], nil
	}
	return jinja.None(), nil
}

// iterate is what Python's for takes from v.
func iterate(v value) ([]value, error) {
	switch {
	case v.IsList():
		return v.AsList().Items, nil
	case v.IsDict():
		keys, err := strs(v.AsDict().Keys)
		return keys.AsList().Items, err
	case v.IsString():
		var l []value
		for _, r := range v.AsString() {
			l = append(l, jinja.NewString(string(r)))
		}
		return l, nil
	case v.IsUndefined():
		return nil, nil
	}
	return nil, fmt.Errorf("a %s is not iterable", typeName(v))
}

// some is iterate for the filters that take a none for empty.
func some(v value) ([]value, error) {
	if !v.IsTruthy() {
		return nil, nil
	}
	return iterate(v)
}

func length(a []value, kw kwargs) (value, error) {
	l, err := iterate(a[0])
	return jinja.NewInt(int64(len(l))), err
}

func end(v value, at func(n int) int) (value, error) {
	l, err := iterate(v)
	if err != nil || len(l) == 0 {
		return jinja.Undefined(), err
	}
	return l[at(len(l))], nil
}

func orDefault(a []value, kw kwargs) (value, error) {
	opt := newArgs(a, kw, "default_value", "boolean")
	if a[0].IsUndefined() || opt.at(1).IsTruthy() && !a[0].IsTruthy() {
		if v := opt.at(0); !v.IsUndefined() || len(a) > 1 {
			return v, nil
		}
		return str("")
	}
	return a[0], nil
}

func join(a []value, kw kwargs) (value, error) {
	opt := newArgs(a, kw, "d", "attribute")
	l, err := iterate(a[0])
	if err != nil {
		return a[0], err
	}
	parts := make([]string, len(l))
	for i, v := range l {
		if name := opt.at(1); name.IsString() {
			if v, err = attribute([]value{v, name}, nil); err != nil {
				return v, err
			}
		}
		parts[i] = pyStr(v)
	}
	return str(strings.Join(parts, opt.text(0)))
}

func indent(a []value, kw kwargs) (value, error) {
	opt := newArgs(a, kw, "width", "first", "blank")
	pad := strings.Repeat(" ", min(max(opt.int(0, 4), 0), 1000))
	if opt.at(0).IsString() {
		pad = opt.text(0)
	}
	lines := splitLines(pyStr(a[0]) + "\n")
	for i, line := range lines {
		if i == 0 && opt.at(1).IsTruthy() || i > 0 && (line != "" || opt.at(2).IsTruthy()) {
			lines[i] = pad + line
		}
	}
	return str(strings.Join(lines, "\n"))
}

func mapFilter(a []value, kw kwargs) (value, error) {
	l, err := some(a[0])
	if err != nil {
		return a[0], err
	}
	out := make([]value, len(l))
	for i, v := range l {
		if name, ok := kw["attribute"]; ok {
			out[i], err = attribute([]value{v, name}, nil)
			if def, ok := kw["default"]; ok && out[i].IsUndefined() {
				out[i] = def
			}
		} else if len(a) < 2 {
			err = fmt.Errorf("map without an attribute or a filter")
		} else if f := library[prefix+pyStr(a[1])]; f == nil || strings.HasPrefix(pyStr(a[1]), "m_") {
			err = fmt.Errorf("map by the filter %s is not supported", pyRepr(a[1]))
		} else {
			out[i], err = f(append([]value{v}, a[2:]...), kw)
		}
		if err != nil {
			return a[0], err
		}
	}
	return jinja.NewList(out), nil
}

// less orders two values as Python does, strings without regard to case.
func less(a, b value) (bool, error) {
	switch {
	case a.IsString() && b.IsString():
		return strings.ToLower(a.AsString()) < strings.ToLower(b.AsString()), nil
	case a.IsNumber() && b.IsNumber():
		return number(a) < number(b), nil
	}
	return false, fmt.Errorf("a %s and a %s have no order", typeName(a), typeName(b))
}

func number(v value) float64 {
	if v.IsInt() {
		return float64(v.AsInt())
	}
	return v.AsFloat()
}

func sortFilter(a []value, kw kwargs) (value, error) {
	l, err := iterate(a[0])
	if err != nil {
		return a[0], err
	}
	opt := newArgs(a, kw, "reverse", "case_sensitive", "attribute")
	if opt.at(1).IsTruthy() {
		return a[0], fmt.Errorf("sort with case_sensitive is not supported")
	}
	keys := make([]value, len(l))
	order := make([]int, len(l))
	for i, v := range l {
		order[i], keys[i] = i, v
		if name := opt.at(2); name.IsString() {
			if keys[i], err = attribute([]value{v, name}, nil); err != nil {
				return a[0], err
			}
		}
	}
	sort.SliceStable(order, func(i, j int) bool {
		x, y := keys[order[i]], keys[order[j]]
		if opt.at(0).IsTruthy() {
			x, y = y, x
		}
		is, e := less(x, y)
		if e != nil {
			err = e
		}
		return is
	})
	out := make([]value, len(l))
	for i, o := range order {
		out[i] = l[o]
	}
	return jinja.NewList(out), err
}

func dictSort(a []value, kw kwargs) (value, error) {
	if !a[0].IsDict() || len(a) > 1 || len(kw) > 0 {
		return a[0], fmt.Errorf("dictsort takes a dict and no arguments here")
	}
	l := pairs(a[0].AsDict())
	sort.SliceStable(l, func(i, j int) bool {
		is, _ := less(l[i].AsList().Get(0), l[j].AsList().Get(0))
		return is
	})
	return jinja.NewList(l), nil
}

// choose is select, reject, selectattr and rejectattr.
func choose(byAttribute, keep bool) call {
	return func(a []value, kw kwargs) (value, error) {
		l, err := some(a[0])
		if err != nil {
			return a[0], err
		}
		opt := a[1:]
		var name value
		if byAttribute {
			if len(opt) == 0 {
				return a[0], fmt.Errorf("selectattr and rejectattr need the name of an attribute")
			}
			name, opt = opt[0], opt[1:]
		}
		var out []value
		for _, v := range l {
			x := v
			if byAttribute {
				if x, err = attribute([]value{v, name}, nil); err != nil {
					return a[0], err
				}
			}
			is := x.IsTruthy()
			if len(opt) > 0 {
				if is, err = test(pyStr(opt[0]), x, opt[1:]); err != nil {
					return a[0], err
				}
			}
			if is == keep {
				out = append(out, v)
			}
		}
		return jinja.NewList(out), nil
	}
}

// test is Jinja2's test of that name, for the filters that take one.
func test(name string, v value, a []value) (bool, error) {
	switch name {
	case "defined":
		return !v.IsUndefined(), nil
	case "undefined":
		return v.IsUndefined(), nil
	case "none":
		return v.IsNone(), nil
	case "string":
		return v.IsString(), nil
	case "mapping":
		return v.IsDict(), nil
	case "boolean":
		return v.IsBool(), nil
	case "true":
		return v.IsBool() && v.AsBool(), nil
	case "false":
		return v.IsBool() && !v.AsBool(), nil
	case "number":
		return v.IsNumber(), nil
	case "iterable", "sequence":
		return v.IsList() || v.IsDict() || v.IsString(), nil
	}
	if len(a) == 1 {
		switch name {
		case "eq", "equalto", "==":
			return v.Equals(a[0]), nil
		case "ne", "!=":
			return !v.Equals(a[0]), nil
		case "in":
			l, err := iterate(a[0])
			for _, x := range l {
				if x.Equals(v) {
					return true, nil
				}
			}
			return false, err
		}
	}
	return false, fmt.Errorf("the test %q with %d arguments is not supported in a filter", name, len(a))
}
