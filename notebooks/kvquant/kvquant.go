// Quantised K and V: how far keys and values in fewer bits change what a model
// predicts, which of the two minds more, why, and what a rotation does about it.
// Run it with
//
//	go run ./repl/loupe run notebooks/kvquant/kvquant.go
//	go run ./notebooks/kvquant
//
// Both print the same. "-p model=smollm2 -p tokens=60" behind run takes another
// model (some minutes).
package main

import (
	"fmt"
	"log"
	"math"
	"sort"

	"loupe/engine"
	"loupe/engine/observe"
	"loupe/stdlib/experiment"
	"loupe/stdlib/nb"
)

// must ends the notebook when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// rows keeps the keys and values of a pass, as they are before they are stored.
type rows struct {
	keys, values [][]float32 // [layer], [nTok, heads, headDim]
	heads, dim   int
}

// Wants is asked which points of a pass to show.
func (r *rows) Wants(layer int, p observe.Point) bool { return p == observe.KRot || p == observe.V }

// Observe is shown a point: it is valid during the call only, so it is copied.
func (r *rows) Observe(e observe.Event) {
	x := append([]float32(nil), e.X...)
	if e.Point == observe.KRot {
		r.keys = append(r.keys, x)
	} else {
		r.values = append(r.values, x)
	}
	r.heads, r.dim = e.Shape[1], e.Shape[2]
}

// outlier is how much larger the largest channel is than the middle one, by their
// mean sizes over all tokens.
func outlier(x []float32, channels int) float64 {
	size := make([]float64, channels)
	for i, v := range x {
		size[i%channels] += math.Abs(float64(v))
	}
	sort.Float64s(size)
	return size[channels-1] / size[channels/2]
}

// q4 rounds a block as q4_0 does: 16 steps, scaled by the largest number. It gives
// the mean error as a share of the mean size.
func q4(block []float64) float64 {
	top := 0.0
	for _, v := range block {
		if math.Abs(v) > math.Abs(top) {
			top = v
		}
	}
	d := top / -8
	wrong, all := 0.0, 0.0
	for _, v := range block {
		back := 0.0
		if d != 0 {
			back = d*math.Min(math.Max(math.Floor(v/d+8.5), 0), 15) - 8*d
		}
		wrong += math.Abs(v - back)
		all += math.Abs(v)
	}
	return wrong / all
}

// hadamard turns a block of 2^n numbers: every result is a sum of all of them with
// signs, so that one large number becomes many middling ones.
func hadamard(block []float64) []float64 {
	x := append([]float64(nil), block...)
	for h := 1; h < len(x); h *= 2 {
		for i := 0; i < len(x); i += 2 * h {
			for j := i; j < i+h; j++ {
				x[j], x[j+h] = x[j]+x[j+h], x[j]-x[j+h]
			}
		}
	}
	for i := range x {
		x[i] /= math.Sqrt(float64(len(x)))
	}
	return x
}

