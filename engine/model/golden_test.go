package model

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loupe/engine/gguf"
	"loupe/engine/internal/simd"
	"loupe/engine/kvcache"
	"loupe/engine/ops"
	"loupe/engine/tensor"
)

var archs = flag.String("archs", "", "folder to write the small models into, for testdata/arch/llama.cpp")

// answers is what testdata/arch/llama.cpp has written about a small model: at every
// seventh position and the last, the logits of every ninth token, from the position's
// remainder on.
type answers struct {
	Name, SHA256 string
	Positions    []struct {
		Pos    int
		Logits []float64
	}
}

// differ is how far logits, [tokens][Vocab], are from these, and where most. Tokens may
// be fewer.
func (r *answers) differ(got [][]float32) (diff float64, pos int) {
	for _, p := range r.Positions {
		if p.Pos >= len(got) {
			break
		}
		for i, want := range p.Logits {
			switch d := math.Abs(float64(got[p.Pos][p.Pos%9+9*i]) - want); {
			case d != d:
				return d, p.Pos
			case d > diff:
				diff, pos = d, p.Pos
			}
		}
	}
	return diff, pos
}

// size is the greatest magnitude.
func (r *answers) size() (size float64) {
	for _, p := range r.Positions {
		for _, v := range p.Logits {
			size = max(size, math.Abs(v))
		}
	}
	return size
}

func references(t *testing.T) map[string]*answers {
	t.Helper()
	var golden struct{ Cases []answers }
	data, err := os.ReadFile("testdata/arch/golden.json")
	if err == nil {
		err = json.Unmarshal(data, &golden)
	}
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*answers{}
	for i, c := range golden.Cases {
		byName[c.Name] = &golden.Cases[i]
	}
	return byName
}

// limit is how far logits with f32 arithmetic may be from llama.cpp's.
const limit = 1e-3

