// Command gen writes the assembly of package flash:
//
//	go run . -out ..
//
// makes an assembly file and its stubs for each tier. The output is committed; the
// generator is a module of its own so that avo stays out of the engine's
// dependencies.
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
	out := flags.String("out", "", "folder of package flash")
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
	isa        isa
	write      func(*generator)
}{
	{"avx2_amd64.s", "stubs2_amd64.go", avx2, func(g *generator) {
		g.common()
		g.scores256()
		g.mix256()
		g.columns()
	}},
	{"avx512_amd64.s", "stubs512_amd64.go", avx512, func(g *generator) {
		g.common()
		g.scores512()
		g.mix512()
	}},
}

func generate(out string) error {
	for _, t := range tiers {
		g := &generator{Context: build.NewContext(), isa: t.isa, data: map[string]bool{}}
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
		cfg := printer.Config{Argv: []string{"go", "run", ".", "-out", ".."}, Pkg: "flash"}
		asm, err := printer.NewGoAsm(cfg).Print(file)
		if err != nil {
			return fmt.Errorf("%s: %w", t.asm, err)
		}
		stubs, err := printer.NewStubs(cfg).Print(file)
		if err != nil {
			return fmt.Errorf("%s: %w", t.stubs, err)
		}
		err = errors.Join(
			os.WriteFile(filepath.Join(out, t.asm), withoutLocalPointers(asm), 0o644),
			os.WriteFile(filepath.Join(out, t.stubs), stubs, 0o644),
		)
		if err != nil {
			return err
		}
	}
	return nil
}

// common are the kernels that only differ in the width of their registers.
func (g *generator) common() {
	g.products()
	g.weigh()
	g.rescale()
	g.joins()
	g.largest()
	g.quantise(false)
	g.quantise(true)
	g.halves()
	g.turn()
	g.packs()
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