func main() {
	// %% [markdown]
	// # Quantised keys and values
	//
	// A cache in q8_0 takes half of f16, in q4_0 about a quarter (the lesson on what a
	// cache costs counts them). What is lost? Speed and perplexity do not show it. The
	// divergence (KLD) does: how far each prediction is from what it would have been.

	// %% parameters
	model, tokens := "lesson", 120

	// %% All pairs of three types
	//nb:mask \d\.\de-\d+
	types := []engine.CacheType{engine.F16, engine.Q8_0, engine.Q4_0}
	grid := experiment.Grid{
		KCacheType: types, VCacheType: types, Load: engine.LoadConfig{Threads: 2, ContextLength: 512},
		Generate: engine.GenerateConfig{MaxTokens: tokens, RepeatPenalty: 1.1, RepeatLastN: 256}, PastEnd: true, Repetitions: 1,
	}
	compared, err := experiment.Compare(model, experiment.RabbitPrompt, grid)
	must(err)
	at := func(c *experiment.Comparison, k, v engine.CacheType) experiment.Row {
		for _, r := range c.Rows {
			if r.Effective.KCacheType == k && r.Effective.VCacheType == v {
				return r
			}
		}
		return experiment.Row{}
	}
	fmt.Println("rows: K, columns: V, divergence in nats")
	fmt.Printf("%-6s %9s %9s %9s\n", "", types[0], types[1], types[2])
	for _, k := range types {
		fmt.Printf("%-6s %9.1e %9.1e %9.1e\n", k, at(compared, k, engine.F16).KLD, at(compared, k, engine.Q8_0).KLD, at(compared, k, engine.Q4_0).KLD)
	}

	// %% In a picture
	//nb:mask (?m) +[█▒]* *[\d,.e-]+$
	nb.Show(compared.Chart(experiment.Divergence))

	// %% What that says
	q8, q4k, q4v := at(compared, engine.Q8_0, engine.Q8_0), at(compared, engine.Q4_0, engine.F16), at(compared, engine.F16, engine.Q4_0)
	fmt.Println("q8_0 on both changes less than a tenth of what q4_0 on K alone does:", q8.KLD < q4k.KLD/10)
	fmt.Println("q4_0 on K changes more than q4_0 on V:", q4k.KLD > q4v.KLD)

	// %% What one sees of it
	//nb:mask (same text|token \d+)|[\d.]+ %
	for _, r := range []experiment.Row{q8, q4v, q4k} {
		where := "same text"
		if r.Differs >= 0 {
			where = fmt.Sprintf("token %d", r.Differs)
		}
		fmt.Printf("K %-5s V %-5s: %.1f %% of the predictions have the same likeliest token, the text parts at: %s\n",
			r.Effective.KCacheType, r.Effective.VCacheType, 100*r.SameTop, where)
	}

	// %% [markdown]
	// A text that reads well says nothing: one token that differs leads to another
	// story, which is as good. Ask how often the same token comes first.
	//
	// ## Why keys?
	//
	// Types of few bits store 32 numbers with one scale, set by the largest. Where one
	// channel is always much larger than the others, these are rounded in its steps.
	// Keys are known for such channels (Liu et al., 2024, KIVI). Are there any here?

	// %% Keys and values of a prompt
	//nb:mask [\d.]+ times
	m, err := engine.Load(model, engine.LoadConfig{Threads: 2})
	must(err)
	s := m.NewSession()
	seen := &rows{}
	s.Observe(seen)
	prompt := "Once there was a rabbit who lived by the river. The rabbit was happy that day. Mia the fox found a red kite at the mill."
	_, err = s.Eval(m.Tokenize(prompt))
	must(err)
	for l := range seen.keys {
		channels := seen.heads * seen.dim
		fmt.Printf("layer %2d: the largest channel of K is %4.1f times the middle one, of V %4.1f times\n", l, outlier(seen.keys[l], channels), outlier(seen.values[l], channels))
	}

	// %% Are they larger in K?
	more := 0
	for l := range seen.keys {
		if outlier(seen.keys[l], seen.heads*seen.dim) > outlier(seen.values[l], seen.heads*seen.dim) {
			more++
		}
	}
	fmt.Printf("in %d of %d layers K has the larger outlier\n", more, len(seen.keys))

	// %% One block by hand
	// 32 numbers like a wave, then the same with one that is 20 times as large.
	block := make([]float64, 32)
	for i := range block {
		block[i] = math.Sin(float64(3*i + 1))
	}
	spoiled := append([]float64(nil), block...)
	spoiled[5] = 20
	fmt.Printf("rounded to q4_0, mean error: %4.1f %%; turned first: %4.1f %%\n", 100*q4(block), 100*q4(hadamard(block)))
	fmt.Printf("with one large number:       %4.1f %%; turned first: %4.1f %%\n", 100*q4(spoiled), 100*q4(hadamard(spoiled)))
	others := append(append([]float64(nil), spoiled[:5]...), spoiled[6:]...)
	small := 0.0
	for _, v := range others {
		if math.Abs(v) < 20.0/16 {
			small++
		}
	}
	fmt.Printf("of the 31 others %.0f are less than half a step, and come back as nothing\n", small)

	// %% [markdown]
	// ## The rotation
	//
	// A Hadamard matrix turns keys and queries alike, so that their products stay what
	// they are, and spreads what is large over all channels. llama.cpp does so for
	// quantised types since 2026 (PR 21038). It helps where there is an outlier to
	// spread; the numbers above say whether to expect much here.

	// %% With and without
	//nb:mask \d\.\d+e-\d+|[\d.]+ times
	grid.Load.KRotation, grid.Load.VRotation = engine.On, engine.On
	turned, err := experiment.Compare(model, experiment.RabbitPrompt, grid)
	must(err)
	for _, pair := range [][2]engine.CacheType{{engine.Q8_0, engine.Q8_0}, {engine.Q4_0, engine.F16}, {engine.F16, engine.Q4_0}, {engine.Q4_0, engine.Q4_0}} {
		without, with := at(compared, pair[0], pair[1]).KLD, at(turned, pair[0], pair[1]).KLD
		fmt.Printf("K %-5s V %-5s: as they are %.1e, turned %.1e: %.2f times\n", pair[0], pair[1], without, with, with/without)
	}

	// %% Did it help?
	k0, k1 := at(compared, engine.Q4_0, engine.F16).KLD, at(turned, engine.Q4_0, engine.F16).KLD
	fmt.Println("the rotation at least halves what q4_0 on K changes:", k1 < k0/2)
	must(m.Close())

	// %% [markdown]
	// If that says false, it is no fault: where there are no outliers to spread there is
	// little to gain, and the wave by hand even lost by it. On SmolLM2, whose keys have
	// them, run this with `-p model=smollm2 -p tokens=60` and compare.
	//
	// ## A question for you
	//
	// q5_1 takes 6 bits a number. Is it nearer to q8_0 or to q4_0 in what it changes?
	// Put engine.Q5_1 in the place of engine.Q8_0 into `types` in the cell "All pairs
	// of three types".
}
