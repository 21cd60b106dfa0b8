package kernel

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// goRoot is the folder of the Go installation, "" where there is none: cells
// need none, but its source is what ?? shows.
var goRoot = sync.OnceValue(func() string {
	list := []string{os.Getenv("GOROOT"), build.Default.GOROOT}
	if path, err := exec.LookPath("go"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			list = append(list, filepath.Dir(filepath.Dir(real)))
		}
	}
	for _, dir := range list {
		if dir != "" {
			if _, err := os.Stat(filepath.Join(dir, "src", "fmt", "print.go")); err == nil {
				return dir
			}
		}
	}
	return ""
})

// goSource is the declaration of a function, method or type of the standard
// library with its body, as the machine's Go has it; "" where it is not found.
func goSource(o types.Object) string {
	if o.Pkg() == nil || goRoot() == "" {
		return ""
	}
	dir := filepath.Join(goRoot(), "src", filepath.FromSlash(o.Pkg().Path()))
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return ""
	}
	recv := ""
	if f, ok := o.(*types.Func); ok && f.Signature().Recv() != nil {
		recv = recvType(f)
	}
	for _, name := range names {
		if ok, err := build.Default.MatchFile(dir, filepath.Base(name)); !ok || err != nil || strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(src), o.Name()) {
			continue
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
		if err != nil {
			continue
		}
		for _, d := range f.Decls {
			var found ast.Node
			switch d := d.(type) {
			case *ast.FuncDecl:
				id, _ := receiverName(d)
				if d.Name.Name == o.Name() && (id == nil && recv == "" || id != nil && id.Name == recv) {
					found = d
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if t, ok := s.(*ast.TypeSpec); ok && recv == "" && t.Name.Name == o.Name() {
						found = d
						if d.Lparen.IsValid() {
							found = t
						}
					}
				}
			}
			if found != nil {
				file := fset.File(found.Pos())
				rel, _ := filepath.Rel(goRoot(), name)
				return "// " + filepath.ToSlash(rel) + "\n" + string(src[file.Offset(found.Pos()):file.Offset(found.End())])
			}
		}
	}
	return ""
}
