package template

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"text/template"
	"time"

	mirror "loupe/kernel/mirror"
)

// The oracle is text/template itself, on values that Go knows.

// plainHost is a host without boxes.
type plainHost struct{}

func plain(a []any) []any {
	out := make([]any, len(a))
	for i, x := range a {
		out[i] = x
		if v, ok := x.(mirror.Value); ok {
			out[i], _, _ = mirror.Inside(v)
		}
	}
	return out
}

func (plainHost) Sprint(a ...any) string            { return fmt.Sprint(plain(a)...) }
func (plainHost) Sprintf(f string, a ...any) string { return fmt.Sprintf(f, plain(a)...) }
func (plainHost) Sprintln(a ...any) string          { return fmt.Sprintln(plain(a)...) }
func (plainHost) Equal(a, b any) bool               { return a == b }
func (plainHost) Wait() mirror.Wait                 { return reflect.Select }
func (plainHost) Caught(r any) error {
	if p, ok := r.(mirror.Panic); ok {
		r = p.V
	}
	if err, ok := r.(error); ok {
		return err
	}
	return fmt.Errorf("%v", r)
}

type inner struct {
	A, B int
	c    string
}

func (i inner) Sum(more ...int) int {
	s := i.A + i.B
	for _, m := range more {
		s += m
	}
	return s
}
func (i *inner) Ptr() string                  { return "ptr " + i.c }
func (i inner) Fail(s string) (string, error) { return "", errors.New("failed " + s) }
func (i inner) Two() (int, string)            { return 1, "" }
func (i inner) None()                         {}
func (i inner) Panic(e bool) int {
	if e {
		panic(errors.New("an error"))
	}
	panic("a string")
}
func (i inner) Index(l []int) int { return l[9] }

type named string
type celsius float64

func (c celsius) String() string { return fmt.Sprintf("%.1f°", float64(c)) }

type ptrStringer struct{ N int }

func (p *ptrStringer) String() string { return fmt.Sprint("P", p.N) }

type bad struct{}

func (bad) Error() string { return "bad error" }

type data struct {
	inner
	*ptrStringer
	S       string
	N       named
	I       int
	U       uint8
	F       float64
	C       complex128
	B       bool
	T       celsius
	L       []string
	Empty   []int
	Arr     [3]int
	M       map[string]int
	MI      map[int]string
	MS      map[named]*inner
	MA      map[string]any
	Nil     map[string]int
	P       *inner
	NilP    *inner
	PS      ptrStringer
	Any     any
	NilAny  any
	Str     fmt.Stringer
	Fn      func(int) string
	Fn2     func(...string) (int, error)
	FnBad   func() (int, int)
	NilFn   func() int
	Ch      chan int
	Time    time.Time
	Err     error
	Seq     func(func(int) bool)
	Seq2    func(func(int, string) bool)
	Rec     *data
	PP      **inner
	hidden  int
	Bytes   []byte
	Deep    [][]int
	Structs []inner
	V       any
}

func value() *data {
	p := &inner{7, 8, "pp"}
	d := &data{
		inner: inner{1, 2, "in"}, ptrStringer: &ptrStringer{9}, S: "a<b & 'c'", N: "name", I: -3, U: 200, F: 2.5, C: 1 + 2i, B: true, T: 21, L: []string{"x", "y", "z"}, Arr: [3]int{4, 5, 6},
		M: map[string]int{"one": 1, "two": 2, "three": 3}, MI: map[int]string{3: "c", -1: "m", 2: "b"}, MS: map[named]*inner{"k": {1, 1, "k"}}, MA: map[string]any{"s": "str", "n": 5, "nil": nil, "l": []int{1, 2}},
		P: p, PS: ptrStringer{4}, Any: inner{5, 6, ""}, Str: celsius(3), Fn: func(i int) string { return strings.Repeat("f", i) }, Fn2: func(l ...string) (int, error) {
			if len(l) > 2 {
				return 0, errors.New("too many")
			}
			return len(l), nil
		},
		FnBad: func() (int, int) { return 1, 2 }, Time: time.Unix(0, 0).UTC(), Err: bad{}, Seq: func(y func(int) bool) {
			for i := range 3 {
				if !y(i * 10) {
					return
				}
			}
		}, Seq2: func(y func(int, string) bool) { _ = y(1, "a") && y(2, "b") }, PP: &p, Bytes: []byte("bytes"), Deep: [][]int{{1, 2}, {3}}, Structs: []inner{{1, 2, ""}, {3, 4, ""}},
	}
	d.Rec = &data{S: "rec", I: 1}
	d.Ch = make(chan int, 3)
	for i := range 3 {
		d.Ch <- i
	}
	close(d.Ch)
	return d
}

