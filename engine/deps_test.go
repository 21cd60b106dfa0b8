package engine

import (
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// policy says who may import whom: the packages of this module that each
// package may import besides the standard library, in its tests too unless the
// line says test. It is a statement of how the house is built: a new line here
// is a decision, not a repair.
const policy = `
	engine/tensor:          -
	engine/internal/pool:   -
	engine/internal/ref:    -
	engine/observe:         engine
	engine/picture:         -
	engine/tables:          -
	engine/sample:          -
	engine/grammar:         -
	engine/chat:            engine/enginetest
	engine/quant:           engine/tensor
	engine/gguf:            engine/tensor engine/quant engine/enginetest engine/internal/offheap
	engine/internal/simd:   engine/tensor engine/quant
	engine/internal/flash:  engine/tensor engine/quant engine/internal/simd
	engine/token:           engine/gguf engine/tensor engine/enginetest
	engine/store:           engine/gguf engine/tensor engine/store/lesson
	engine/store/lesson:    engine engine/*
	engine/store/lesson/train: engine/gguf engine/quant engine/tensor engine/store/lesson/train/corpus
	engine/store/lesson/train/corpus: engine/token
	engine/internal/offheap: -
	engine/kvcache:         engine/tensor engine/quant engine/internal/offheap engine/internal/simd
	engine/ops:             engine/tensor engine/quant engine/kvcache engine/internal/*
	engine/model:           engine/tensor engine/quant engine/gguf engine/kvcache engine/ops engine/observe engine/internal/simd engine/internal/ref engine/enginetest
	engine:                 engine/*
	engine/quantize:        engine/gguf engine/quant engine/tensor
	engine/measure:         engine engine/enginetest engine/tensor
	engine/measure/compare: engine/measure engine/internal/simd
	engine/enginetest:      engine/gguf engine/quant engine/tensor
	stdlib/nb:              engine
	stdlib/chain:           engine engine/chat engine/grammar stdlib/nb engine/enginetest engine/store/lesson/train/corpus
	stdlib/chain/openai:    engine engine/chat stdlib/chain
	stdlib/experiment:      engine engine/chat engine/picture engine/tables stdlib/nb stdlib/chain engine/enginetest engine/store/lesson/train/corpus
	stdlib/symbols:         engine engine/chat engine/sample engine/observe engine/picture stdlib/nb stdlib/chain stdlib/chain/openai stdlib/experiment
	stdlib/symbols/gen:     -
	kernel/notebook:        -
	kernel/display:         stdlib/nb
	kernel/check:           kernel/notebook stdlib/symbols
	kernel/lower:           kernel/check kernel/display
	kernel/mirror:          kernel/display
	kernel/mirror/template: kernel/mirror
	kernel/mirror/gob:      kernel/mirror
	kernel/export:          kernel kernel/* engine/picture
	kernel:                 kernel/* stdlib/nb stdlib/symbols engine/enginetest
	repl/internal/ptytest:  -
	repl:                   kernel repl/internal/ptytest
	jupyter:                kernel
	jupyter/logo:           -
	repl/loupe:             repl kernel kernel/export jupyter engine engine/* repl/internal/ptytest
	notebooks:              -
	notebooks/*:            engine engine/chat engine/observe engine/picture stdlib/nb stdlib/chain stdlib/chain/openai stdlib/experiment
	examples:               engine/enginetest
	examples/*:             engine engine/observe stdlib/chain stdlib/experiment
	examples/inside:        engine/enginetest
	examples/inside/*:      engine engine/observe engine/picture stdlib/nb stdlib/experiment
`

// libraries names third-party packages that belong to one place only.
var libraries = map[string][]string{
	"github.com/traefik/yaegi":                 {"kernel", "stdlib/symbols"},
	"github.com/petermattis/goid":              {"kernel"},
	"github.com/chzyer/readline":               {"repl"},
	"github.com/fatih/color":                   {"repl"},
	"github.com/ardanlabs/jinja":               {"engine/chat"},
	"github.com/dlclark/regexp2":               {"engine/token"},
	"github.com/pelletier/go-toml/v2":          {"engine"},
	"github.com/spf13/cobra":                   {"repl"},
	"github.com/yuin/goldmark":                 {"kernel/export"},
	"github.com/alecthomas/chroma":             {"kernel/export"},
	"github.com/rogpeppe/go-internal":          {"repl"},
	"github.com/creack/pty":                    {"repl"},
	"github.com/go-zeromq/zmq4":                {"jupyter"},
	"github.com/santhosh-tekuri/jsonschema/v6": {"engine/grammar", "stdlib/chain"},
}

func TestWhoImportsWhom(t *testing.T) {
	allowed := map[string][]string{}
	for _, line := range strings.Split(strings.TrimSpace(policy), "\n") {
		name, list, _ := strings.Cut(strings.TrimSpace(line), ":")
		allowed[name] = strings.Fields(list)
	}
	seen := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if base := d.Name(); path != ".." && (strings.HasPrefix(base, ".") || base == "testdata") {
			return filepath.SkipDir
		}
		if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil && path != ".." {
			return filepath.SkipDir // a module of its own
		}
		p, err := build.ImportDir(path, 0)
		if err != nil {
			return nil // no Go files here
		}
		name := filepath.ToSlash(strings.TrimPrefix(path, ".."+string(filepath.Separator)))
		rules, ok := allowed[name]
		if !ok {
			rules, ok = allowed[filepath.ToSlash(filepath.Dir(name))+"/*"]
		}
		if !ok {
			t.Errorf("package %s is not in the policy", name)
			return nil
		}
		seen++
		for _, imp := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if own, ok := strings.CutPrefix(imp, "loupe/"); ok {
				if own != name && !slices.ContainsFunc(rules, func(r string) bool { return matches(r, own) }) {
					t.Errorf("%s imports %s, which the policy does not allow", name, own)
				}
			}
			for lib, homes := range libraries {
				if (imp == lib || strings.HasPrefix(imp, lib+"/")) && !slices.ContainsFunc(homes, func(h string) bool {
					return name == h || strings.HasPrefix(name, h+"/")
				}) {
					t.Errorf("%s imports %s, which belongs in %v only", name, imp, homes)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 15 {
		t.Errorf("only %d packages were looked at", seen)
	}
}

// matches reports whether rule, which may end in /*, covers a package.
func matches(rule, pkg string) bool {
	if prefix, ok := strings.CutSuffix(rule, "*"); ok {
		return strings.HasPrefix(pkg, prefix)
	}
	return rule == pkg
}
