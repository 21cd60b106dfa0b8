package check

import (
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"strings"
	"sync"

	"loupe/stdlib/symbols"
)

// Universe holds the packages that cells can import, built on first use. It
// is safe for concurrent use.
type Universe struct {
	mu    sync.Mutex
	fset  *token.FileSet
	pkgs  map[string]*types.Package
	files map[string]*ast.File
	back  map[reflect.Type]types.Type

	generics map[string]*Unit
}

// NewUniverse is an empty universe.
func NewUniverse() *Universe {
	return &Universe{
		fset:  token.NewFileSet(),
		pkgs:  map[string]*types.Package{"unsafe": types.Unsafe},
		files: map[string]*ast.File{},
		back:  map[reflect.Type]types.Type{},

		generics: map[string]*Unit{},
	}
}

// Import implements types.Importer for importable packages.
func (u *Universe) Import(path string) (*types.Package, error) {
	if !Importable(path) {
		if slices.Contains(uncarried, path) || strings.HasPrefix(path, "loupe/") {
			return nil, fmt.Errorf("package %s cannot be imported by cells: loupe does not carry it; go run does", path)
		}
		return nil, fmt.Errorf("package %s is not in std", path)
	}
	return u.load(path)
}

var importable = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for _, p := range symbols.Paths() {
		m[p] = true
	}
	return m
})

// Importable says whether a cell may import path.
func Importable(path string) bool { return importable()[path] }

func (u *Universe) load(path string) (*types.Package, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.loadLocked(path)
}

func (u *Universe) loadLocked(path string) (*types.Package, error) {
	if p := u.pkgs[path]; p != nil {
		return p, nil
	}
	src, ok := symbols.Source(path)
	if !ok {
		return nil, fmt.Errorf("check: no declarations of package %s", path)
	}
	f, err := parser.ParseFile(u.fset, path, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("check: declarations of %s: %w", path, err)
	}
	conf := types.Config{
		Importer:         importerFunc(u.loadLocked),
		IgnoreFuncBodies: true,
		Sizes:            types.SizesFor("gc", "amd64"),
		Error:            func(error) {}, // bodies are missing: "missing function body"
	}
	p, _ := conf.Check(path, u.fset, []*ast.File{f}, nil)
	u.pkgs[path], u.files[path] = p, f
	return p, nil
}

// ReadAhead loads every package. One that is needed meanwhile waits for the one being
// loaded at most, 10 ms; all take 25 ms and 10 MB.
func (u *Universe) ReadAhead() {
	for _, path := range symbols.Paths() {
		_, _ = u.load(path) // an error comes again where the package is asked for
	}
}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }

// Text is a node of a package's declarations as Go source.
func (u *Universe) Text(n ast.Node) string {
	var b strings.Builder
	if err := format.Node(&b, u.fset, n); err != nil {
		return ""
	}
	return b.String()
}

// Generics checks the bodies of a package's generic functions, which stand in
// a package of their own.
func (u *Universe) Generics(path string) (*Unit, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if g, ok := u.generics[path]; ok {
		return g, g != nil
	}
	u.generics[path] = nil
	src, ok := symbols.Generic(path)
	if !ok {
		return nil, false
	}
	f, err := parser.ParseFile(u.fset, "generic/"+path, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, false
	}
	unit := &Unit{File: f, Info: newInfo()}
	conf := types.Config{Importer: importerFunc(u.loadLocked), Sizes: types.SizesFor("gc", "amd64")}
	if unit.Pkg, err = conf.Check("generic/"+path, u.fset, []*ast.File{f}, unit.Info); err != nil {
		return nil, false
	}
	u.generics[path] = unit
	return unit, true
}

// File is the syntax of a package's declarations, with docs.
func (u *Universe) File(path string) *ast.File {
	if _, err := u.load(path); err != nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.files[path]
}

// TypeOf is the static type of a native value's dynamic type. A named type of
// a package that is not known here is an error.
func (u *Universe) TypeOf(t reflect.Type) (types.Type, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.typeOf(t)
}

var basics = map[reflect.Kind]types.BasicKind{
	reflect.Bool: types.Bool, reflect.String: types.String,
	reflect.Int: types.Int, reflect.Int8: types.Int8, reflect.Int16: types.Int16, reflect.Int32: types.Int32, reflect.Int64: types.Int64,
	reflect.Uint: types.Uint, reflect.Uint8: types.Uint8, reflect.Uint16: types.Uint16, reflect.Uint32: types.Uint32, reflect.Uint64: types.Uint64,
	reflect.Uintptr: types.Uintptr, reflect.Float32: types.Float32, reflect.Float64: types.Float64,
	reflect.Complex64: types.Complex64, reflect.Complex128: types.Complex128, reflect.UnsafePointer: types.UnsafePointer,
}

func (u *Universe) typeOf(t reflect.Type) (types.Type, error) {
	if tt, ok := u.back[t]; ok {
		return tt, nil
	}
	tt, err := u.build(t)
	if err == nil {
		u.back[t] = tt
	}
	return tt, err
}