var bodies = []string{
	"plain", "{{.}}{{/* c */}}", "{{.S}} {{.N}} {{.I}} {{.U}} {{.F}} {{.C}} {{.B}} {{.T}}", "{{.A}} {{.B}} {{.Sum}} {{.Sum 1 2}} {{3 | .Sum 1}}", "{{.Ptr}}", "{{.P.Ptr}} {{.P.A}} {{.P.Sum}}", "{{.PP.A}} {{.PP.Ptr}}",
	"{{.Nope}}", "{{.hidden}}", "{{.c}}", "{{.P.c}}", "{{.NilP}}", "{{.NilP.A}}", "{{.NilP.Zip}}", "{{.NilP.Sum}}", "{{.NilP.Ptr}}", "{{.Rec.Rec.S}}", "{{.Rec.S}}", "{{.Any.A}} {{.Any.Sum}}", "{{.NilAny}}", "{{.NilAny.X}}", "{{.Str}} {{.Str.String}}", "{{.Time.Year}} {{.Time}}",
	"{{.M.one}} {{.M.nope}} {{.MA.s}} {{.MA.nope}} {{.MA.nil}} {{.Nil.x}}", "{{.MA.l}}{{.MA.n.x}}", "{{.MA.zip.zap}}", "{{.MI.x}}", "{{.MS.k.A}} {{.MS.k.Ptr}}", "{{.M.one 1}}", "{{.S 1}}", "{{1 | .S}}", "{{.Fn 1}}", "{{call .Fn 3}}", "{{call .Fn}}", "{{call .Fn \"x\"}}", "{{call .Fn2}} {{call .Fn2 \"a\" \"b\"}}", "{{call .Fn2 \"a\" \"b\" \"c\"}}", "{{call .FnBad}}", "{{call .NilFn}}", "{{call .S}}", "{{call nil}}", "{{3 | call .Fn}}", "{{.Fn | call}}", "{{.Fn}}", "{{.Ch}}",
	"{{if .B}}t{{else}}f{{end}}{{if .Empty}}t{{else}}f{{end}}{{if .NilP}}t{{else}}f{{end}}{{if .P}}t{{end}}{{if .I}}t{{end}}{{if .C}}t{{end}}{{if .Fn}}t{{end}}{{if .NilFn}}t{{else}}f{{end}}{{if .PS}}s{{end}}{{if .NilAny}}t{{else}}f{{end}}{{if .Nil}}{{else if .M}}m{{end}}",
	"{{with .P}}{{.A}}{{else}}none{{end}}{{with .NilP}}{{.A}}{{else}}none{{.S}}{{end}}{{with $x := .P}}{{$x.B}}{{end}}{{with .NilP}}a{{else with .P}}{{.B}}{{end}}",
	"{{range .L}}[{{.}}]{{end}}{{range $i, $e := .L}}{{$i}}={{$e}};{{end}}{{range $e := .L}}{{$e}}{{end}}{{range .Empty}}x{{else}}empty{{end}}", "{{range $k, $v := .M}}{{$k}}:{{$v}} {{end}}{{range .MI}}{{.}}{{end}}{{range $k, $v := .MA}}{{$k}}={{$v}} {{end}}", "{{range .Arr}}{{.}}{{end}}{{range 3}}{{.}}{{end}}{{range $x := 2}}{{$x}}{{end}}", "{{range $i, $x := 3}}{{end}}", "{{range $i, $v := .Ch}}{{$i}}{{$v}} {{end}}", "{{range .Seq}}{{.}} {{end}}{{range $v := .Seq}}{{$v}}{{end}}", "{{range $i, $v := .Seq}}{{end}}", "{{range $i, $v := .Seq2}}{{$i}}{{$v}}{{end}}{{range .Seq2}}{{.}}{{end}}", "{{range .S}}x{{end}}", "{{range .P}}x{{end}}", "{{range .NilP}}x{{else}}e{{end}}", "{{range .U}}{{break}}{{end}}", "{{range .Fn}}{{end}}", "{{range .I}}x{{else}}neg{{end}}", "{{range .NilAny}}x{{else}}e{{end}}", "{{range .F}}{{end}}",
	"{{range .L}}{{if eq . \"y\"}}{{continue}}{{end}}{{.}}{{end}}|{{range .L}}{{if eq . \"y\"}}{{break}}{{end}}{{.}}{{end}}|{{range $.Deep}}{{range .}}{{if eq . 2}}{{break}}{{end}}{{.}}{{else}}{{end}},{{end}}", "{{range .Deep}}{{range $.Empty}}{{else}}{{continue}}{{end}}x{{end}}|{{range .Deep}}{{range $.Empty}}{{else}}{{break}}{{end}}x{{end}}",
	"{{$x := 1}}{{$x = 2}}{{$x}}{{if true}}{{$x := 3}}{{$x}}{{end}}{{$x}}{{range $i, $e := .L}}{{$x = $i}}{{end}}{{$x}}", "{{$x := .L}}{{index $x 1}} {{$x}}", "{{$y := 0}}{{range $y = .L}}{{end}}{{$y}}", "{{$a := 0}}{{$b := \"\"}}{{range $a, $b = .L}}{{end}}{{$a}}{{$b}}",
	"{{define \"t\"}}<{{.}}{{with .}}!{{end}}>{{end}}{{template \"t\" .S}}{{template \"t\"}}{{template \"t\" .P}}", "{{template \"none\"}}", "{{define \"r\"}}{{.S}}{{with .Rec}}{{template \"r\" .}}{{end}}{{end}}{{template \"r\" .}}", "{{block \"b\" .P}}{{.A}}{{end}}", "{{define \"v\"}}{{$x}}{{end}}", "{{define \"e\"}}{{.Nope}}{{end}}{{template \"e\" .}}", "{{template \"main\" .}}",
	"{{len .L}} {{len .M}} {{len .S}} {{len .Arr}} {{len .Nil}} {{len .Ch}}", "{{len .I}}", "{{len .NilP}}", "{{len nil}}", "{{index .L 1}} {{index .M \"one\"}} {{index .MI -1}} {{index .Deep 0 1}} {{index .S 0}} {{index .M \"q\"}} {{index .Arr 2}}", "{{index .L 9}}", "{{index .L -1}}", "{{index .L \"x\"}}", "{{index .M 1}}", "{{index .I 1}}", "{{index .NilAny 1}}", "{{index nil 1}}", "{{index .MS \"k\"}}", "{{index .MS .N}}", "{{index .L nil}}", "{{index .MA nil}}", "{{index .NilP 1}}", "{{index .L .U}}", "{{index .Deep 1 0 0}}", "{{index .L}}",
	"{{slice .L 1}} {{slice .L 1 2}} {{slice .L 0 1 2}} {{slice .S 2}} {{slice .L}}", "{{slice .S 1 2 3}}", "{{slice .Arr 1}}", "{{slice .L 2 1}}", "{{slice .L 0 9}}", "{{slice .I 1}}", "{{slice nil}}", "{{slice .L 1 2 3 4}}", "{{slice .Any 1}}", "{{slice .NilP}}",
	"{{eq .I -3}} {{eq .U 200}} {{eq .S .S}} {{eq .N \"name\"}} {{eq .I 1 2 -3}} {{eq .F 2.5}} {{eq .B true}} {{eq .C .C}} {{ne .I 1}} {{lt .I 1}} {{le .U 200}} {{gt .F 2.0}} {{ge .S \"a\"}} {{lt .U 300}} {{lt .I .U}} {{gt .U .I}} {{eq .U .I}}", "{{eq .I .S}}", "{{eq .I}}", "{{lt .L .L}}", "{{lt .I .F}}", "{{eq .L .L}}", "{{eq .M .L}}", "{{eq .NilP nil}} {{eq .NilAny nil}} {{eq .P nil}} {{eq .Nil nil}} {{ne .NilAny nil}} {{eq .P .P}} {{eq .Any .Any}} {{eq .Str .T}}", "{{eq .B .C}}", "{{lt .B .B}}", "{{eq .Arr .Arr}} {{eq .PS .PS}}", "{{eq .Fn .Fn}}", "{{eq .Any .P}}", "{{ge .C .C}}", "{{eq .MA.n 5}} {{eq .MA.nil nil}} {{lt .MA.n 6}}",
	"{{and 1 0 2}} {{or 0 \"\" 3}} {{and .B .S}} {{or .NilP .S}} {{not .B}} {{not 0}} {{and}}", "{{and 1 2}} {{or 0 0}} {{1 | and 0}} {{3 | or 0}} {{and true (or false .S)}}", "{{and .Nope 1}}", "{{or 1 .Nope}}", "{{and 0 .Nope}}", "{{or}}", "{{.S | and 1}}", "{{nil | or 1}}",
	"{{print 1 2 \"x\" .T 3}} {{printf \"%d-%v-%s|%5.1f|%T\" .I .T .S .F .N}} {{println \"a\" 1}}", "{{printf \"%q\" .L}} {{printf \"%v %+v\" .P .Any}}", "{{printf}}", "{{printf .I}}", "{{print nil}}", "{{print .NilAny}} {{print}}", "{{.S | printf \"%s %s\" \"a\"}}", "{{printf \"%!\" 1}} {{printf \"%d\" .S}}",
	"{{html .S}} {{.S | html}} {{js .S}} {{urlquery .S 1}} {{html .T .PS}} {{html .P}} {{js 1 2}} {{html .Err}} {{html .NilP}}", "{{.PS}} {{.Err}} {{.ptrStringer}} {{.P}} {{.Structs}} {{.Bytes}} {{.Deep}}", "{{range .Structs}}{{.Sum}}{{.Ptr}}{{end}}", "{{(index .Structs 1).A}} {{(index .Structs 1).Ptr}} {{(index .Structs 1).Sum 4}}", "{{(.P).A}} {{(.P.Sum 1)}}", "{{(1).A}}", "{{(nil).A}}", "{{nil}}", "{{nil | print}}", "{{\"s\" 1}}", "{{1 2}}", "{{. 1}}", "{{$ 1}}", "{{1 | 2}}", "{{true}} {{1}} {{1.5}} {{'a'}} {{0x1F}} {{1e3}} {{1i}} {{\"q\"}} {{`raw`}} {{1_000}} {{0b11}} {{-5}}", "{{9223372036854775808}}", "{{0xffffffffffffffff}}", "{{1e3 | printf \"%T\"}} {{printf \"%T %T %T %T\" 1 1.0 'a' 1i}}",
	"{{.Fail \"x\"}}", "{{.Two}}", "{{.None}}", "{{.Panic true}}", "{{.Panic false}}", "{{.Index .Arr}}", "{{.Index .Empty}}", "{{.Sum \"x\"}}", "{{.Sum 1.5}}", "{{.Sum .I .U}}", "{{.Sum .NilAny}}", "{{.Sum nil}}", "{{.Fail}}", "{{.Fail 1}}", "{{.Fail .N}}", "{{.Sum 1.0 'a'}}", "{{.Panic 1}}",
	"{{upper .S}} {{.S | upper}} {{add 1 2}} {{add .I}}", "{{add 1.5 2}}", "{{add .U 1}}", "{{add .MA.n 1}}", "{{add nil 1}}", "{{any nil}} {{any .NilAny}} {{any 5}} {{any .P}}", "{{ptr .P}} {{ptr .Any}} {{ptr (index .Structs 0)}} {{ptr nil}}", "{{ptr .NilP}}", "{{val .P}} {{val .Any}}", "{{val .NilP}}", "{{rv .S}} {{rv .P.A}} {{rv nil}} {{rv 5}}", "{{retrv}} {{retrv.A}}", "{{err}}", "{{boom}}", "{{boom2 1}}", "{{wrapped}}", "{{fl 1}} {{fl 2.5}} {{cx 2}} {{u8 3}} {{bo true}} {{st \"s\"}}", "{{fl \"x\"}}", "{{u8 -1}}", "{{u8 300}}", "{{bo 1}}", "{{st 1}}", "{{cx true}}", "{{nm .N}} {{nm \"lit\"}}", "{{nm .S}}", "{{sl .L}}", "{{sl nil}}", "{{sl 1}}", "{{undefinedfn}}", "{{strr .T}} {{strr .Str}}", "{{strr .S}}", "{{strr .PS}}", "{{vari}} {{vari 1}} {{vari \"a\" 1 2}}", "{{vari \"a\" 1 \"b\"}}", "{{3 | vari \"a\" 1}}", "{{\"z\" | vari}}", "{{rvs 1 .S nil .P}}",
	"{{.V}} {{with .V}}{{.}}{{end}}", "{{.Rec.P.A}}", "{{.Rec.NilAny.X}}", "{{.MA.s.x}}", "{{$.S}} {{$}}", "{{.S -}}  x  {{- .I}}", "{{if eq (len .L) 3}}three{{end}}", "{{if and .B (gt .F 1.0)}}ok{{end}}", "{{with index .MS \"k\"}}k{{end}}", "{{range $i, $e := .Structs}}{{if $i}}, {{end}}{{$e.A}}{{end}}", "{{template \"main2\"}}", "{{break}}",
}

