// What a cache costs: bytes by context length, by heads and by the types of K and
// V, computed, estimated and measured. Run it with
//
//	go run ./repl/loupe run notebooks/cachecost/cachecost.go
//	go run ./notebooks/cachecost
//
// Both print the same. "-p model=smollm2" behind run takes another model.
package main

import (
	"fmt"
	"log"
	"strings"

	"loupe/engine"
	"loupe/engine/observe"
	"loupe/engine/picture"
	"loupe/stdlib/nb"
)

// must ends the notebook when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// heads looks at a pass and keeps how many heads ask and how many are asked.
type heads struct{ query, kv, dim int }

// Wants is asked which points of a pass to show.
func (h *heads) Wants(layer int, p observe.Point) bool {
	return layer == 0 && (p == observe.Q || p == observe.K)
}

// Observe is shown a point: [nTok, nHead, headDim].
func (h *heads) Observe(e observe.Event) {
	if e.Point == observe.Q {
		h.query = e.Shape[1]
	} else {
		h.kv = e.Shape[1]
	}
	h.dim = e.Shape[2]
}

func main() {
	// %% [markdown]
	// # What a cache costs
	//
	// For each token every layer keeps a key and a value. How many bytes is that, and
	// which settings change it?

	// %% parameters
	model := "lesson"

	// %% The shape of the model
	m, err := engine.Load(model, engine.LoadConfig{Threads: 2})
	must(err)
	s := m.NewSession()
	shape := &heads{}
	s.Observe(shape)
	_, err = s.Generate("Mia the fox found a red kite at the mill.", engine.GenerateConfig{MaxTokens: 1})
	must(err)
	layers := s.Cache().Layers
	fmt.Printf("%s: %d layers, %d query heads, %d heads of K and V, %d numbers in each\n",
		model, layers, shape.query, shape.kv, shape.dim)

	// %% Bytes of a token
	// f16 has two bytes a number, and there are K and V.
	bytes := layers * shape.kv * shape.dim * 2 * 2
	fmt.Printf("layers x heads of K and V x numbers x 2 bytes x 2 = %d; the engine says %d\n",
		bytes, m.Settings().CellBytes)

	// %% [markdown]
	// ## Several heads share one key
	//
	// When several query heads share a head of K and V (grouped-query attention) the
	// cache is smaller by that factor. These are published shapes, and 10,000 tokens
	// in f16.

	// %% Published models
	type published struct {
		name                    string
		params                  float64 // billions
		layers, heads, kv, size int
	}
	list := []published{
		{"SmolLM2-135M", 0.135, 30, 9, 3, 64},
		{"Qwen2.5-0.5B", 0.5, 24, 14, 2, 64},
		{"Qwen3-0.6B", 0.6, 28, 16, 8, 128},
		{"TinyLlama-1.1B", 1.1, 22, 32, 4, 64},
		{"Llama-3.2-1B", 1.2, 16, 32, 8, 64},
		{"Llama-2-7B", 6.7, 32, 32, 32, 128},
		{"Llama-3.1-8B", 8, 32, 32, 8, 128},
	}
	kib, size := map[string]float64{}, map[string]float64{}
	for _, x := range list {
		token := x.layers * x.kv * x.size * 4
		kib[x.name], size[x.name] = float64(token)/1024, x.params
		fmt.Printf("%-15s %5.1f KiB a token, %9s; with a key for every head %9s\n", x.name,
			kib[x.name], engine.Size(int64(10000*token)), engine.Size(int64(10000*token*x.heads/x.kv)))
	}

	// %% In a picture
	bars := picture.Bars{Title: "K and V of 10,000 tokens in f16", Name: "MiB"}
	for _, x := range list {
		bars.Labels, bars.Values = append(bars.Labels, x.name), append(bars.Values, kib[x.name]*10000/1024)
	}
	nb.Show(bars)

	// %% Does a larger model have a larger cache?
	fmt.Printf("Qwen3-0.6B keeps %.1f times what Llama-3.2-1B keeps, which has %.1f times its weights\n",
		kib["Qwen3-0.6B"]/kib["Llama-3.2-1B"], size["Llama-3.2-1B"]/size["Qwen3-0.6B"])
	fmt.Printf("Llama-2-7B keeps %.1f times what Llama-3.1-8B keeps\n", kib["Llama-2-7B"]/kib["Llama-3.1-8B"])

	// %% [markdown]
	// So the size of a model says little about the size of its cache: layers, heads of
	// K and V and their size say all.
	//
	// ## Types
	//
	// Keys and values can be stored in fewer bits. Blocks of 32 numbers share a scale,
	// which costs bits too.

	// %% Bits of a number
	for _, t := range engine.CacheTypes() {
		small, err := engine.Load(model, engine.LoadConfig{Threads: 2, KCacheType: t, VCacheType: t})
		must(err)
		cell := small.Settings().CellBytes
		fmt.Printf("%-7s %6d bytes a token, %4.1f bits a number, %3.0f %% of f16\n", t, cell,
			8*float64(cell)/float64(layers*shape.kv*shape.dim*2), 100*float64(cell)/float64(bytes))
		must(small.Close())
	}

	// %% [markdown]
	// What is called 8 bits is more, and so is what is called 4 bits, see the numbers
	// above: the rest is the scale of each block.
	//
	// ## Context
	//
	// The cache grows with the tokens in it, and it is taken as they come: a long
	// context costs nothing until it is used.

	// %% Before loading
	for _, length := range []int{512, 2048, 8192, 32768} {
		fmt.Printf("%6d tokens:", length)
		for _, t := range []engine.CacheType{engine.F16, engine.Q8_0, engine.Q4_0} {
			e, err := engine.Estimate(model, engine.LoadConfig{
				Threads: 2, ContextLength: length, KCacheType: t, VCacheType: t, LoadAnyway: true,
			})
			must(err)
			fmt.Printf("  %s %9s", t, engine.Size(e.K+e.V))
		}
		fmt.Println()
	}

	// %% While it fills
	text := strings.Repeat("The fox was brave and the owl was quiet. ", 60)
	filling, err := engine.Load(model, engine.LoadConfig{Threads: 2, ContextLength: 8192})
	must(err)
	for _, n := range []int{1, 100, 500} {
		s := filling.NewSession()
		_, err = s.Eval(filling.Tokenize(text)[:n])
		must(err)
		fmt.Printf("%4d tokens: %9s in cells\n", n, engine.Size(s.Bytes()))
		s.Close()
	}

	// %% Estimated and taken
	want, err := engine.Estimate(model, engine.LoadConfig{Threads: 2, ContextLength: 512})
	must(err)
	full, err := engine.Load(model, engine.LoadConfig{Threads: 2, ContextLength: 512})
	must(err)
	whole := full.NewSession()
	_, err = whole.Eval(full.Tokenize(text)[:512])
	must(err)
	got := full.Memory()
	fmt.Printf("K and V of 512 tokens: estimated %s, taken %s\n", engine.Size(want.K+want.V), engine.Size(got.K+got.V))
	must(full.Close())
	must(filling.Close())
	must(m.Close())

	// %% [markdown]
	// ## A question for you
	//
	// You have 4 GiB for the cache and want 128 Ki tokens of context. Which of the
	// models in the cell "Published models" can do that, and with which types of K and
	// V? Change the 10,000 in that cell and the type's bytes, and see.
}
