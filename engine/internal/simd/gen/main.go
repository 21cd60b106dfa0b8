// Command gen writes the assembly of package simd:
//
//	go run . -out ..
//
// makes the assembly files and their stubs, a pair for each tier, and tiles_amd64.go. The output is committed; the generator
// is a module of its own so that avo stays out of the engine's dependencies.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	// avo has taken the global flag set.
	flags := flag.NewFlagSet("gen", flag.ExitOnError)
	out := flags.String("out", "", "folder of package simd")
	flags.Parse(os.Args[1:])
	if *out == "" || flags.NArg() != 0 {
		fmt.Fprintln(os.Stderr, "usage: go run . -out FOLDER")
		os.Exit(2)
	}
	if err := generate(*out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// tiers are the files to write and what goes into each.
var tiers = []struct {
	asm, stubs string
	write      func(*generator)
	finish     func(asm []byte) []byte
}{
	{"avx2_amd64.s", "stubs_amd64.go", func(g *generator) {
		g.integerProducts()
		g.floatProducts()
		g.vectors()
		g.exponentials()
		g.quantize()
		g.rotations()
		g.stores()
		g.expansions()
		g.attention()
		g.panels256()
		g.floatPanels256()
	}, asIs},
	{"avxvnni_amd64.s", "stubsvnni_amd64.go", func(g *generator) {
		g.panelsVNNI()
	}, withoutEVEX},
	{"avx512_amd64.s", "stubs512_amd64.go", func(g *generator) {
		g.quantize512()
		g.exponentials512()
		g.panels512()
		g.floatPanels512()
	}, asIs},
}

func asIs(asm []byte) []byte { return asm }

func generate(out string) error {
	for _, t := range tiers {
		g := &generator{Context: build.NewContext(), data: map[string]bool{}}
		g.ConstraintExpr("amd64,!purego")
		t.write(g)
		file, err := g.Result()
		if err == nil {
			err = pass.Compile.Execute(file)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", t.asm, err)
		}
		file.Includes = []string{"funcdata.h", "textflag.h"}
		cfg := printer.Config{Argv: []string{"go", "run", ".", "-out", ".."}, Pkg: "simd"}
		asm, err := printer.NewGoAsm(cfg).Print(file)
		if err != nil {
			return fmt.Errorf("%s: %w", t.asm, err)
		}
		stubs, err := printer.NewStubs(cfg).Print(file)
		if err != nil {
			return fmt.Errorf("%s: %w", t.stubs, err)
		}
		err = errors.Join(
			os.WriteFile(filepath.Join(out, t.asm), t.finish(withoutLocalPointers(asm)), 0o644),
			os.WriteFile(filepath.Join(out, t.stubs), stubs, 0o644),
		)
		if err != nil {
			return err
		}
	}
	tables, err := tileTables()
	if err != nil {
		return fmt.Errorf("tiles_amd64.go: %w", err)
	}
	return os.WriteFile(filepath.Join(out, "tiles_amd64.go"), tables, 0o644)
}

// withoutLocalPointers tells the garbage collector that the frames hold no
// pointers, which avo has no word for.
func withoutLocalPointers(asm []byte) []byte {
	lines := bytes.SplitAfter(asm, []byte("\n"))
	var b bytes.Buffer
	for _, line := range lines {
		b.Write(line)
		if bytes.HasPrefix(line, []byte("TEXT ")) {
			b.WriteString("\tNO_LOCAL_POINTERS\n")
		}
	}
	return b.Bytes()
}
