package template

import (
	"reflect"
	"sync"
	"text/template"
	"unsafe"

	mirror "loupe/kernel/mirror"
)

// inside is what text/template keeps to itself of a template and of those
// associated with it: their functions and the option missingkey.
type inside struct {
	mu      *sync.RWMutex
	funcs   template.FuncMap
	missing int // 0 leaves a missing key invalid, 1 makes it zero, 2 is an error
}

// open looks into a template.
func open(t *template.Template) inside {
	common := reflect.ValueOf(t).Elem().FieldByName("common")
	if !common.IsValid() || common.Kind() != reflect.Pointer {
		panic("loupe cannot run this: it does not know this version of text/template")
	}
	if common.IsNil() {
		return inside{mu: &sync.RWMutex{}}
	}
	c := common.Elem()
	return inside{
		mu:      (*sync.RWMutex)(unsafe.Pointer(c.FieldByName("muFuncs").UnsafeAddr())),
		funcs:   *(*template.FuncMap)(unsafe.Pointer(c.FieldByName("parseFuncs").UnsafeAddr())),
		missing: int(c.FieldByName("option").FieldByName("missingKey").Int()),
	}
}

// Function is a function of a cell as text/template keeps it: never called.
type Function func() mirror.Value

// find is a function of the template or a predefined one.
func (x *execution) find(name string) (f mirror.Value, builtin, ok bool) {
	x.inside.mu.RLock()
	own, ok := x.inside.funcs[name]
	x.inside.mu.RUnlock()
	if ok {
		if kept, ok := own.(Function); ok {
			return kept(), false, true
		}
		return mirror.ValueOf(own), false, true
	}
	f, ok = x.builtin(name)
	return f, true, ok
}
