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
		sym.SetMapIndex(reflect.ValueOf(n), reflect.Value{})
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
		if up := field(decls.Index(n).Elem(), "anc"); up.IsValid() {
			up.SetZero()
		}
	}
	decls.SetZero()
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
