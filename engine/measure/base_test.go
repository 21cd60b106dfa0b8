package measure_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"loupe/engine"
	"loupe/engine/enginetest"
	"loupe/engine/measure"
)

const tale = "Once there was a rabbit called Pip. Pip lived under the old mill. One day Pip found a red ball near the river. Pip was happy and ran home. "

// A model does not diverge from itself, a cache type makes it diverge a little,
// and what does not fit is refused.
func TestDiverge(t *testing.T) {
	const path = "lesson" // a random model is so sure of itself that nothing moves it
	text := strings.Repeat(tale, 8)
	cfg := engine.LoadConfig{ContextLength: 64, EvalBatchSize: 20, PhysicalBatchSize: 7, Threads: 1}
	base := load(t, path, cfg)
	heard := 0
	same, err := measure.Diverge(context.Background(), base, load(t, path, cfg), text, 64, 3, func(done, total int, d measure.Divergence) {
		if heard++; done != heard || total != 3 || d.Chunks != done || d.Tokens != 31*done {
			t.Errorf("heard %d of %d with %+v", done, total, d)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := measure.Perplex(context.Background(), base, text, 64, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := measure.Divergence{PPL: p.PPL, PPLErr: p.Err, Tokens: 93, Chunks: 3, BasePPL: p.PPL, BasePPLErr: p.Err, Ratio: 1, SameTop: 1}
	if rounded := same; math.Abs(same.RatioErr) < 1e-6 {
		rounded.RatioErr = 0
		if rounded != want {
			t.Errorf("of a model from itself: %+v, want %+v", same, want)
		}
	} else {
		t.Errorf("error of the ratio %v", same.RatioErr)
	}
	cfg.KCacheType, cfg.VCacheType = engine.Q4_0, engine.Q4_0
	coarse, err := measure.Diverge(context.Background(), base, load(t, path, cfg), text, 64, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg.KCacheType, cfg.VCacheType = engine.Q8_0, engine.Q8_0
	fine, err := measure.Diverge(context.Background(), base, load(t, path, cfg), text, 64, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !(coarse.KLD > 10*fine.KLD && fine.KLD > 0 && coarse.BasePPL == p.PPL && coarse.PPL != p.PPL && fine.Max >= fine.P99 && fine.P99 >= fine.Median) {
		t.Errorf("q4_0 diverges by %+v, q8_0 by %+v", coarse, fine)
	}

	cfg.ContextLength = 32
	short := load(t, path, cfg)
	if _, err := measure.Diverge(context.Background(), short, base, text, 64, 0, nil); err == nil || !strings.Contains(err.Error(), "the base has a context of 32") {
		t.Errorf("a base with too short a context: %v", err)
	}
	if _, err := measure.Diverge(context.Background(), base, base, "short", 64, 0, nil); err == nil || !strings.Contains(err.Error(), "fewer than one chunk") {
		t.Errorf("a short text: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := measure.Diverge(ctx, base, base, text, 64, 0, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// savedBase is the predictions of the random model on two chunks.
func savedBase(t testing.TB, m *engine.Model, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := measure.WriteBase(context.Background(), &b, m, text, 64, 2, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A file gives what comparing at once gives, but for the 16 bits it keeps.
func TestBaseFile(t *testing.T) {
	const path = "lesson"
	// Of the model's own world: what it gives less than exp(-16) the 16 bits of a file
	// do not hold.
	text := strings.Repeat("Once there was a clever otter called Mia who lived near the bridge. Mia liked fine cake more than soup. "+
		"At the pond Mia found a small yellow lamp. \"What a shiny lamp!\" said Otto the crow. In the end they all ate pie and soup and were glad. ", 3)
	cfg := engine.LoadConfig{ContextLength: 64, Threads: 1}
	base := load(t, path, cfg)
	cfg.KCacheType = engine.Q4_0
	m := load(t, path, cfg)
	data := savedBase(t, base, text)
	vocab := base.Vocabulary()
	if want := 8 + 12 + 4*128 + 2*31*2*(vocab+vocab%2+4); len(data) != want {
		t.Errorf("%d bytes for a vocabulary of %d, want %d", len(data), vocab, want)
	}
	b, err := measure.ReadBase(bytes.NewReader(data))
	if err != nil || b.Context != 64 || b.Chunks != 2 || b.Vocabulary != vocab {
		t.Fatalf("%+v, %v", b, err)
	}
	got, err := b.Diverge(context.Background(), m, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := measure.Diverge(context.Background(), base, m, text, 64, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name      string
		got, want float64
	}{
		{"PPL", got.PPL, want.PPL}, {"base PPL", got.BasePPL, want.BasePPL}, {"KLD", got.KLD, want.KLD}, {"max", got.Max, want.Max},
		{"error", got.KLDErr, want.KLDErr}, {"ratio", got.Ratio, want.Ratio},
	} {
		// The divergence is so small here that the 16 bits of the file show in it.
		if math.Abs(x.got/x.want-1) > 5e-2 {
			t.Errorf("%s: %v by the file, %v at once", x.name, x.got, x.want)
		}
	}
	// Two of the best that differ by less than a step of 16 bits may change places.
	if math.Abs(got.SameTop-want.SameTop) > 2.5/62 {
		t.Errorf("same top: %v by the file, %v at once", got.SameTop, want.SameTop)
	}
	if b, err = measure.ReadBase(bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if one, err := b.Diverge(context.Background(), m, 1, nil); err != nil || one.Chunks != 1 || one.Tokens != 31 {
		t.Errorf("one chunk: %+v, %v", one, err)
	}
}

func TestDamagedBases(t *testing.T) {
	path := enginetest.DefaultTiny().Write(t)
	m := load(t, path, engine.LoadConfig{ContextLength: 64, Threads: 1})
	data := savedBase(t, m, strings.Repeat(tale, 8))
	rows := 8 + 12 + 4*128
	diverge := func(data []byte, m *engine.Model) error {
		b, err := measure.ReadBase(bytes.NewReader(data))
		if err == nil {
			_, err = b.Diverge(context.Background(), m, 0, nil)
		}
		return err
	}
	change := func(at int, value uint32) []byte {
		d := bytes.Clone(data)
		binary.LittleEndian.PutUint32(d[at:], value)
		return d
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "ends at byte 0, in the magic"},
		{"other", []byte("GGUF0000"), `begins with "GGUF0000"`},
		{"short head", data[:15], "ends at byte 15, in the head"},
		{"context 3", change(8, 3), "n_ctx of the base is 3"},
		{"context -1", change(8, 1<<32-1), "n_ctx of the base is -1"},
		{"vocabulary 0", change(12, 0), "n_vocab of the base is 0"},
		{"chunks", change(16, 1<<31-1), "n_chunk of the base is 2147483647"},
		{"more chunks than tokens", change(16, 1<<20), "token 128 of the base is "}, // a row is read as tokens
		{"token", change(24, 269), "token 1 of the base is 269; the vocabulary has 269"},
		{"short tokens", data[:rows-2], "in the tokens"},
		{"short rows", data[:len(data)-1], "in prediction 62 of 62"},
		{"NaN", change(rows, math.Float32bits(float32(math.NaN()))), "prediction 1 of 62 of the base has the scale NaN"},
		{"above 1", change(rows+4, math.Float32bits(1)), "lowest log-probability 1"},
	} {
		if err := diverge(c.data, m); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "measure: ") {
			t.Errorf("%s: %v; want it to say %q", c.name, err, c.want)
		}
	}
	if err := diverge(data, load(t, path, engine.LoadConfig{ContextLength: 32, Threads: 1})); err == nil || !strings.Contains(err.Error(), "chunks of 64 tokens, the context is 32") {
		t.Errorf("short context: %v", err)
	}
	if err := diverge(change(12, 270), m); err == nil || !strings.Contains(err.Error(), "vocabulary of 270 tokens") {
		t.Errorf("other vocabulary: %v", err)
	}
	full := errors.New("disk full")
	if _, err := measure.WriteBase(context.Background(), &fullDisk{full, 100}, m, strings.Repeat(tale, 8), 64, 2, nil); !errors.Is(err, full) {
		t.Errorf("full disk: %v", err)
	}
}

// fullDisk takes some bytes.
type fullDisk struct {
	err  error
	left int
}

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.left {
		return d.left, d.err
	}
	d.left -= len(p)
	return len(p), nil
}

// The head of any file is read or refused.
func FuzzReadBase(f *testing.F) {
	head := []byte("_logits_\x04\x00\x00\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00")
	f.Add(head)
	f.Add(head[:20])
	f.Add([]byte("_logits_\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := measure.ReadBase(bytes.NewReader(data))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "measure: ") {
				t.Error(err)
			}
			return
		}
		if b.Context*b.Chunks*4+20 > len(data) {
			t.Errorf("%d chunks of %d tokens were found in %d bytes", b.Chunks, b.Context, len(data))
		}
	})
}

// testdata/llama-perplexity/base.kld is what llama-perplexity 0c1e570 saves of
// SmolLM2 with -c 6 --chunks 1 -b 6 -fa off -ctk f32 -ctv f32, of the tale three
// times: perplexity 8677.1056, two predictions.
func TestLlamaPerplexitysBase(t *testing.T) {
	m := load(t, enginetest.SmolLM2(t), engine.LoadConfig{ContextLength: 6, Exact: true})
	data, err := os.ReadFile("testdata/llama-perplexity/base.kld")
	if err != nil {
		t.Fatal(err)
	}
	b, err := measure.ReadBase(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	d, err := b.Diverge(context.Background(), m, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d.Tokens != 2 || math.Abs(d.BasePPL/8677.1056-1) > 1e-3 || math.Abs(d.Ratio-1) > 0.15 || !(d.KLD > 0 && d.KLD < 0.02) || d.SameTop != 1 {
		t.Errorf("%+v", d)
	}
	// Ours is the same file but for the figures, and these are not far off.
	var ours bytes.Buffer
	if _, err := measure.WriteBase(context.Background(), &ours, m, strings.Repeat(tale, 3), 6, 1, nil); err != nil {
		t.Fatal(err)
	}
	const head = 8 + 12 + 4*6
	if ours.Len() != len(data) || !bytes.Equal(ours.Bytes()[:head], data[:head]) {
		t.Errorf("ours has %d bytes and begins with %x; want %d and %x", ours.Len(), ours.Bytes()[:head], len(data), data[:head])
	}
}
