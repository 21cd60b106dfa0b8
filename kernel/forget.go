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

// field is a field that can be set though it is not exported.
func field(v reflect.Value, name string) reflect.Value {
	f := v.FieldByName(name)
	if !f.IsValid() || !f.CanAddr() {
		return reflect.Value{}
	}
	return reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
}
