package engine

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"testing"

	"loupe/engine/quant"
)

const (
	// f16Rounding is half a last bit of f16, as a part of the value.
	f16Rounding = 1.0 / 2048
	// storedLimit is how far what f32 arithmetic stores may be from what llama.cpp's
	// does before either is rounded, as a part of the largest element.
	storedLimit = 2e-6
	// deeperLimit is the same behind the first layer, where a cache in f16 has changed what
	// is computed, and llama.cpp's gelu, which it rounds to f16, has had a last bit
	// fall the other way.
	deeperLimit = 2e-3
	// storedExcess is by how much a cache in blocks may lose more than llama.cpp's.
	storedExcess = 1.1
)

// dumped is the cache of one layer as llama_state_seq_get_data gives it, rows of
// [cell][K/V head][element].
type dumped struct {
	Cells int    `json:"cells"`
	TypeK string `json:"type_k"`
	TypeV string `json:"type_v"`
	K     string `json:"k_b64"`
	V     string `json:"v_b64"`
}

type dumpedCase struct {
	Name      string            `json:"name"`
	PromptIDs []int             `json:"prompt_ids"`
	Rotation  bool              `json:"rotation"`
	Stored    map[string]dumped `json:"stored"`
}

// values are the elements of K or V, turned where they were stored so.
func (d dumped) values(t *testing.T, part string) []float32 {
	t.Helper()
	text, name := d.K, d.TypeK
	if part == "V" {
		text, name = d.V, d.TypeV
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	typ := CacheType(name).dtype()
	x := make([]float32, len(raw)/typ.BlockBytes()*typ.BlockSize())
	if err := quant.Dequantize(typ, x, raw); err != nil {
		t.Fatal(err)
	}
	return x
}

// storedOf is what a session holds of a layer, in the order of a dump: as it lies there,
// and turned back.
func storedOf(t *testing.T, s *Session, part string, layer int) (raw, plain []float32) {
	t.Helper()
	var heads []*Matrix
	for h := range s.model.net.Config.KVHeads {
		m, err := s.K(layer, h)
		if part == "V" {
			m, err = s.V(layer, h)
		}
		if err != nil {
			t.Fatal(err)
		}
		heads = append(heads, m)
	}
	for cell := range s.Len() {
		x, err := s.Stored(layer, cell)
		if err != nil {
			t.Fatal(err)
		}
		for h, m := range heads {
			of := x.K[h]
			if part == "V" {
				of = x.V[h]
			}
			raw, plain = append(raw, of.Values...), append(plain, m.Row(cell)...)
		}
	}
	return raw, plain
}

func rmsOf(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(a)))
}

// What K, V and Stored give is what llama.cpp has in its cache: in f32 and f16 element by
// element, and in blocks with no more lost than there, in the same turned basis.
func TestGoldenStored(t *testing.T) {
	for _, x := range []struct {
		file string
		load func(t *testing.T, cfg LoadConfig) *Model
	}{{"set2-smollm2-cache.json.gz", smollm2}, {"set2-gemma3-cache.json.gz", gemma3}} {
		t.Run(x.file, func(t *testing.T) {
			var file struct{ Cases []dumpedCase }
			golden(t, x.file, &file)
			cases := map[string]dumpedCase{}
			for _, c := range file.Cases {
				cases[c.Name] = c
			}
			exact, native := cases["mat-f32-exact"], cases["mat-f32"]
			read := func(cfg LoadConfig) *Session {
				cfg.ContextLength, cfg.Exact = 512, true
				s := x.load(t, cfg).NewSession()
				if _, err := s.Eval(exact.PromptIDs); err != nil {
					t.Fatal(err)
				}
				return s
			}
			for _, typ := range []CacheType{F32, F16} {
				s := read(LoadConfig{KCacheType: typ, VCacheType: typ})
				for layer, d := range exact.Stored {
					l, _ := strconv.Atoi(layer)
					for _, part := range []string{"K", "V"} {
						want := d.values(t, part)
						_, got := storedOf(t, s, part, l)
						if len(got) != len(want) {
							t.Fatalf("%s of layer %d: %d elements, want %d", part, l, len(got), len(want))
						}
						most, worst := 0.0, 0.0
						for _, v := range want {
							most = max(most, math.Abs(float64(v)))
						}
						for i, v := range want {
							limit := storedLimit * most
							if l > 0 {
								limit = deeperLimit * most
							}
							if typ == F16 {
								limit += f16Rounding*math.Abs(float64(v)) + 1.0/(1<<25)
							}
							d := math.Abs(float64(got[i]) - float64(v))
							if worst = max(worst, d/limit); d > limit {
								t.Fatalf("%s %s of layer %d, element %d: %v, llama.cpp has %v", typ, part, l, i, got[i], v)
							}
						}
						t.Logf("%s, %s of layer %d: %d elements up to %.3g, differ by %.2f of the limit at most", typ, part, l, len(want), most, worst)
					}
				}
			}
			for _, typ := range []string{"q8_0", "q5_0", "q4_0"} {
				for _, turned := range []string{"rot", "norot"} {
					c, ok := cases[fmt.Sprintf("mat-%s-%s", typ, turned)]
					if !ok {
						t.Fatalf("no case of %s, %s", typ, turned)
					}
					rotation := Off
					if c.Rotation {
						rotation = On
					}
					s := read(LoadConfig{KCacheType: CacheType(typ), VCacheType: CacheType(typ), KRotation: rotation, VRotation: rotation, FlashAttention: On})
					for layer, d := range c.Stored {
						l, _ := strconv.Atoi(layer)
						for _, part := range []string{"K", "V"} {
							raw, plain := storedOf(t, s, part, l)
							theirs := d.values(t, part)
							back := append([]float32(nil), theirs...)
							if r := s.model.pass.RotateK; r != nil && part == "K" {
								unturn(back, r)
							} else if r := s.model.pass.RotateV; r != nil && part == "V" {
								unturn(back, r)
							}
							// What each lost, of what it computed itself: llama.cpp here with
							// activations in 8 bits. The dumps have the first layer only.
							before, here := native.Stored[layer].values(t, part), exact.Stored[layer].values(t, part)
							lost, ours, floor := rmsOf(back, before), rmsOf(plain, here), rmsOf(before, here)
							apart := rmsOf(raw, theirs)
							t.Logf("%s %s, %s of layer %d: lost %.3g, llama.cpp %.3g; apart %.3g; activations %.3g", typ, turned, part, l, ours, lost, apart, floor)
							if ours > storedExcess*lost || lost > storedExcess*ours {
								t.Errorf("%s %s, %s of layer %d: %v is lost, with llama.cpp %v", typ, turned, part, l, ours, lost)
							}
							if apart > math.Sqrt2*storedExcess*math.Max(lost, ours)+storedExcess*floor {
								t.Errorf("%s %s, %s of layer %d: as stored %v apart, of a loss of %v and %v", typ, turned, part, l, apart, ours, lost)
							}
						}
					}
				}
			}
		})
	}
}