// mirrored are the packages that stand for others in the interpreter.
var mirrored = map[string]string{"loupe/kernel/mirror": "reflect", "loupe/kernel/mirror/gob": "encoding/gob"}

func (u *Universe) build(t reflect.Type) (types.Type, error) {
	if t.Name() != "" {
		if t.PkgPath() == "" {
			if t.Kind() == reflect.Interface {
				return types.Universe.Lookup(t.Name()).Type(), nil
			}
			return types.Typ[basics[t.Kind()]], nil
		}
		path := t.PkgPath()
		if p, ok := mirrored[path]; ok {
			path = p
		}
		p, err := u.loadLocked(path)
		if err != nil {
			return nil, err
		}
		o := p.Scope().Lookup(t.Name())
		if o == nil {
			return nil, fmt.Errorf("check: type %s.%s is not declared to scripts", t.PkgPath(), t.Name())
		}
		return o.Type(), nil
	}
	elem := func() (types.Type, error) { return u.typeOf(t.Elem()) }
	switch t.Kind() {
	case reflect.Pointer:
		e, err := elem()
		if err != nil {
			return nil, err
		}
		return types.NewPointer(e), nil
	case reflect.Slice:
		e, err := elem()
		if err != nil {
			return nil, err
		}
		return types.NewSlice(e), nil
	case reflect.Array:
		e, err := elem()
		if err != nil {
			return nil, err
		}
		return types.NewArray(e, int64(t.Len())), nil
	case reflect.Chan:
		e, err := elem()
		if err != nil {
			return nil, err
		}
		dir := map[reflect.ChanDir]types.ChanDir{reflect.BothDir: types.SendRecv, reflect.SendDir: types.SendOnly, reflect.RecvDir: types.RecvOnly}
		return types.NewChan(dir[t.ChanDir()], e), nil
	case reflect.Map:
		k, err := u.typeOf(t.Key())
		if err != nil {
			return nil, err
		}
		e, err := elem()
		if err != nil {
			return nil, err
		}
		return types.NewMap(k, e), nil
	case reflect.Func:
		return u.signature(t)
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return types.Universe.Lookup("any").Type(), nil
		}
		var methods []*types.Func
		for i := range t.NumMethod() {
			m := t.Method(i)
			s, err := u.typeOf(m.Type)
			if err != nil || m.PkgPath != "" {
				return nil, fmt.Errorf("check: no static type for %s", t)
			}
			methods = append(methods, types.NewFunc(token.NoPos, nil, m.Name, s.(*types.Signature)))
		}
		return types.NewInterfaceType(methods, nil).Complete(), nil
	case reflect.Struct:
		var fields []*types.Var
		var tags []string
		for i := range t.NumField() {
			f := t.Field(i)
			ft, err := u.typeOf(f.Type)
			if err != nil {
				return nil, err
			}
			fields = append(fields, types.NewField(token.NoPos, nil, f.Name, ft, f.Anonymous))
			tags = append(tags, string(f.Tag))
		}
		return types.NewStruct(fields, tags), nil
	}
	return nil, fmt.Errorf("check: no static type for %s", t)
}

func (u *Universe) signature(t reflect.Type) (types.Type, error) {
	tuple := func(n int, at func(int) reflect.Type) (*types.Tuple, error) {
		var vars []*types.Var
		for i := range n {
			tt, err := u.typeOf(at(i))
			if err != nil {
				return nil, err
			}
			vars = append(vars, types.NewParam(token.NoPos, nil, "", tt))
		}
		return types.NewTuple(vars...), nil
	}
	in, err := tuple(t.NumIn(), t.In)
	if err != nil {
		return nil, err
	}
	out, err := tuple(t.NumOut(), t.Out)
	if err != nil {
		return nil, err
	}
	return types.NewSignatureType(nil, nil, nil, in, out, t.IsVariadic()), nil
}

// Named finds the package whose last path element or name is name: of the
// standard library if there is one, the shortest path first.
func Named(name string) (path string, ok bool) {
	path, ok = Names()[name]
	return path, ok
}

// Names are the names of all importable packages, with the path that each stands for.
// The map is shared: read it only.
var Names = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for _, p := range symbols.Paths() {
		name := BaseName(p)
		path, ok := m[name]
		std, best := !strings.HasPrefix(p, "loupe/"), !strings.HasPrefix(path, "loupe/")
		if !ok || std && !best || std == best && prefer(p, path) {
			m[name] = p
		}
	}
	return m
})

// prefer orders packages of one name: the newer math/rand/v2 and text/template
// are what a notebook means.
func prefer(a, b string) bool {
	rank := map[string]int{"math/rand/v2": -2, "math/rand": -1, "text/template": -1}
	if rank[a] != rank[b] {
		return rank[a] < rank[b]
	}
	return len(a) < len(b)
}

// BaseName is the name that a package most likely has: its last path element
// that is no version.
func BaseName(path string) string {
	i := strings.LastIndex(path, "/")
	last := path[i+1:]
	if len(last) > 1 && last[0] == 'v' && last[1] >= '0' && last[1] <= '9' && i > 0 {
		return BaseName(path[:i])
	}
	return last
}
