package kernel

import (
	"context"
	"errors"
	"go/scanner"
	"go/token"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"loupe/kernel/notebook"
)

// formCells are the code cells of the notebook forms, with the declarations of
// their file in front.
func formCells(t testing.TB) (list []string) {
	files, err := filepath.Glob("testdata/forms/feature_*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no forms", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		src := string(b)
		fset := token.NewFileSet()
		f, err := notebook.Parse(fset, file, src)
		if err != nil {
			t.Fatal(err)
		}
		at := func(p token.Pos) int { return fset.Position(p).Offset }
		head := strings.TrimPrefix(src[:at(f.Main.Pos())], "package main")
		list = append(list, head+src[at(f.Main.Body.Lbrace)+1:at(f.Main.Body.Rbrace)]+src[at(f.Main.End()):])
	}
	return list
}

// tokens are the texts of a source's tokens with the space before each.
func tokens(src string) (list []string) {
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, []byte(src), func(token.Position, string) {}, 0)
	last := 0
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return append(list, src[last:])
		}
		if tok == token.SEMICOLON && lit == "\n" {
			continue
		}
		text := lit
		if text == "" {
			text = tok.String()
		}
		end := min(file.Offset(pos)+len(text), len(src))
		list = append(list, src[last:end])
		last = end
	}
}

// tokenKind tells names, numbers, texts and operators apart.
func tokenKind(tok string) rune {
	for _, r := range strings.TrimSpace(tok) {
		switch {
		case unicode.IsLetter(r):
			return 'a'
		case unicode.IsDigit(r):
			return '0'
		}
		return r
	}
	return ' '
}

// mutated is src with a few of its tokens dropped, doubled, exchanged or
// replaced by others of it.
func mutated(src string, r *rand.Rand) string {
	list := tokens(src)
	for range 1 + r.IntN(3) {
		i, j := r.IntN(len(list)), r.IntN(len(list))
		switch r.IntN(8) {
		default: // another of its kind, so that many still compile
			for n := r.IntN(len(list)); n < len(list); n++ {
				if tokenKind(list[n]) == tokenKind(list[i]) && n != i {
					list[i] = list[n]
					break
				}
			}
		case 0:
			list[i] = ""
		case 1:
			list[i] += list[i]
		case 2:
			list[i], list[j] = list[j], list[i]
		case 3:
			list[i] = list[j]
		case 4:
			list[i] = " " + []string{"nil", "0", "_", "x", "1.5", "\"s\"", "[]int{1}", "func() {}", "any(3)", "for", "{", "}", "*", "&", ":=", "...", "'c'", "struct{}{}", "1 << 70", "iota", "T", "error", "~int"}[r.IntN(23)]
		}
	}
	return strings.Join(list, "")
}

// tried runs a cell and the session after it: nothing but an error may come
// back.
func tried(t *testing.T, src string) *Error {
	if strings.Contains(src, "os.") || strings.Contains(src, "filepath.") {
		return nil // it might write
	}
	k, _ := newKernel(t, Options{AutoImport: true, MaxOutput: 1 << 20})
	defer k.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	start := time.Now()
	err := k.Run(ctx, Cell{Name: "In[1]", Source: src, Show: true})
	var e *Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("%v is no *Error\n%s", err, src)
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("it took %v\n%s", d, src)
	}
	if err := k.Run(context.Background(), Cell{Name: "In[2]", Source: "%stop"}); err != nil {
		t.Fatalf("afterwards %v\n%s", err, src)
	}
	if err := k.Run(context.Background(), Cell{Name: "In[3]", Source: "{\n\tvar __a int = 6\n\tfmt.Print(__a * 7)\n}"}); err != nil && !strings.Contains(src, "fmt") {
		t.Fatalf("afterwards %v\n%s", err, src)
	}
	return e
}

// TestMutations: broken cells come back as errors, and none of them is a
// failure of the kernel's own.
func TestMutations(t *testing.T) {
	cells := formCells(t)
	count := 50
	seed := uint64(1)
	if *long {
		count, seed = 5000, uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
	}
	r := rand.New(rand.NewPCG(seed, 2))
	kinds := map[string]int{}
	for range count {
		src := mutated(cells[r.IntN(len(cells))], r)
		e := tried(t, src)
		kind := "runs"
		if e != nil {
			kind = map[Kind]string{Compile: "refused by the compiler's words", Panic: "panics", Interrupted: "interrupted", Exit: "exits"}[e.Kind]
			for _, own := range []string{"go/types fails", "lowered form is wrong", "fails to compile it", "does not compile it", "a form that"} {
				if strings.Contains(e.Msg, own) {
					t.Errorf("%v\n%s", e, src)
					kind = "own failures"
				}
			}
			if strings.Contains(e.Msg, refusedPrefix) {
				kind = "refused by name"
			}
		}
		kinds[kind]++
	}
	t.Logf("%d mutated cells: %v", count, kinds)
}

// FuzzCells: whatever a cell holds, nothing but an error comes back.
func FuzzCells(f *testing.F) {
	for _, src := range formCells(f) {
		if len(src) < 500 {
			f.Add(src)
		}
	}
	f.Fuzz(func(t *testing.T, src string) { tried(t, src) })
}
