package kernel

import (
	"reflect"
	"unsafe"

	"github.com/traefik/yaegi/interp"
)

// The interpreter keeps every function that it was ever given, and the syntax
// of every file for its debugger: some 50 KB for each cell. What nothing can
// call any more is taken out of its tables. That reaches into unexported
// fields of the version that go.mod names; where a field is not as expected
// nothing is done, and the memory stays taken.

// forget drops functions of package main and the syntax of all files.
func forget(i *interp.Interpreter, names []string) {
	v := reflect.ValueOf(i).Elem()
	if roots := field(v, "roots"); roots.IsValid() && roots.Kind() == reflect.Slice {
		for n := range roots.Len() {
			sever(roots.Index(n))
		}
		roots.SetZero()
	}
	scopes := field(v, "scopes")
	if !scopes.IsValid() || scopes.Kind() != reflect.Map || scopes.Type().Key().Kind() != reflect.String {
		return
	}
	scope := scopes.MapIndex(reflect.ValueOf("main"))
	if !scope.IsValid() || scope.Kind() != reflect.Pointer || scope.IsNil() || scope.Elem().Kind() != reflect.Struct {
		return
	}
	sym := field(scope.Elem(), "sym")
	if !sym.IsValid() || sym.Kind() != reflect.Map || sym.Type().Key().Kind() != reflect.String {
		return
	}
	if child := field(scope.Elem(), "child"); child.IsValid() && child.Kind() == reflect.Slice {
		child.SetZero() // the scopes of functions, which only their compilation asks
	}
	for _, n := range names {
		name := reflect.ValueOf(n)
		if s := sym.MapIndex(name); s.IsValid() && pointsToStruct(s) {
			empty(field(s.Elem(), "node"))
		}
		sym.SetMapIndex(name, reflect.Value{})
	}
}

// sever takes the declarations of a file from each other, so that a variable that lives
// keeps its own declaration and not all that its cell was.
func sever(file reflect.Value) {
	if !pointsToStruct(file) {
		return
	}
	decls := field(file.Elem(), "child")
	if !decls.IsValid() || decls.Kind() != reflect.Slice {
		return
	}
	for n := range decls.Len() {
		if !pointsToStruct(decls.Index(n)) {
			continue
		}
		if isInit(decls.Index(n)) {
			empty(decls.Index(n))
		}
		for _, link := range []string{"anc", "tnext", "fnext"} { // up, and to what ran after it
			if to := field(decls.Index(n).Elem(), link); to.IsValid() {
				to.SetZero()
			}
		}
	}
	decls.SetZero()
}

// isInit says whether a declaration is that of a function init.
func isInit(decl reflect.Value) bool {
	child := field(decl.Elem(), "child")
	if !child.IsValid() || child.Kind() != reflect.Slice || child.Len() < 2 || !pointsToStruct(child.Index(1)) {
		return false
	}
	ident := field(child.Index(1).Elem(), "ident")
	return ident.IsValid() && ident.Kind() == reflect.String && ident.String() == "init"
}

// empty takes the body off a function that nothing calls any more: types that it was the
// first to point to know its scope for ever, and by that its declaration. A call that still
// runs, and the literals in it, have what they need; a panic there asks for the name, which
// is the second part.
func empty(decl reflect.Value) {
	if !decl.IsValid() || !pointsToStruct(decl) {
		return
	}
	child := field(decl.Elem(), "child")
	if !child.IsValid() || child.Kind() != reflect.Slice || child.Len() < 3 {
		return
	}
	name := reflect.MakeSlice(child.Type(), 2, 2)
	reflect.Copy(name, child)
	child.Set(name)
	if start := field(decl.Elem(), "start"); start.IsValid() {
		start.SetZero()
	}
}

// field is a field that can be set though it is not exported.
func field(v reflect.Value, name string) reflect.Value {
	f := v.FieldByName(name)
	if !f.IsValid() || !f.CanAddr() {
		return reflect.Value{}
	}
	return reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
}

// spare is how many variables more than it has the interpreter gets room for.
const spare = 256

// room makes room for the variables that compiled code has declared. The
// interpreter would make it itself when the code runs, by moving all variables
// for each cell, under the hands of goroutines that earlier cells left.
func room(i *interp.Interpreter) {
	v := reflect.ValueOf(i).Elem()
	universe, frame := field(v, "universe"), field(v, "frame")
	if !pointsToStruct(universe) || !pointsToStruct(frame) {
		return
	}
	types, values := field(universe.Elem(), "types"), field(frame.Elem(), "data")
	if !types.IsValid() || !values.IsValid() {
		return
	}
	declared, ok1 := types.Interface().([]reflect.Type)
	data, ok2 := values.Interface().([]reflect.Value)
	if !ok1 || !ok2 {
		return
	}
	if len(declared) > len(data) {
		grown := make([]reflect.Value, len(declared)+spare)
		copy(grown, data)
		data = grown
		values.Set(reflect.ValueOf(data))
	}
	for n := len(declared) - 1; n >= 0 && !data[n].IsValid(); n-- {
		data[n] = reflect.New(declared[n]).Elem()
	}
}

func pointsToStruct(v reflect.Value) bool {
	return v.IsValid() && v.Kind() == reflect.Pointer && !v.IsNil() && v.Elem().Kind() == reflect.Struct
}
