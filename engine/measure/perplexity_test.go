package measure_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"strings"
	"testing"

	"loupe/engine"
	"loupe/engine/enginetest"
	"loupe/engine/measure"
	"loupe/engine/tensor"
)

var long = flag.Bool("long", false, "also run the tests that take minutes")

func load(t *testing.T, path string, cfg engine.LoadConfig) *engine.Model {
	t.Helper()
	m, err := engine.Load(path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// Perplexity of the GPL-3 agrees with llama-perplexity's to half a percent.
func TestGoldenPerplexity(t *testing.T) {
	m := load(t, enginetest.SmolLM2(t), engine.LoadConfig{ContextLength: 512})
	var golden struct {
		Runs []struct {
			K, V  string
			After []float64 `json:"ppl_after_chunk"`
			Err   float64   `json:"ppl_error"`
		}
	}
	data, err := os.ReadFile("testdata/set2-smollm2-perplexity.json")
	if err == nil {
		err = json.Unmarshal(data, &golden)
	}
	text, err2 := os.ReadFile("testdata/GPL-3.txt")
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	want := golden.Runs[0]
	if want.K != "f16" || want.V != "f16" || len(want.After) != 8 {
		t.Fatalf("the first reference run is %+v", want)
	}
	chunks := 4
	if *long {
		chunks = 8
	} else if m.Settings().Kernels == "generic" {
		t.Skip("2,048 tokens on generic kernels; run with -long")
	}
	heard := 0
	p, err := measure.Perplex(context.Background(), m, string(text), 512, chunks, func(done, total int, ppl float64) {
		if heard++; done != heard || total != chunks {
			t.Errorf("progress %d of %d, want %d of %d", done, total, heard, chunks)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if p.Chunks != chunks || p.Tokens != 255*chunks || len(p.Each) != chunks {
		t.Errorf("%d chunks, %d predictions, %d figures; want %d chunks of 255", p.Chunks, p.Tokens, len(p.Each), chunks)
	}
	for i, ppl := range p.Each {
		off := ppl/want.After[i] - 1
		t.Logf("after chunk %d: %.4f, llama.cpp %.4f (%+.2f %%)", i+1, ppl, want.After[i], 100*off)
		if i == chunks-1 && math.Abs(off) > 0.005 {
			t.Errorf("after chunk %d: %.4f, want %.4f within 0.5 %%", i+1, ppl, want.After[i])
		}
	}
	if chunks == 8 && math.Abs(p.Err/want.Err-1) > 0.02 {
		t.Errorf("standard error %.4f, want %.4f", p.Err, want.Err)
	}
}

// A model whose logits are all the same is exactly as perplexed as its
// vocabulary is large.
func TestUniformModel(t *testing.T) {
	c := enginetest.DefaultTiny()
	c.Type = tensor.F32
	c.Meta = map[string]any{"llama.attention.layer_norm_rms_epsilon": float32(1e30)} // every norm gives next to 0
	m := load(t, c.Write(t), engine.LoadConfig{})
	tokens, _, _ := c.Vocab()
	p, err := measure.Perplex(context.Background(), m, strings.Repeat("the hen and the man ", 40), 64, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := float64(len(tokens)); math.Abs(p.PPL/n-1) > 1e-6 || p.Err > 1e-3 {
		t.Errorf("perplexity %v ± %v, want %v ± 0", p.PPL, p.Err, n)
	}
}

func TestWhatCannotBeScoredIsRefused(t *testing.T) {
	m := load(t, enginetest.DefaultTiny().Write(t), engine.LoadConfig{ContextLength: 64})
	for _, bad := range []struct {
		text string
		len  int
		want string
	}{
		{"short", 64, "fewer than one chunk of 64"},
		{strings.Repeat("long ", 100), 100, "from 4 to the context of 64"},
		{strings.Repeat("long ", 100), 2, "from 4 to the context of 64"},
	} {
		if _, err := measure.Perplex(context.Background(), m, bad.text, bad.len, 0, nil); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("error %v does not say %q", err, bad.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := measure.Perplex(ctx, m, strings.Repeat("long ", 100), 64, 0, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
