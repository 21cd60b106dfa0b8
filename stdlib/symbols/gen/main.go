// Gen writes the tables of package symbols: gen_NAME.go and api/NAME.txt for
// each package in list.go. Run it with go generate in stdlib/symbols.
//
// Its output depends on the Go version and the sources only: packages are
// read for linux/amd64 without cgo, whatever the machine.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/build"
	"go/format"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("gen: ")
	dir := flag.String("o", ".", "write into this folder")
	flag.Parse()
	build.Default.GOOS, build.Default.GOARCH, build.Default.CgoEnabled = "linux", "amd64", false
	build.Default.BuildTags = nil
	os.Setenv("GOOS", "linux")
	os.Setenv("GOARCH", "amd64")
	os.Setenv("CGO_ENABLED", "0")
	if err := run(*dir); err != nil {
		log.Fatal(err)
	}
}

func run(dir string) error {
	g := &generator{
		docs: map[string]*docs{},
		need: map[*types.Package]map[types.Object]bool{},
	}
	wd, err := os.Getwd() // packages of the module are found from here
	if err != nil {
		return err
	}
	imp := importer.ForCompiler(token.NewFileSet(), "source", nil).(types.ImporterFrom)
	out := map[string][]byte{}
	listed := map[*types.Package]bool{}
	var pkgs []*types.Package
	for _, path := range packages {
		p, err := imp.ImportFrom(path, wd, 0)
		if err != nil {
			return err
		}
		pkgs = append(pkgs, p)
		listed[p] = true
	}
	for _, p := range pkgs {
		src, err := table(p)
		if err != nil {
			return err
		}
		out["gen_"+strings.ReplaceAll(p.Path(), "/", "_")+".go"] = src
	}
	for _, p := range pkgs {
		for _, name := range p.Scope().Names() {
			if o := p.Scope().Lookup(name); o.Exported() {
				g.reach(o)
			}
		}
	}
	// Printing reaches further objects, of printed packages too: until no more come.
	for {
		before := g.count()
		for p := range g.need {
			if _, err := g.source(p, listed[p]); err != nil {
				return err
			}
		}
		if g.count() == before {
			break
		}
	}
	for p := range g.need {
		src, err := g.source(p, listed[p])
		if err != nil {
			return err
		}
		out["api/"+strings.ReplaceAll(p.Path(), "/", "_")+".txt"] = src
	}
	return write(dir, out)
}

// write replaces the generated files of dir by out.
func write(dir string, out map[string][]byte) error {
	if err := os.MkdirAll(filepath.Join(dir, "api"), 0o777); err != nil {
		return err
	}
	for _, pattern := range []string{"gen_*.go", "api/*.txt"} {
		old, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		for _, f := range old {
			rel, _ := filepath.Rel(dir, f)
			if out[filepath.ToSlash(rel)] == nil {
				if err := os.Remove(f); err != nil {
					return err
				}
			}
		}
	}
	names := make([]string, 0, len(out))
	for n := range out {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		file := filepath.Join(dir, filepath.FromSlash(n))
		if old, err := os.ReadFile(file); err == nil && bytes.Equal(old, out[n]) {
			continue
		}
		if err := os.WriteFile(file, out[n], 0o666); err != nil {
			return err
		}
	}
	return nil
}

// docs are the doc comments of one package: "" the package's, "Name",
// "Type.Method".
type docs struct{ text map[string]string }

func (g *generator) docsOf(path string) (*docs, error) {
	if d := g.docs[path]; d != nil {
		return d, nil
	}
	wd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	bp, err := build.Default.Import(path, wd, 0)
	if err != nil {
		return nil, err
	}
	d := &docs{text: map[string]string{}}
	g.docs[path] = d
	for _, name := range bp.GoFiles {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(bp.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		if t := f.Doc.Text(); t != "" && len(t) > len(d.text[""]) {
			d.text[""] = t
		}
		for _, decl := range f.Decls {
			d.add(decl)
		}
	}
	return d, nil
}

func (d *docs) add(decl ast.Decl) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		name := decl.Name.Name
		if decl.Recv != nil && len(decl.Recv.List) == 1 {
			name = receiver(decl.Recv.List[0].Type) + "." + name
		}
		d.text[name] = decl.Doc.Text()
	case *ast.GenDecl:
		for _, s := range decl.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				t := s.Doc.Text()
				if t == "" && len(decl.Specs) == 1 {
					t = decl.Doc.Text()
				}
				d.text[s.Name.Name] = t
				d.fields(s.Name.Name, s.Type)
			case *ast.ValueSpec:
				t := s.Doc.Text()
				if t == "" {
					t = s.Comment.Text()
				}
				if t == "" {
					t = decl.Doc.Text()
				}
				for _, n := range s.Names {
					d.text[n.Name] = t
				}
			}
		}
	}
}

// fields keeps the comments of a struct's fields and an interface's methods.
func (d *docs) fields(name string, t ast.Expr) {
	var list *ast.FieldList
	switch t := t.(type) {
	case *ast.StructType:
		list = t.Fields
	case *ast.InterfaceType:
		list = t.Methods
	default:
		return
	}
	for _, f := range list.List {
		text := f.Doc.Text()
		if text == "" {
			text = f.Comment.Text()
		}
		for _, n := range f.Names {
			d.text[name+"."+n.Name] = text
		}
	}
}

func receiver(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return receiver(t.X)
	case *ast.IndexExpr:
		return receiver(t.X)
	case *ast.IndexListExpr:
		return receiver(t.X)
	case *ast.Ident:
		return t.Name
	}
	return ""
}

func gofmt(name string, src []byte) ([]byte, error) {
	out, err := format.Source(src)
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", name, err, src)
	}
	return out, nil
}
