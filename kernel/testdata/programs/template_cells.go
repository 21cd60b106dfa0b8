package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"sort"
	"strings"
	"text/template"
	"time"
)

type Celsius float64

func (c Celsius) String() string { return fmt.Sprintf("%.1f°C", float64(c)) }

type Role string

const (
	User      Role = "user"
	Assistant Role = "assistant"
)

func (r Role) Title() string { return strings.ToUpper(string(r[:1])) + string(r[1:]) }

type Message struct {
	Role    Role
	Content string
	meta    map[string]any
}

func (m Message) Short(n int) string {
	if len(m.Content) <= n {
		return m.Content
	}
	return m.Content[:n] + "…"
}
func (m *Message) Mark() string { m.meta = map[string]any{"seen": true}; return "" }
func (m Message) Seen() bool    { return m.meta["seen"] == true }
func (m Message) Check(ok bool) (string, error) {
	if !ok {
		return "", &BadMessage{m.Role}
	}
	return "fine", nil
}

type BadMessage struct{ Role Role }

func (b *BadMessage) Error() string { return "bad message of " + string(b.Role) }

type Base struct {
	ID      int
	Created time.Time
}

func (b Base) Key() string { return fmt.Sprint("#", b.ID) }
func (b *Base) Bump() int  { b.ID++; return b.ID }

type Shape interface {
	Area() float64
	Name() string
}
type Sq struct{ S float64 }

func (s Sq) Area() float64 { return s.S * s.S }
func (s Sq) Name() string  { return "square" }

type Circ struct{ R float64 }

func (c *Circ) Area() float64 { return 3 * c.R * c.R }
func (c *Circ) Name() string  { return "circle" }

type Prompt struct {
	Base
	*Opts
	System   string
	Messages []Message
	Ptrs     []*Message
	Tools    map[string]Tool
	ByRole   map[Role]int
	Shapes   []Shape
	Any      any
	Err      error
	Temp     Celsius
	Fn       func(Role) string
	Seq      func(func(Message) bool)
	Tree     *Node
	Nums     [3]Celsius
	private  string
	Ch       chan Role
}
type Opts struct {
	Top  int
	Stop []string
}

func (o *Opts) HasStop() bool { return len(o.Stop) > 0 }

type Tool struct {
	Name, Help string
	Args       []string
}
type Node struct {
	Val         int
	Left, Right *Node
}
type Stack[T any] struct{ items []T }

func (s Stack[T]) Items() []T { return s.items }
func (s Stack[T]) At(i int) (T, error) {
	if i >= len(s.items) {
		var zero T
		return zero, fmt.Errorf("no item %d", i)
	}
	return s.items[i], nil
}

func run(name, text string, data any) {
	t, err := template.New(name).Funcs(template.FuncMap{
		"upper": strings.ToUpper,
		"title": func(r Role) string { return r.Title() },
		"area":  func(s Shape) float64 { return s.Area() },
		"add":   func(a, b int) int { return a + b },
		"msg":   func(r Role, c string) Message { return Message{Role: r, Content: c} },
		"warm":  func(c Celsius) (Celsius, error) { return c + 1, nil },
		"kind":  func(v any) string { return fmt.Sprintf("%T", v) },
		"rkind": func(v reflect.Value) string { return v.Type().String() },
		"join":  func(sep string, ms ...Message) string { return fmt.Sprint(len(ms), sep) },
		"boom":  func(m Message) string { panic(BadMessage{m.Role}) },
		"berr":  func() (Message, error) { return Message{}, &BadMessage{"b"} },
		"deref": func(m *Message) Role { return m.Role },
		"seq": func(n int) func(func(Celsius) bool) {
			return func(y func(Celsius) bool) {
				for i := range n {
					if !y(Celsius(i)) {
						return
					}
				}
			}
		},
	}).Parse(text)
	if err != nil {
		fmt.Println("parse:", err)
		return
	}
	var b bytes.Buffer
	err = t.Execute(&b, data)
	fmt.Printf("%s: %q err=%v\n", name, b.String(), err)
	if err != nil {
		var bad *BadMessage
		var ee template.ExecError
		fmt.Println("  as:", errors.As(err, &bad), errors.As(err, &ee), ee.Name)
	}
}

func prompt() *Prompt {
	m := &Message{Role: Assistant, Content: "I am fine"}
	p := &Prompt{Base: Base{ID: 7, Created: time.Unix(0, 0).UTC()}, Opts: &Opts{Top: 3, Stop: []string{"</s>"}}, System: "Be <nice>", Messages: []Message{{Role: User, Content: "Hello there"}, {Role: Assistant, Content: "Hi"}}, Ptrs: []*Message{m, nil},
		Tools: map[string]Tool{"b": {"b", "second", nil}, "a": {"a", "first", []string{"x", "y"}}}, ByRole: map[Role]int{User: 2, Assistant: 1}, Shapes: []Shape{Sq{2}, &Circ{1}}, Any: Message{Role: User, Content: "any"}, Err: &BadMessage{User}, Temp: 21.5,
		Fn: func(r Role) string { return "fn " + string(r) }, Seq: func(y func(Message) bool) {
			if y(Message{Role: "s1"}) {
				y(Message{Role: "s2"})
			}
		}, Tree: &Node{1, &Node{2, nil, nil}, &Node{3, nil, nil}}, Nums: [3]Celsius{1, 2, 3}, private: "p", Ch: make(chan Role, 2)}
	p.Ch <- User
	p.Ch <- Assistant
	close(p.Ch)
	return p
}