var errWrapped = errors.New("inner")

var functions = template.FuncMap{
	"upper": strings.ToUpper, "add": func(a, b int) int { return a + b }, "any": func(x any) any { return x }, "ptr": func(p *inner) string { return fmt.Sprint(p == nil) }, "val": func(i inner) int { return i.A },
	"err": func() (string, error) { return "", errors.New("e!") }, "boom": func() string { panic("boom") }, "boom2": func(i int) int { return []int{}[i] }, "wrapped": func() (int, error) { return 0, fmt.Errorf("outer: %w", errWrapped) },
	"fl": func(f float32) float32 { return f }, "cx": func(c complex64) complex64 { return c }, "u8": func(u uint8) uint8 { return u }, "bo": func(b bool) bool { return b }, "st": func(s string) string { return s }, "nm": func(n named) named { return n + "!" },
	"sl": func(l []string) int { return len(l) }, "strr": func(s fmt.Stringer) string { return s.String() }, "vari": func(s string, l ...int) string { return fmt.Sprint(s, l) },
}

// both executes a text with text/template and with this package.
func both(t *testing.T, text, option string) (want, got string, wantErr, gotErr error) {
	t.Helper()
	real := template.FuncMap{
		"rv": func(v reflect.Value) string { return fmt.Sprint(v.IsValid(), v) }, "retrv": func() reflect.Value { return reflect.ValueOf(inner{3, 4, ""}) },
		"rvs": func(l ...reflect.Value) string { return fmt.Sprint(len(l), l[0], l[1]) },
	}
	own := template.FuncMap{
		"rv": func(v mirror.Value) string { return fmt.Sprint(append([]any{v.IsValid()}, plain([]any{v})...)...) }, "retrv": func() mirror.Value { return mirror.ValueOf(inner{3, 4, ""}) },
		"rvs": func(l ...mirror.Value) string {
			return fmt.Sprint(append([]any{len(l)}, plain([]any{l[0], l[1]})...)...)
		},
	}
	a, err := template.New("main").Funcs(functions).Funcs(real).Option(option).Parse(text)
	if err != nil {
		return "", "", nil, nil
	}
	b := template.Must(template.New("main").Funcs(functions).Funcs(own).Option(option).Parse(text))
	var w, g bytes.Buffer
	d1, d2 := value(), value()
	if strings.Contains(text, ".V") { // whose insides %d prints
		d1.V, d2.V = reflect.ValueOf(d1.S), mirror.ValueOf(d2.S)
	}
	wantErr = guarded(func() error { return a.Execute(&w, d1) })
	gotErr = guarded(func() error { return Execute(b, &g, d2, plainHost{}) })
	return w.String(), g.String(), wantErr, gotErr
}

