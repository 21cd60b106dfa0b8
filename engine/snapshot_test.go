package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loupe/engine/kvcache"
)

// A restored session is the one that was saved: the same bits in the cache, and
// what comes next is the same.
func TestSaveAndRestore(t *testing.T) {
	for _, cfg := range []LoadConfig{
		{}, {KCacheType: Q8_0, VCacheType: Q4_0, CacheSinkTokens: 64}, {KCacheType: Q4_0, KRotation: On, RopeFrequencyScale: 0.5},
	} {
		cfg.Threads = 2
		m := lesson(t, cfg)
		s := m.NewSession()
		if _, err := s.Chat(strings.Repeat("Once there was a rabbit. ", 20)+"What is the code?", GenerateConfig{MaxTokens: 5}); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "s.kv")
		if err := s.Save(path); err != nil {
			t.Fatal(err)
		}
		cfg.FlashAttention, cfg.Threads = Off, 1 // which may differ
		for _, other := range []*Model{m, lesson(t, cfg)} {
			r, err := other.Restore(path)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(r.Tokens(), s.Tokens()) || !slices.Equal(r.Messages, s.Messages) {
				t.Errorf("%v became %v", s.Messages, r.Messages)
			}
			for layer := range m.net.Config.Layers {
				a, _ := s.V(layer, 0)
				b, _ := r.V(layer, 0)
				if !slices.Equal(a.Values, b.Values) || !slices.Equal(a.Types, b.Types) {
					t.Fatalf("values of layer %d differ", layer)
				}
			}
			if other != m {
				continue
			}
			a, err := s.Fork().Eval([]int{5, 6})
			if err != nil {
				t.Fatal(err)
			}
			b, err := r.Eval([]int{5, 6})
			if err != nil || !slices.Equal(a, b) {
				t.Errorf("%+v: what comes next differs: %v", cfg, err)
			}
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	m := lesson(t, LoadConfig{})
	s := m.NewSession()
	if _, err := s.Eval(m.Tokenize(strings.Repeat("Once there was a rabbit. ", 20))); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "s.kv")
	if err := s.Save(path); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := func(change func(b []byte) []byte) func() error {
		return func() error {
			bad := filepath.Join(dir, "bad.kv")
			if err := os.WriteFile(bad, change(slices.Clone(good)), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := m.Restore(bad)
			return err
		}
	}
	with := func(cfg LoadConfig) func() error {
		return func() error { _, err := lesson(t, cfg).Restore(path); return err }
	}
	for want, f := range map[string]func() error{
		"another model, lesson":              func() error { _, err := tiny(t, LoadConfig{}).Restore(path); return err },
		"its cache is K f16 and V f16":       with(LoadConfig{VCacheType: Q8_0}),
		"KRotation in blocks of 32":          with(LoadConfig{KRotation: On}),
		"turned with RoPE":                   with(LoadConfig{RopeFrequencyBase: 20000}),
		"do not fit into a context of 64":    with(LoadConfig{ContextLength: 64}),
		"no such file":                       func() error { _, err := m.Restore(filepath.Join(dir, "gone")); return err },
		"damaged or cut off":                 damaged(func(b []byte) []byte { return b[:len(b)-100] }),
		"checksum is not":                    damaged(func(b []byte) []byte { b[len(b)/2] ^= 1; return b }),
		"cut off in its head":                damaged(func(b []byte) []byte { return b[:40] }),
		"this is no session":                 damaged(func(b []byte) []byte { return b[1:] }),
		"bad.kv: this is no session":         damaged(func(b []byte) []byte { return nil }),
		"its form is LOUPEKV9, this program": damaged(func(b []byte) []byte { b[7] = '9'; return b }),
	} {
		err := f()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), "engine: ") != 1 {
			t.Errorf("%v, want %q", err, want)
		}
		if strings.Contains(want, "context of") && !errors.Is(err, kvcache.ErrFull) {
			t.Errorf("%v is not ErrFull", err)
		}
	}
	before := m.cells.MappedBytes()
	damaged(func(b []byte) []byte { b[len(b)/2] ^= 1; return b })()
	if after := m.cells.MappedBytes(); after != before {
		t.Errorf("a refused file left %d bytes", after-before)
	}
}

// On real models too, past a sliding window and in blocks: whatever is generated behind
// what was restored has the logits, bit for bit, of what is generated without.
func TestRestoredModelsGoOnTheSame(t *testing.T) {
	for name, load := range map[string]func(*testing.T, LoadConfig) *Model{"smollm2": smollm2, "gemma3": gemma3} {
		for _, cfg := range []LoadConfig{{}, {KCacheType: Q8_0, VCacheType: Q4_0, KRotation: On, VRotation: On}} {
			cfg.ContextLength = 1024
			m := load(t, cfg)
			s := m.NewSession()
			if _, err := s.Eval(m.Tokenize(strings.Repeat("The cat sat on the mat and looked at the moon. ", 70))[:600]); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "s.kv")
			if err := s.Save(path); err != nil {
				t.Fatal(err)
			}
			r, err := m.Restore(path)
			if err != nil {
				t.Fatal(err)
			}
			next := []int{m.Tokenize(" The")[0]}
			for i := range 8 {
				a, err := s.Eval(next)
				if err != nil {
					t.Fatal(err)
				}
				b, err := r.Eval(next)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(a, b) {
					t.Fatalf("%s, %+v: logits of token %d differ", name, cfg, i)
				}
				next = []int{top(a)}
			}
			m.Close()
		}
	}
}

// A file with a right checksum may say anything: it is refused, or it is a session.
func FuzzRestore(f *testing.F) {
	m, err := Load("lesson", LoadConfig{ContextLength: 128})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { m.Close() })
	s := m.NewSession()
	if _, err := s.Eval(m.Tokenize("Once there was a rabbit.")); err != nil {
		f.Fatal(err)
	}
	dir := f.TempDir()
	path := filepath.Join(dir, "s.kv")
	if err := s.Save(path); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	good = good[:len(good)-sha256.Size]
	head := string(good[12 : 12+binary.LittleEndian.Uint32(good[8:])])
	f.Add(head, 0)
	f.Add(strings.Replace(head, `"Cells":`, `"Cells":-`, 1), 0)
	f.Add(strings.Replace(head, `"Cells":`, `"Cells":99999999999`, 1), 0)
	f.Add(strings.Replace(head, `"Cells":`, `"Gone":7,"Cells":`, 1), 0)
	f.Add(strings.Replace(head, `"Cells":`, `"Gone":-7,"Cells":`, 1), 0)
	f.Add(head, 20)
	f.Add(head, -1<<31)
	f.Add("{}", 1000)
	f.Fuzz(func(t *testing.T, head string, shift int) {
		body := good[12+binary.LittleEndian.Uint32(good[8:]):]
		body = body[min(max(shift, 0), len(body)):]
		b := append([]byte(snapshotMagic), 0, 0, 0, 0)
		binary.LittleEndian.PutUint32(b[8:], uint32(len(head)))
		b = append(append(b, head...), body...)
		sum := sha256.Sum256(b)
		path := filepath.Join(t.TempDir(), "bad.kv")
		if err := os.WriteFile(path, append(b, sum[:]...), 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := m.Restore(path)
		if err != nil {
			return
		}
		defer r.Close()
		if n := r.Len(); n > 128 {
			t.Fatalf("a session of %d cells", n)
		} else if n > 0 {
			r.Cache().Display()
		}
		if _, err := r.Eval([]int{5}); err != nil && r.Len() < 128 {
			t.Logf("what was restored does not go on: %v", err)
		}
	})
}
