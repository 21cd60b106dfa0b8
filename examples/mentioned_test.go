package examples

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// scriptPackages are what scripts and programs can import.
var scriptPackages = []string{
	"engine", "engine/chat", "engine/observe", "engine/picture",
	"stdlib/nb", "stdlib/chain", "stdlib/chain/openai", "stdlib/experiment",
}

// Every exported function, method, type, constant and variable of these packages is used
// in a runnable example of its own package, or of engine.
func TestEveryExportedThingIsInAnExample(t *testing.T) {
	for _, path := range scriptPackages {
		t.Run(path, func(t *testing.T) {
			var missing []string
			used, ran := mentioned(t, path)
			if strings.HasPrefix(path, "engine/") { // some of them need a model to be of use
				more, and := mentioned(t, "engine")
				maps.Copy(used, more)
				ran += and
			}
			for _, name := range exported(t, path) {
				last := name[strings.LastIndexByte(name, '.')+1:]
				if !used[last] {
					missing = append(missing, name)
				}
			}
			if len(missing) > 0 {
				t.Errorf("%d have no example: %s", len(missing), strings.Join(missing, ", "))
			}
			if ran == 0 {
				t.Error("no example has an Output, so none is run")
			}
		})
	}
}

func parse(t *testing.T, path string, test bool) (*token.FileSet, []*ast.File) {
	t.Helper()
	fset := token.NewFileSet()
	pkgs, err := parser.ParseDir(fset, filepath.Join("..", filepath.FromSlash(path)), func(f fs.FileInfo) bool {
		return strings.HasSuffix(f.Name(), "_test.go") == test
	}, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, p := range pkgs {
		for _, f := range p.Files {
			files = append(files, f)
		}
	}
	return fset, files
}

// exported are the names that a package exports, methods behind their types.
func exported(t *testing.T, path string) []string {
	t.Helper()
	fset, files := parse(t, path, false)
	p, err := doc.NewFromFiles(fset, files, "loupe/"+path)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	add := func(prefix string, list ...string) {
		for _, n := range list {
			if ast.IsExported(n) {
				names = append(names, prefix+n)
			}
		}
	}
	values := func(list []*doc.Value) {
		for _, v := range list {
			add("", v.Names...)
		}
	}
	values(p.Consts)
	values(p.Vars)
	for _, f := range p.Funcs {
		add("", f.Name)
	}
	for _, x := range p.Types {
		add("", x.Name)
		values(x.Consts)
		values(x.Vars)
		for _, f := range x.Funcs {
			add("", f.Name)
		}
		for _, f := range x.Methods {
			// How a value shows or says itself needs no call.
			if !slices.Contains([]string{"Display", "String", "Error", "Unwrap", "Is", "Format", "MarshalJSON", "MarshalText", "UnmarshalText", "GoString"}, f.Name) {
				add(x.Name+".", f.Name)
			}
		}
	}
	return names
}

// mentioned are the names that a package's examples use, and how many of them are run.
func mentioned(t *testing.T, path string) (names map[string]bool, ran int) {
	t.Helper()
	fset, files := parse(t, path, true)
	_ = fset
	names = map[string]bool{}
	for _, f := range files {
		for _, e := range doc.Examples(f) {
			if e.Output != "" || e.EmptyOutput {
				ran++
			}
		}
		whole := false // an example that is a file uses its types and functions, too
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			whole = whole || ok && strings.HasPrefix(fn.Name.Name, "Example")
		}
		if !whole {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if fn, ok := n.(*ast.FuncDecl); ok {
				if strings.HasPrefix(fn.Name.Name, "Test") {
					return false
				}
				for _, part := range strings.Split(strings.TrimPrefix(fn.Name.Name, "Example"), "_") {
					names[part] = true // ExampleType_Method
				}
			}
			if id, ok := n.(*ast.Ident); ok {
				names[id.Name] = true
			}
			return true
		})
	}
	return names, ran
}
