package kernel

import (
	"fmt"
	html "html/template"
	"io"
	"reflect"
	"text/template"

	mirror "loupe/kernel/mirror"
	exec "loupe/kernel/mirror/template"
)

// Templates of text/template and html/template are executed by package mirror/template, which
// sees what cells put into them.

func init() {
	mirror.Unreflected = func(t reflect.Type, method string) bool {
		return (t == reflect.TypeFor[*template.Template]() || t == reflect.TypeFor[*html.Template]()) && templateMethods[method]
	}
}

// templateMethods are the methods of templates that are not Go's.
var templateMethods = map[string]bool{"Execute": true, "ExecuteTemplate": true, "Funcs": true}

// host is what it asks of the machine.
type host struct{ m *machine }

func (h host) Sprint(a ...any) string                 { return h.m.reg.sprint(a) }
func (h host) Sprintf(format string, a ...any) string { return h.m.reg.sprintf(format, a) }
func (h host) Sprintln(a ...any) string               { return h.m.reg.sprintln(a) }
func (h host) Equal(a, b any) bool                    { return h.m.eq(a, b) }
func (h host) Wait() mirror.Wait                      { return h.m.waiting(h.m.at()) }

func (h host) Caught(r any) error {
	v := value(unwrapPanic(r))
	if _, ok := v.(fatal); ok {
		panic(r)
	}
	v = exact(goPanic(v))
	if b, ok := v.(box); ok {
		if _, ok := b.method("Error"); ok {
			return b.adapt(errorRT).Interface().(error)
		}
	}
	if err, ok := v.(error); ok {
		return err
	}
	return fmt.Errorf("%s", h.m.reg.sprint([]any{v}))
}

// templateExecute is Execute of a template.
func (m *machine) templateExecute(t *template.Template, w io.Writer, data any) error {
	return exec.Execute(t, w, data, host{m})
}

// templateNamed is ExecuteTemplate of a template.
func (m *machine) templateNamed(t *template.Template, w io.Writer, name string, data any) error {
	return exec.ExecuteTemplate(t, w, name, data, host{m})
}

// templateFuncs is Funcs of a template.
func templateFuncs(t *template.Template, funcs template.FuncMap) *template.Template {
	keepFuncs(funcs, func(f template.FuncMap) { t.Funcs(f) })
	return t
}

// htmlFuncs is Funcs of a template of html/template.
func htmlFuncs(t *html.Template, funcs template.FuncMap) *html.Template {
	keepFuncs(funcs, func(f template.FuncMap) { t.Funcs(f) })
	return t
}

// htmlExecute is Execute of a template of html/template.
func (m *machine) htmlExecute(t *html.Template, w io.Writer, data any) error {
	return exec.ExecuteHTML(t, w, data, host{m})
}

// htmlNamed is ExecuteTemplate of a template of html/template.
func (m *machine) htmlNamed(t *html.Template, w io.Writer, name string, data any) error {
	return exec.ExecuteHTMLTemplate(t, w, name, data, host{m})
}

// keepFuncs gives a template functions in the form in which it keeps them.
func keepFuncs(funcs template.FuncMap, set func(template.FuncMap)) {
	kept := template.FuncMap{}
	for name, f := range funcs {
		v := mirror.ValueOf(f)
		if v.Kind() != reflect.Func || exec.GoodFunc(name, v.Type()) != nil {
			// text/template says what is wrong, of a name that is wrong before.
			set(template.FuncMap{name: func() string { return "" }})
			if v.Kind() != reflect.Func {
				panic("value for " + name + " not a function")
			}
			panic(exec.GoodFunc(name, v.Type()))
		}
		kept[name] = exec.Function(func() mirror.Value { return v })
	}
	set(kept)
}

// override is what a method of a type of Go is for cells, if it is not Go's.
func (m *machine) override(v any, name string) (any, bool) {
	if !templateMethods[name] {
		return nil, false
	}
	switch t := v.(type) {
	case *template.Template:
		switch name {
		case "Execute":
			return func(w io.Writer, data any) error { return m.templateExecute(t, w, data) }, true
		case "ExecuteTemplate":
			return func(w io.Writer, name string, data any) error { return m.templateNamed(t, w, name, data) }, true
		}
		return func(funcs template.FuncMap) *template.Template { return templateFuncs(t, funcs) }, true
	case *html.Template:
		switch name {
		case "Execute":
			return func(w io.Writer, data any) error { return m.htmlExecute(t, w, data) }, true
		case "ExecuteTemplate":
			return func(w io.Writer, name string, data any) error { return m.htmlNamed(t, w, name, data) }, true
		}
		return func(funcs template.FuncMap) *html.Template { return htmlFuncs(t, funcs) }, true
	}
	return nil, false
}