func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if p, ok := r.(mirror.Panic); ok {
				r = p.V
			}
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return f()
}

// same compares bodies in which there may be addresses.
func sameText(a, b string) bool {
	return mask(a) == mask(b)
}

func mask(s string) string {
	for {
		i := strings.Index(s, "0x")
		if i < 0 {
			return s
		}
		j := i + 2
		for j < len(s) && strings.ContainsRune("0123456789abcdef", rune(s[j])) {
			j++
		}
		s = s[:i] + "#" + s[j:]
	}
}

func compareBoth(t *testing.T, text, option string) {
	t.Helper()
	want, got, wantErr, gotErr := both(t, text, option)
	if !sameText(want, got) {
		t.Errorf("%s\ngot  %q\nwant %q", text, got, want)
	}
	switch {
	case (wantErr == nil) != (gotErr == nil):
		t.Errorf("%s\ngot error  %v\nwant error %v", text, gotErr, wantErr)
	case wantErr != nil:
		w := strings.ReplaceAll(wantErr.Error(), "template.", "")
		g := strings.ReplaceAll(gotErr.Error(), "template.", "")
		if !sameText(w, g) || reflect.TypeOf(wantErr) != reflect.TypeOf(gotErr) || errors.Is(wantErr, errWrapped) != errors.Is(gotErr, errWrapped) {
			t.Errorf("%s\ngot error  %v (%T)\nwant error %v (%T)", text, gotErr, gotErr, wantErr, wantErr)
		}
	}
}