// Every architecture gives llama.cpp's logits on a small random model, in every tier
// of kernels, read at once or in pieces.
func TestArchitectures(t *testing.T) {
	if *archs != "" {
		var list strings.Builder
		for _, s := range smalls {
			fmt.Fprintf(&list, "%s %d %s", s.name, s.ctx(), sum(t, s.write(t, *archs)))
			for _, id := range s.ids() {
				fmt.Fprintf(&list, " %d", id)
			}
			list.WriteString("\n")
		}
		if err := os.WriteFile(filepath.Join(*archs, "list"), []byte(list.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	golden, seen := references(t), map[string]bool{}
	for _, s := range smalls {
		seen[s.arch] = true
		t.Run(s.name, func(t *testing.T) {
			path, want := s.write(t, t.TempDir()), golden[s.name]
			if want == nil || want.SHA256 != sum(t, path) {
				t.Fatal("testdata/arch/golden.json is of other files; its program tells how to make it")
			}
			for _, kern := range simd.All() {
				for _, split := range [][]int{nil, {1, 10, 3}} {
					b := s.open(t, path, kern, true)
					diff, pos := want.differ(b.logits(t, s.ids(), split...))
					if split == nil {
						t.Logf("%s: logits of up to %.1f differ by %.1e, most at position %d of %d", kern.Name, want.size(), diff, pos, len(s.ids()))
					}
					if !(diff <= limit) {
						t.Errorf("%s, pieces %v: position %d: logits of up to %.1f differ by %.1e", kern.Name, split, pos, want.size(), diff)
					}
				}
			}
			// The fast way computes the same model.
			b := s.open(t, path, simd.Best(), false)
			b.pass.Flash = true
			if diff, pos := want.differ(b.logits(t, s.ids(), 7)); !(diff <= 0.05*want.size()) {
				t.Errorf("flash attention and f16 K/V: position %d: logits of up to %.1f differ by %.1e", pos, want.size(), diff)
			}
		})
	}
	for _, a := range Architectures() {
		if !seen[a] {
			t.Errorf("no small model of architecture %s", a)
		}
	}
}

// Nothing is tested by models that would say the same without it: of each architecture
// half of any number in the metadata, and half of every second value of any tensor, takes
// the logits of one model away from llama.cpp's, or is told of before anything runs.
func TestArchitecturesDetect(t *testing.T) {
	if simd.Best().Name == "generic" {
		t.Skip("what matters is the same in every tier, and this one is slow")
	}
	const enough = 100                                             // tokens
	golden, most := references(t), map[string]map[string]float64{} // by architecture and what was changed
	for _, s := range smalls {
		if most[s.arch] == nil {
			most[s.arch] = map[string]float64{}
		}
		change := func(what string, s small) {
			if most[s.arch][what] > 5*limit {
				return // another model has told
			}
			f, err := gguf.Open(s.write(t, t.TempDir()))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			diff := math.Inf(1)
			if _, err := New(f); err == nil {
				b := s.open(t, f.Path, simd.Best(), true)
				diff, _ = golden[s.name].differ(b.logits(t, s.ids()[:enough]))
			}
			most[s.arch][what] = max(most[s.arch][what], diff)
		}
		for key, v := range s.metadata() {
			changed := s
			changed.meta = map[string]any{}
			maps.Copy(changed.meta, s.meta)
			switch v := v.(type) {
			case float32:
				changed.meta[key] = v / 2
			case uint32:
				changed.meta[key] = v / 2
			case bool:
				changed.meta[key] = !v
			case string:
				changed.meta[key] = "none"
			}
			change(key, changed)
		}
		f, err := gguf.Open(s.write(t, t.TempDir()))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, tensor := range f.Tensors {
			if strings.HasPrefix(tensor.Name, "blk.") && !strings.HasPrefix(tensor.Name, "blk.1.") {
				continue // all layers are alike
			}
			changed := s
			changed.halve = tensor.Name
			change(tensor.Name, changed)
		}
	}
	for arch, list := range most {
		for what, diff := range list {
			if !(diff > 5*limit) && what != "context_length" { // which is for settings to know
				t.Errorf("%s: half of %s changes logits by at most %.1e: no model of it would tell", arch, what, diff)
			}
		}
	}
}

func (s small) open(t *testing.T, path string, kern *simd.Kernels, exact bool) *bench {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	m, err := New(f)
	if err != nil {
		t.Fatal(err)
	}
	cache := tensor.F16
	if exact {
		cache = tensor.F32
	}
	store, err := kvcache.NewStore(m.CacheConfig(cache, cache, s.ctx()))
	if err != nil {
		t.Fatal(err)
	}
	cpu := ops.NewCPU(1, kern, exact)
	t.Cleanup(cpu.Close)
	return &bench{m, f, cpu, newPass(m, cpu), store.NewSeq()}
}

// newPass makes a pass, and does the caller's part of its rotation.
func newPass(m *Model, cpu *ops.CPU) *Pass {
	p, c := m.NewPass(cpu, 128), m.Config
	if c.RopeScaling == "yarn" {
		p.Rope.Yarn = ops.Yarn{Ext: c.YarnExt, BetaFast: c.BetaFast, BetaSlow: c.BetaSlow, OrigContext: c.RopeOrigContext}
		p.Rope.Magnitude = c.YarnAttn * (1 + 0.1*math.Log(1/c.RopeScale))
	}
	return p
}

func sum(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

// Whatever the architecture, results do not depend on the number of threads, and
// nothing is allocated per token.
func TestArchitecturesThreadsAndMemory(t *testing.T) {
	for _, s := range smalls {
		t.Run(s.name, func(t *testing.T) {
			path := s.write(t, t.TempDir())
			b := s.open(t, path, simd.Best(), false)
			want := b.logits(t, s.ids()[:100], 20)
			one := []int{5}
			if n := testing.AllocsPerRun(3, func() {
				if err := b.pass.Forward(b.seq, one); err != nil {
					t.Fatal(err)
				}
				b.pass.Logits(0, 1)
			}); n != 0 {
				t.Errorf("a token allocates %v times", n)
			}
			many := s.open(t, path, simd.Best(), false)
			many.cpu = ops.NewCPU(3, simd.Best(), false)
			t.Cleanup(many.cpu.Close)
			many.pass = newPass(many.m, many.cpu)
			for i, row := range many.logits(t, s.ids()[:100], 20) {
				if !slices.Equal(row, want[i]) {
					t.Fatalf("logits of token %d differ between 1 and 3 threads", i)
				}
			}
		})
	}
}

// Whatever the architecture, sequences that read a token each in one pass get the
// logits that each gets alone, and nothing is allocated for it.
func TestArchitecturesInOnePass(t *testing.T) {
	for _, s := range smalls {
		t.Run(s.name, func(t *testing.T) {
			b := s.open(t, s.write(t, t.TempDir()), simd.Best(), true)
			ids := s.ids()
			at := []int{len(ids) - 2, 1, len(ids) / 2, 20}
			var seqs []*kvcache.Seq
			var tokens []int
			want := make([][]float32, len(at))
			read := func(seq *kvcache.Seq, n int) {
				for seq.Len() < n {
					end := min(n, seq.Len()+b.pass.Batch())
					if err := b.pass.Forward(seq, ids[seq.Len():end]); err != nil {
						t.Fatal(err)
					}
				}
			}
			for i, n := range at {
				seq := b.seq.Store().NewSeq()
				read(seq, n)
				alone := seq.Fork()
				if err := b.pass.Forward(alone, ids[n:n+1]); err != nil {
					t.Fatal(err)
				}
				want[i] = slices.Clone(b.pass.Logits(0, 1))
				seqs, tokens = append(seqs, seq), append(tokens, ids[n])
			}
			if err := b.pass.ForwardEach(seqs, tokens); err != nil {
				t.Fatal(err)
			}
			got := b.pass.Logits(0, len(at))
			for i, n := range at {
				row := got[i*b.m.Config.Vocab:][:b.m.Config.Vocab]
				for j := range row {
					if d := math.Abs(float64(row[j] - want[i][j])); !(d <= 1e-4) {
						t.Fatalf("position %d: logit %d is %v, alone %v", n, j, row[j], want[i][j])
					}
				}
				if seqs[i].Len() != n+1 || seqs[i].Cells()[n] != (kvcache.Cell{Pos: n, Token: ids[n]}) {
					t.Errorf("%d cells after position %d", seqs[i].Len(), n)
				}
			}
			for _, seq := range seqs {
				seq.Truncate(30) // away from the end of a page
			}
			if n := testing.AllocsPerRun(3, func() {
				if err := b.pass.ForwardEach(seqs, tokens); err != nil {
					t.Fatal(err)
				}
				b.pass.Logits(0, len(at))
			}); n != 0 {
				t.Errorf("a pass allocates %v times", n)
			}
		})
	}
}

// A tensor that is left out is missed by name, before anything runs.
func TestArchitecturesMissTensors(t *testing.T) {
	done := map[string]bool{}
	for _, s := range smalls {
		if done[s.arch] {
			continue
		}
		done[s.arch] = true
		s.embd, s.layers = s.embd/2, 2 // smaller still: many files are written
		dir := t.TempDir()
		f, err := gguf.Open(s.write(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, tensor := range f.Tensors {
			names = append(names, tensor.Name)
		}
		f.Close()
		for _, name := range names {
			if blk, ok := strings.CutPrefix(name, "blk."); name == "output.weight" || name == "rope_freqs.weight" || ok && !strings.HasPrefix(blk, "1.") {
				continue // may be absent, or is like that of layer 1
			}
			s.drop = name
			f, err := gguf.Open(s.write(t, dir))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := New(f); err == nil || !strings.Contains(err.Error(), strings.TrimSuffix(name, ".weight")) {
				t.Errorf("%s without %s: error %v", s.name, name, err)
			}
			f.Close()
		}
	}
}

// Which layers are local, as files say it in three ways.
func TestWindowPattern(t *testing.T) {
	var s small
	for _, s = range smalls {
		if s.name == "gemma3" {
			break
		}
	}
	s.layers = 4
	for _, c := range []struct {
		pattern any
		want    string
		err     string
	}{
		{nil, "[true true true true]", ""},
		{uint32(2), "[true false true false]", ""},
		{uint32(1), "[false false false false]", ""},
		{[]bool{false, true, true, false}, "[false true true false]", ""},
		{[]int32{0, 1, 0, 1, 1}, "[false true false true]", ""},
		{[]bool{true}, "", "gemma3.attention.sliding_window_pattern has 1 entries for 4 layers"},
		{uint32(0), "[true true true true]", ""},
		{"all", "", "gemma3.attention.sliding_window_pattern"},
	} {
		s.meta = map[string]any{"attention.sliding_window": uint32(24), "attention.sliding_window_pattern": c.pattern}
		f, err := gguf.Open(s.write(t, t.TempDir()))
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := ReadConfig(f)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%v: error %v, want %q", c.pattern, err, c.err)
			}
		case err != nil || fmt.Sprint(cfg.Local) != c.want:
			t.Errorf("%v: %v, %v, want %s", c.pattern, cfg.Local, err, c.want)
		}
		f.Close()
	}
	// Phi-3's is not applied, and Config says so.
	s = smalls[slices.IndexFunc(smalls, func(s small) bool { return s.arch == "phi3" })]
	s.meta = map[string]any{"attention.sliding_window": uint32(2047)}
	f, err := gguf.Open(s.write(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if cfg, err := ReadConfig(f); err != nil || cfg.UnusedWindow != 2047 || cfg.Local != nil {
		t.Errorf("window of %d, local %v, %v", cfg.UnusedWindow, cfg.Local, err)
	}
}
