package engine_test

import (
	"context"
	"encoding/json"
	"flag"
	"math"
	"os"
	"testing"

	"loupe/engine"
	"loupe/engine/enginetest"
	"loupe/engine/measure"
)

// Perplexity of the GPL-3 agrees with llama-perplexity's to half a percent.
func TestGoldenGemmaPerplexity(t *testing.T) {
	if flag.Lookup("long").Value.String() != "true" {
		t.Skip("4,096 tokens; run with -long")
	}
	m, err := engine.Load(enginetest.File(t, "gemma3-270m-q4_k_m.gguf", "get it with: loupe pull gemma3-270m"), engine.LoadConfig{ContextLength: 512})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var golden struct {
		Runs []struct {
			K, V string
			PPL  float64 `json:"ppl"`
		}
	}
	data, err := os.ReadFile("testdata/golden/set2-gemma3-perplexity.json")
	if err == nil {
		err = json.Unmarshal(data, &golden)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("measure/testdata/GPL-3.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := golden.Runs[0]
	if want.K != "f16" || want.V != "f16" {
		t.Fatalf("the first reference run is %+v", want)
	}
	p, err := measure.Perplex(context.Background(), m, string(text), 512, 8, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.4f, llama.cpp %.4f", p.PPL, want.PPL)
	if off := p.PPL/want.PPL - 1; math.Abs(off) > 0.005 {
		t.Errorf("%.4f, want %.4f within 0.5 %%", p.PPL, want.PPL)
	}
}