// TestOracle: output and errors are those of text/template.
func TestOracle(t *testing.T) {
	for _, option := range []string{"missingkey=default", "missingkey=zero", "missingkey=error"} {
		for _, text := range bodies {
			compareBoth(t, text, option)
		}
	}
}

// FuzzOracle: the same for bodies that nobody wrote.
func FuzzOracle(f *testing.F) {
	for _, text := range bodies {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "range") && len(text) > 200 {
			return
		}
		for i := range text { // a number that is ranged over for ever
			if i > 0 && text[i] >= '0' && text[i] <= '9' && text[i-1] >= '0' && text[i-1] <= '9' && strings.Contains(text, "range") {
				return
			}
		}
		compareBoth(t, text, "missingkey=default")
	})
}

type brokenWriter struct{ n int }

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.n--; w.n < 0 {
		return 0, errors.New("broken")
	}
	return len(p), nil
}

// TestWriteError: an error of the writer comes as it is.
func TestWriteError(t *testing.T) {
	tmpl := template.Must(template.New("x").Parse("a{{.}}b{{.}}"))
	for n := range 4 {
		want := tmpl.Execute(&brokenWriter{n}, 1)
		got := Execute(tmpl, &brokenWriter{n}, 1, plainHost{})
		if got == nil || got.Error() != want.Error() || reflect.TypeOf(got) != reflect.TypeOf(want) {
			t.Errorf("after %d writes: got %v want %v", n, got, want)
		}
	}
}