func main() {
	// %%
	p := prompt()
	for i, text := range []string{
		"{{.System}} {{.Temp}} {{.ID}} {{.Key}} {{.Created.Year}} {{.Top}} {{.HasStop}} {{.Bump}} {{.ID}}",
		"{{range .Messages}}<|{{.Role}}|>{{.Content}}<|end|>\n{{end}}",
		"{{range $i, $m := .Messages}}{{if $i}};{{end}}{{$m.Role.Title}}:{{$m.Short 5}}{{.Mark}}{{.Seen}}{{end}}",
		"{{range .Ptrs}}{{if .}}{{.Role}}{{.Mark}}{{.Seen}}{{else}}nil{{end}}{{end}}",
		"{{range $k, $t := .Tools}}{{$k}}={{$t.Name}}:{{$t.Help}}{{range $t.Args}} -{{.}}{{else}} none{{end}};{{end}}",
		"{{range $r, $n := .ByRole}}{{$r.Title}}{{$n}} {{end}}{{index .ByRole \"user\"}}", "{{index .ByRole .Any.Role}} {{len .ByRole}}",
		"{{range .Shapes}}{{.Name}} {{.Area}} {{area .}};{{end}}{{(index .Shapes 0).S}}{{(index .Shapes 1).R}}",
		"{{.Any.Role}} {{.Any.Short 2}} {{.Any}} {{with .Any}}{{.Content}}{{end}}", "{{.Err}} {{.Err.Role}} {{.Err.Error}}", "{{call .Fn \"user\"}} {{call .Fn .Any.Role}}", "{{range .Seq}}{{.Role}},{{end}}", "{{range seq 3}}{{.}} {{end}}",
		"{{define \"n\"}}({{.Val}}{{with .Left}}{{template \"n\" .}}{{end}}{{with .Right}}{{template \"n\" .}}{{end}}){{end}}{{template \"n\" .Tree}}",
		"{{range .Nums}}{{.}} {{end}}{{index .Nums 1}} {{len .Nums}} {{slice .Nums 1}}", "{{range .Ch}}{{.Title}} {{end}}",
		"{{.Temp | warm | printf \"%v\"}} {{warm 3}} {{warm 3.5}} {{printf \"%.2f %s %v %T\" .Temp .Temp .Temp .Temp}}", "{{kind .Temp}} {{kind .Messages}} {{kind .Any}} {{kind .Err}} {{kind nil}} {{rkind .Messages}} {{rkind .Any}}", "{{title .Any.Role}} {{title \"user\"}} {{(msg \"tool\" \"x\").Short 1}}", "{{join \"-\" .Any (msg \"a\" \"b\")}}", "{{deref (index .Ptrs 0)}} {{deref .Any}}",
		"{{.private}}", "{{.Nope}}", "{{.Any.meta}}", "{{.Any.Nope}}", "{{.Tree.Left.Left.Val}}", "{{(index .Ptrs 1).Role}}", "{{.Any.Short \"x\"}}", "{{.Any.Short}}", "{{.Any.Check false}}", "{{.Any.Check true}}", "{{boom .Any}}", "{{berr}}", "{{warm \"x\"}}", "{{warm .Top}}", "{{title .System}}", "{{area .Any}}", "{{range .Any}}{{end}}", "{{.Fn}}", "{{index .ByRole 1}}", "{{index .Messages 9}}", "{{eq .Any.Role \"user\"}} {{eq .Temp 21.5}} {{eq .Any .Any}}", "{{lt .Temp 30.0}} {{eq .Any.Role .System}} {{ne .Temp .Temp}}", "{{eq .Messages .Messages}}", "{{eq .Any .Temp}}", "{{lt .Any 1}}", "{{and .Tree .Any.Role}} {{or .Tree.Left.Left .Temp}} {{not .Any}}",
		"{{html .System}} {{js .System}} {{urlquery .Any.Role .Temp}} {{html .Any}} {{print .Temp .Any.Role 1 2}} {{println .Temp}}", "{{.Messages}} {{.Ptrs | len}} {{.Opts.Top}} {{.Base.ID}} {{.Base}}", "{{.Tools}} {{.ByRole}} {{.Nums}} {{.Tree.Left}} {{.Shapes | len}}", "{{with $m := index .Messages 0}}{{$m.Role}}{{end}}{{$x := .Temp}}{{$x}}{{$x = .Any}}{{$x.Role}}", "{{if eq (len .Messages) 2}}two{{end}}{{if .Tree.Left.Left}}x{{else}}leaf{{end}}", "{{slice .Messages 1 | len}} {{(slice .Messages 1 2)}}", "{{len .Any}}", "{{index .Any 1}}", "{{.Any.Role.Title.X}}", "{{.HasStop 1}}", "{{.ID 1}}",
	} {
		run(fmt.Sprint("t", i), text, prompt())
	}
	_ = p

	// %%
	s := Stack[Message]{[]Message{{Role: "r", Content: "c"}}}
	run("generic", "{{range .Items}}{{.Role}}{{end}}{{(.At 0).Content}}{{.At 5}}", s)
	run("map", "{{.user.Role}} {{.n}} {{.missing}} {{range .list}}{{.Title}}{{end}}", map[string]any{"user": Message{Role: "u"}, "n": Celsius(3), "list": []Role{"a", "b"}})
	run("mapT", "{{.x.Role}}{{.y.Role}}", map[string]Message{"x": {Role: "u"}})
	run("mapR", "{{.user}}", map[Role]int{"user": 1})
	run("slice", "{{range .}}{{.}}{{end}}", []Celsius{1, 2})
	run("anon", "{{.A}} {{.B.Role}}", struct {
		A int
		B Message
	}{1, Message{Role: "q"}})
	run("nil", "{{.}}", nil)
	run("nilptr", "{{.Role}}", (*Message)(nil))
	run("nilptr2", "{{.}}", (*Message)(nil))
	run("value", "{{.Role}}", reflect.ValueOf(Message{Role: "rv"}))
	run("prim", "{{.}} {{printf \"%03d\" .}}", 5)
	run("role", "{{.Title}} {{. | upper}}", Role("x"))
	run("ptrptr", "{{.Role}}", func() **Message { m := &Message{Role: "pp"}; return &m }())
	run("emb", "{{.Key}} {{.ID}} {{.Bump}}", struct{ Base }{Base{ID: 3}})
	run("embp", "{{.Key}} {{.ID}} {{.Bump}}", struct{ *Base }{&Base{ID: 3}})
	run("embnil", "{{.Key}}", struct{ *Base }{})
	run("embnil2", "{{.ID}}", struct{ *Base }{})

	// %%
	t := template.Must(template.New("root").Parse(`{{define "head"}}== {{.Role}} =={{end}}{{define "body"}}{{template "head" .}}
{{.Content}}{{end}}`))
	template.Must(t.New("page").Parse(`{{range .}}{{template "body" .}}
{{end}}`))
	fmt.Println(t.ExecuteTemplate(os.Stdout, "page", []Message{{Role: User, Content: "one"}, {Role: Assistant, Content: "two"}}))
	fmt.Println(t.ExecuteTemplate(os.Stdout, "nope", nil))
	fmt.Println(t.Execute(io.Discard, nil))
	c := template.Must(t.Clone())
	template.Must(c.Parse(`{{define "head"}}-- {{.Role.Title}} --{{end}}`))
	c.ExecuteTemplate(os.Stdout, "body", Message{Role: User, Content: "c"})
	fmt.Println()
	t.ExecuteTemplate(os.Stdout, "body", Message{Role: User, Content: "t"})
	fmt.Println()
	var names []string
	for _, x := range t.Templates() {
		names = append(names, x.Name())
	}
	sort.Strings(names)
	fmt.Println(names, t.Lookup("head") != nil, t.Lookup("zip") == nil)
	z := template.Must(template.New("z").Option("missingkey=zero").Parse("{{.a.Role}}|{{.b}}|{{.c}}\n"))
	z.Execute(os.Stdout, map[string]Message{"a": {Role: "ok"}})
	e := template.Must(template.New("e").Option("missingkey=error").Parse("{{.a.Role}}|{{.b}}\n"))
	fmt.Println(e.Execute(os.Stdout, map[string]Message{"a": {Role: "ok"}}))
	d := template.Must(template.New("d").Delims("<<", ">>").Parse("<<.Role>> {{.Role}}\n"))
	d.Execute(os.Stdout, Message{Role: "delims"})
	var ex interface{ Execute(io.Writer, any) error } = d
	fmt.Println(ex.Execute(os.Stdout, Message{Role: "iface"}))
	for _, f := range []func(){
		func() { template.New("x").Funcs(template.FuncMap{"bad name": func() int { return 1 }}) }, func() { template.New("x").Funcs(template.FuncMap{"a": 1}) }, func() { template.New("x").Funcs(template.FuncMap{"a": func() (Role, Role) { return "", "" }}) }, func() { template.New("x").Funcs(template.FuncMap{"a": func(Role) {}}) },
		func() { template.Must(template.New("x").Parse("{{")) },
	} {
		func() {
			defer func() { fmt.Println("panic:", recover()) }()
			f()
		}()
	}
	_, err := template.New("x").Parse("{{nofunc .}}")
	fmt.Println(err)
	type wr struct{ n int }
	var sb strings.Builder
	defer func() { fmt.Print(sb.String()) }()
	defer template.Must(template.New("dd").Parse("deferred {{.Role}}\n")).Execute(&sb, Message{Role: "dd"})
}
