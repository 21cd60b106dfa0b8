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
	"loupe/stdlib/experiment"
	"loupe/stdlib/nb"
)

// must ends the notebook when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// outlier is how much larger the largest channel of a head is than the middle one.
func outlier(sizes []float32) float64 {
	sorted := append([]float32(nil), sizes...)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i] < sorted[j] })
	return float64(sorted[len(sorted)-1] / sorted[len(sorted)/2])
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
	// cache costs counts them). What is lost? The divergence (KLD) says it: how far each
	// prediction is from what it would have been with f16.

	// %% parameters
	model, tokens := "lesson", 120

	// %% All pairs of three types
	//nb:mask \d\.\de-\d+
	types := []engine.CacheType{engine.F16, engine.Q8_0, engine.Q4_0}
	grid := experiment.Grid{
		KCacheType: types, VCacheType: types, Load: engine.LoadConfig{Threads: 2, ContextLength: 512},
		Generate: engine.GenerateConfig{MaxTokens: tokens, RepeatPenalty: 1.1, RepeatLastN: 256},
		PastEnd:  true, Repetitions: 1,
	}
	compared, err := experiment.Compare(model, experiment.RabbitPrompt, grid)
	must(err)
	at := func(c *experiment.Comparison, k, v engine.CacheType) experiment.Row {
		for _, r := range c.Rows {
			if r.Effective.KCacheType == k && r.Effective.VCacheType == v {
				return r
			}
		}
		log.Fatal("K ", k, " with V ", v, " was not compared")
		return experiment.Row{}
	}
	fmt.Println("rows: K, columns: V, divergence in nats")
	fmt.Printf("%-6s %9s %9s %9s\n", "", types[0], types[1], types[2])
	for _, k := range types {
		fmt.Printf("%-6s", k)
		for _, v := range types {
			fmt.Printf(" %9.1e", at(compared, k, v).KLD)
		}
		fmt.Println()
	}

	// %% In a picture
	//nb:mask (?m) +[█▒]* *[\d,.e-]+$
	nb.Show(compared.Chart(experiment.Divergence))

	// %% What the table says
	f16, more, few := types[0], types[1], types[2] // from many bits to few
	both := at(compared, more, more)
	onK, onV := at(compared, few, f16), at(compared, f16, few)
	fmt.Printf("%s on both changes less than a tenth of what %s on K alone does: %t\n", more, few, both.KLD < onK.KLD/10)
	fmt.Printf("%s on K changes more than %s on V: %t\n", few, few, onK.KLD > onV.KLD)

	// %% What one sees of it
	//nb:mask (same text|token \d+)|[\d.]+ %
	for _, r := range []experiment.Row{both, onV, onK} {
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

	// %% How large the channels of K are
	// A row for each K/V head of each layer, a column for each of its channels.
	//nb:skip shades that differ by processor
	m, err := engine.Load(model, engine.LoadConfig{Threads: 2, KCacheType: engine.Q4_0, VCacheType: engine.Q4_0})
	must(err)
	s := m.NewSession()
	prompt := "Once there was a rabbit who lived by the river. The rabbit was happy that day. " +
		"Mia the fox found a red kite at the mill."
	_, err = s.Eval(m.Tokenize(prompt))
	must(err)
	loss, err := s.CacheError()
	must(err)
	nb.Show(loss.K.Sizes())

	// %% And those of V
	//nb:skip shades that differ by processor
	nb.Show(loss.V.Sizes())

	// %% Are they larger in K?
	//nb:mask [\d.]+ times|[\d.]+ %|\d+ of
	larger, inK, inV := 0, 0.0, 0.0
	for i := range loss.K.Heads {
		k, v := outlier(loss.K.Heads[i].ChannelSize), outlier(loss.V.Heads[i].ChannelSize)
		inK, inV = max(inK, k), max(inV, v)
		if k > v {
			larger++
		}
	}
	fmt.Printf("the largest channel of a head is up to %.1f times the middle one in K, up to %.1f times in V\n",
		inK, inV)
	fmt.Printf("in %d of %d heads K has the larger outlier\n", larger, len(loss.K.Heads))
	fmt.Printf("in q4_0 K loses %.1f %% of what was there, V %.1f %%\n", 100*loss.K.Relative, 100*loss.V.Relative)

	// %% What that says
	fmt.Println("in most heads K has the larger outlier:", 2*larger > len(loss.K.Heads))
	fmt.Println("K loses more than V:", loss.K.Relative > loss.V.Relative)

	// %% One block by hand
	// 32 numbers like a wave, then the same with one that is 20 times as large.
	block := make([]float64, 32)
	for i := range block {
		block[i] = math.Sin(float64(3*i + 1))
	}
	spoiled := append([]float64(nil), block...)
	spoiled[5] = 20
	fmt.Printf("rounded to q4_0, mean error: %4.1f %%; turned first: %4.1f %%\n",
		100*q4(block), 100*q4(hadamard(block)))
	fmt.Printf("with one large number:       %4.1f %%; turned first: %4.1f %%\n",
		100*q4(spoiled), 100*q4(hadamard(spoiled)))
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
	for _, pair := range [][2]engine.CacheType{
		{more, more}, {few, f16}, {f16, few}, {few, few},
	} {
		without, with := at(compared, pair[0], pair[1]).KLD, at(turned, pair[0], pair[1]).KLD
		fmt.Printf("K %-5s V %-5s: as they are %.1e, turned %.1e: %.2f times\n",
			pair[0], pair[1], without, with, with/without)
	}

	// %% What is stored, turned
	//nb:mask [\d.]+ %
	rotated, err := engine.Load(model, engine.LoadConfig{
		Threads: 2, KCacheType: engine.Q4_0, VCacheType: engine.Q4_0, KRotation: engine.On, VRotation: engine.On,
	})
	must(err)
	s = rotated.NewSession()
	_, err = s.Eval(rotated.Tokenize(prompt))
	must(err)
	spread, err := s.CacheError()
	must(err)
	fmt.Printf("in q4_0, turned, K loses %.1f %% of what was there, as it is %.1f %%\n",
		100*spread.K.Relative, 100*loss.K.Relative)

	// %% Did it help?
	k0, k1 := at(compared, few, f16).KLD, at(turned, few, f16).KLD
	fmt.Println("K is stored with less loss:", spread.K.Relative < loss.K.Relative)
	fmt.Printf("what %s on K changes in the predictions is at most half: %t\n", few, k1 < k0/2)
	must(rotated.Close())
	must(m.Close())

	// %% [markdown]
	// The two need not agree. A model that hardly minds its keys in q4_0 has little to
	// win, and which of two small divergences is the smaller is chance; the wave by hand
	// even lost by being turned. Run this with `-p model=smollm2 -p tokens=60`, and look
	// at both lines again.
	//
	// ## A question for you
	//
	// q5_1 takes 6 bits a number. Is it nearer to q8_0 or to q4_0 in what it changes?
	// Put engine.Q5_1 in the place of engine.Q8_0 into `types` in the cell "All pairs
	// of three types".
}
