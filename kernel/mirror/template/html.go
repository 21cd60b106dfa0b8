package template

import (
	"encoding/json"
	"errors"
	html "html/template"
	"io"
	"reflect"
	"strings"
	"text/template"
	"unsafe"

	mirror "loupe/kernel/mirror"
)

// Templates of html/template are escaped by it, and executed here. It escapes a
// template when that is executed for the first time: so it executes each into
// nothing, with no data and with functions that do nothing, up to the first
// byte.

// ExecuteHTML is t.Execute.
func ExecuteHTML(t *html.Template, w io.Writer, data any, host Host) error {
	err := t.Execute(closed{}, nil)
	inner, ok := escaped(t)
	if !ok {
		return err
	}
	return Execute(inner, w, data, host)
}

// ExecuteHTMLTemplate is t.ExecuteTemplate.
func ExecuteHTMLTemplate(t *html.Template, w io.Writer, name string, data any, host Host) error {
	err := t.ExecuteTemplate(closed{}, name, nil)
	named := t.Lookup(name)
	if named == nil {
		return err
	}
	inner, ok := escaped(named)
	if !ok {
		return err
	}
	return Execute(inner, w, data, host)
}

// closed is a writer that takes nothing.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("closed") }

// escaped is the template that html/template made of its own, if that worked.
func escaped(t *html.Template) (*template.Template, bool) {
	v := reflect.ValueOf(t).Elem()
	text, err := v.FieldByName("text"), v.FieldByName("escapeErr")
	if !text.IsValid() || !err.IsValid() {
		panic("loupe cannot run this: it does not know this version of html/template")
	}
	if e := *(*error)(unsafe.Pointer(err.UnsafeAddr())); e == nil || e.Error() != "template escaped correctly" {
		return nil, false
	}
	return *(**template.Template)(unsafe.Pointer(text.UnsafeAddr())), true
}

var marshaler = mirror.TypeOf((*json.Marshaler)(nil)).Elem()

// escapable is one of n arguments of a function that escapes. It would look at
// the methods of what it is given, and behind pointers.
func escapable(name string, v mirror.Value, n int) mirror.Value {
	v = held(v)
	if !v.IsValid() {
		return v
	}
	if _, ok := mirror.Native(v.Type()); ok {
		return v
	}
	js := strings.HasSuffix(name, "jsvalescaper")
	says := func(t mirror.Type) bool {
		if js {
			return t.Implements(marshaler)
		}
		return t.Implements(stringerType) || t.Implements(errorType)
	}
	for !says(v.Type()) && v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if js && n == 1 && !says(v.Type()) && v.Type().Implements(stringerType) {
		return v.MethodByName("String").Call(nil)[0]
	}
	return v
}
