package symbols

import (
	"embed"
	"reflect"
	"sort"
	"strings"
)

// tables maps an import path to the function that builds its table.
var tables = map[string]func() map[string]reflect.Value{}

//go:embed api/*.txt
var api embed.FS

// Table is the symbol table of an importable package: functions, variables
// (addressable), constants (go/constant values when untyped), types (as nil
// pointers to them), and "_Name" wrappers by which a script's value can
// implement the interface Name.
func Table(path string) (map[string]reflect.Value, bool) {
	f, ok := tables[path]
	if !ok {
		return nil, false
	}
	return f(), true
}

// Source is the package's declarations: a Go file whose functions have no
// bodies. Packages that scripts cannot import, but whose types importable
// packages mention, have one too.
func Source(path string) (string, bool) {
	b, err := api.ReadFile("api/" + fileName(path) + ".txt")
	return string(b), err == nil
}

//go:embed generic/*.txt
var generic embed.FS

// Generic is the source of a package's generic functions, with bodies, for
// the interpreter: a table cannot hold a generic function. They are written for
// this, and do what the package's documentation says.
func Generic(path string) (string, bool) {
	b, err := generic.ReadFile("generic/" + fileName(path) + ".txt")
	return string(b), err == nil
}

// Paths lists the importable packages, sorted.
func Paths() []string {
	list := make([]string, 0, len(tables))
	for p := range tables {
		list = append(list, p)
	}
	sort.Strings(list)
	return list
}

func fileName(path string) string { return strings.ReplaceAll(path, "/", "_") }