// TestIncomplete: templates without a body.
func TestIncomplete(t *testing.T) {
	for _, tmpl := range []*template.Template{{}, template.New("x"), template.New("x").New("y")} {
		var w bytes.Buffer
		want, got := tmpl.Execute(&w, 1), Execute(tmpl, &w, 1, plainHost{})
		if got == nil || got.Error() != want.Error() {
			t.Errorf("got %v want %v", got, want)
		}
	}
	a := template.Must(template.New("a").Parse("{{define \"b\"}}B{{.}}{{end}}A"))
	var w bytes.Buffer
	if err := ExecuteTemplate(a, &w, "b", 1, plainHost{}); err != nil || w.String() != "B1" {
		t.Errorf("%v %q", err, w.String())
	}
	want, got := a.ExecuteTemplate(&w, "c", 1), ExecuteTemplate(a, &w, "c", 1, plainHost{})
	if got == nil || got.Error() != want.Error() {
		t.Errorf("got %v want %v", got, want)
	}
}

// TestDepth: templates that call themselves for ever end with an error.
func TestDepth(t *testing.T) {
	tmpl := template.Must(template.New("x").Parse("{{template \"x\" .}}"))
	var w bytes.Buffer
	want, got := tmpl.Execute(&w, 1), Execute(tmpl, &w, 1, plainHost{})
	if got == nil || got.Error() != want.Error() {
		t.Errorf("got %v want %v", got, want)
	}
}
