package check

import (
	"go/types"
	"reflect"
	"unsafe"
)

// A session is one package to go/types, checked again and again. The package
// and its scope stay the same two objects, because types of earlier cells refer
// to them: only what the scope holds changes. go/types cannot empty a scope, so
// that is done through its fields. If it has others, each check gets a new scope.

// renew empties the package for the next check.
func (s *Session) renew() {
	fresh := types.NewPackage("main", "main")
	if s.root == nil {
		s.root = fresh.Scope()
	}
	root := s.root
	*s.pkg = *fresh
	elems, children, scope := field(root, "elems"), field(root, "children"), field(s.pkg, "scope")
	if !elems.IsValid() || !children.IsValid() || !scope.IsValid() || scope.Type() != reflect.TypeOf(root) {
		return
	}
	elems.SetZero()
	children.SetZero()
	scope.Set(reflect.ValueOf(root))
}

// field is a field of what p points to, which need not be exported.
func field(p any, name string) reflect.Value {
	f := reflect.ValueOf(p).Elem().FieldByName(name)
	if !f.IsValid() {
		return f
	}
	return reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
}
