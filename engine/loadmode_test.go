package engine

import (
	"context"
	"os"
	"slices"
	"testing"

	"loupe/engine/enginetest"
)

// However the weights get into memory, they are the same; one that was read whole
// does not mind that its file is gone.
func TestLoadMode(t *testing.T) {
	saving(t)
	var want []int
	for _, mode := range []LoadMode{"", LoadMmap, LoadRead, LoadLock} {
		for _, exact := range []bool{false, true} {
			path := enginetest.DefaultTiny().Write(t)
			m, err := Load(path, LoadConfig{LoadMode: mode, Exact: exact, ContextLength: 32})
			if err != nil {
				if mode == LoadLock && os.Geteuid() != 0 {
					t.Logf("%v", err)
					continue
				}
				t.Fatal(err)
			}
			if mode == LoadRead {
				if err := os.Truncate(path, 0); err != nil {
					t.Fatal(err)
				}
			}
			r, err := m.NewSession().Generate(prompt, GenerateConfig{MaxTokens: 10})
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = r.IDs
			}
			if !slices.Equal(r.IDs, want) {
				t.Errorf("%q, exact %v: %v, want %v", mode, exact, r.IDs, want)
			}
			if s := m.Settings(); mode != "" && s.LoadMode != mode || mode == "" && s.LoadMode != LoadMmap {
				t.Errorf("%q: the settings say %q", mode, s.LoadMode)
			}
			m.Close()
		}
	}
	if _, err := Load("lesson", LoadConfig{LoadMode: "dio"}); err == nil {
		t.Error("dio was accepted")
	}
}

// Load ends with its context, in whatever step it is, and the next one is whole.
func TestLoadContext(t *testing.T) {
	saving(t)
	path := enginetest.DefaultTiny().Write(t)
	steps := map[string]LoadMode{"read": LoadRead, "packed": LoadMmap}
	for step, mode := range steps {
		ctx, cancel := context.WithCancel(t.Context())
		var heard []string
		restore := SetHost(&Host{
			Context: func() context.Context { return ctx },
			Progress: func(label string, done, total int64, unit string) {
				if done > total || unit != "bytes" {
					t.Errorf("%s: %d of %d %s", label, done, total, unit)
				}
				if heard = append(heard, label); label == step {
					cancel()
				}
			},
		})
		m, err := Load(path, LoadConfig{LoadMode: mode, ContextLength: 32})
		restore()
		if m != nil || err != context.Canceled || !slices.Contains(heard, step) {
			t.Errorf("ended while %s: %v, %v; heard %v", step, m, err, heard)
		}
		if m, err = LoadContext(ctx, path, LoadConfig{}); m != nil || err != context.Canceled {
			t.Errorf("ended before: %v, %v", m, err)
		}
		m, err = Load(path, LoadConfig{LoadMode: mode, ContextLength: 32})
		if err != nil {
			t.Fatal(err)
		}
		generate(t, m.NewSession(), prompt, GenerateConfig{MaxTokens: 1})
		m.Close()
	}
}
