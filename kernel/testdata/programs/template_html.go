package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"strings"
)

type Celsius float64

func (c Celsius) String() string { return fmt.Sprintf("<%.1f>", float64(c)) }

type Name string
type Point struct {
	X, Y int
	note string
}
type Tagged struct {
	A int    `json:"a"`
	B string `json:"b,omitempty"`
}

func (t Tagged) Link(q string) string { return "/x?q=" + q }

type Custom struct{ v int }

func (c Custom) MarshalJSON() ([]byte, error) { return json.Marshal([]int{c.v}) }

type PtrStr struct{ n int }

func (p *PtrStr) String() string { return fmt.Sprint("p<", p.n) }

type Bad struct{}

func (*Bad) Error() string { return "bad & broken" }

type Page struct {
	Title string
	Name  Name
	Temp  Celsius
	P     *Point
	PP    **Point
	T     Tagged
	C     Custom
	S     *PtrStr
	Err   error
	Items []Tagged
	Any   any
	Safe  template.HTML
	URL   template.URL
	JS    template.JS
	M     map[Name]Celsius
	Fn    func(Name) template.HTML
}

func main() {
	// %%
	p := &Point{1, 2, "<n>"}
	page := Page{Title: "<b>T & \"q\"</b>", Name: "n'<", Temp: 3, P: p, PP: &p, T: Tagged{1, "<x>"}, C: Custom{5}, S: &PtrStr{7}, Err: &Bad{}, Items: []Tagged{{1, "a"}, {2, ""}}, Any: Point{3, 4, "z"}, Safe: "<i>ok</i>", URL: "javascript:ok()", JS: "f(1)", M: map[Name]Celsius{"k<": 1}, Fn: func(n Name) template.HTML { return template.HTML("<u>" + n + "</u>") }}
	for i, text := range []string{
		"<p>{{.Title}} {{.Name}} {{.Temp}} {{.P}} {{.PP}} {{.T}} {{.C}} {{.S}} {{.Err}} {{.Any}} {{.Safe}}</p>",
		"<a href=\"{{.T.Link .Title}}\" title='{{.Name}}' data-x={{.Temp}}>{{.URL}}</a><a href=\"{{.URL}}\"></a><a href=\"{{.Title}}?q={{.Name}}&t={{.Temp}}\"></a>",
		"<script>var a = {{.T}}, b = {{.C}}, c = {{.Temp}}, d = {{.P}}, e = {{.Items}}, f = {{.Name}}, g = {{.M}}, h = {{.S}}, i = {{.Any}}, j = {{.JS}}, k = \"{{.Name}}\", l = '{{.Temp}}', m = {{.Title}};</script>",
		"<style>p { color: {{.Name}}; width: {{.Temp}}; }</style><p style=\"x: {{.Title}}\">", "<textarea>{{.Temp}}</textarea><!-- {{.Title}} --><title>{{.Name}}</title>",
		"{{range .Items}}<li onclick=\"f({{.}})\">{{.A}}{{with .B}}:{{.}}{{end}}</li>{{end}}{{range $k, $v := .M}}{{$k}}={{$v}}{{end}}", "{{call .Fn .Name}} {{.Temp | printf \"%v\" | html}} {{js .Name}} {{if eq .Name \"n'<\"}}same{{end}}",
		"{{define \"li\"}}<li>{{.A}}</li>{{end}}<ul>{{range .Items}}{{template \"li\" .}}{{end}}</ul><script>{{range .Items}}{{template \"li\" .}}{{end}}</script>",
		"{{.Nope}}", "{{.P.note}}", "<a href='{{if .Title}}\"{{end}}>", "<script>{{.Name", "{{template \"zip\"}}", "<p {{.Title}}=1>", "<div {{.Temp}}>", "{{title .Name}} {{.Name | title}} {{boom .T}}",
	} {
		t, err := template.New(fmt.Sprint("t", i)).Funcs(template.FuncMap{"title": func(n Name) Name { return Name(strings.ToUpper(string(n))) }, "boom": func(t Tagged) (string, error) { return "", errors.New("boom") }}).Parse(text)
		if err != nil {
			fmt.Println("parse:", err)
			continue
		}
		for range 2 {
			var b strings.Builder
			err = t.Execute(&b, page)
			fmt.Printf("%d: %q %v\n", i, b.String(), err)
			var he *template.Error
			fmt.Println(errors.As(err, &he))
		}
	}

	// %%
	t := template.Must(template.New("root").Parse(`{{define "a"}}<b>{{.}}</b>{{end}}{{define "b"}}{{template "a" .Name}}{{end}}`))
	fmt.Println(t.ExecuteTemplate(os.Stdout, "b", page))
	fmt.Println(t.ExecuteTemplate(os.Stdout, "zip", page), t.Execute(io.Discard, page))
	_, err := t.Parse("{{define \"c\"}}{{end}}")
	fmt.Println(err)
	_, err = t.Clone()
	fmt.Println(err)
	fmt.Println(template.New("x").Execute(io.Discard, 1))
	fmt.Println(template.Must(template.New("m").Parse("<p>{{.A}}{{.B}}")).Execute(os.Stdout, map[string]any{"A": Celsius(2), "B": &Point{5, 6, ""}}))
	var e interface{ Execute(io.Writer, any) error } = t.Lookup("a")
	fmt.Println(e.Execute(os.Stdout, Celsius(8)))
}
