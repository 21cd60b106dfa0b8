// Flash attention: what it saves, what it changes, and whether it is faster here.
// Run it with
//
//	go run ./repl/loupe run notebooks/flash/flash.go
//	go run ./notebooks/flash
//
// Both print the same, but for the times. "-p model=smollm2" behind run takes
// another model (some minutes).
package main

import (
	"fmt"
	"log"
	"strings"

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

// verdict compares two rates that were measured several times: what overlaps is
// not known to differ.
func verdict(off, on experiment.Figure) string {
	switch {
	case on.Low > off.High:
		return "faster"
	case on.High < off.Low:
		return "slower"
	}
	return "not known to differ"
}

func main() {
	// %% [markdown]
	// # Flash attention and the score buffer
	//
	// Attention compares each token that is read with every token in the cache: a
	// score for each pair and head. Plain attention writes all scores of a batch
	// down before it weighs the values with them. Flash attention (Dao et al., 2022)
	// goes through the cache in blocks and keeps a running sum, so that no scores have
	// to be kept.

	// %% parameters
	model, depth := "lesson", 900

	// %% [markdown]
	// ## Memory
	//
	// As a textbook writes it, scores take heads x tokens read at once x tokens in the
	// cache x 4 bytes: both the batch and the context are in it. This engine, with
	// flash attention off, holds the scores of a few queries for each thread at a time,
	// so they grow with the context alone; and with it on they do not grow at all.

	// %% Scores
	const batch = 512
	m, err := engine.Load(model, engine.LoadConfig{Threads: 2})
	must(err)
	scan, err := m.ScanHeads(4, 1) // asked for the number of heads alone
	must(err)
	heads := scan.Heads
	must(m.Close())
	fmt.Printf("%d heads, %d tokens read at once\n", heads, batch)
	for _, length := range []int{512, 2048, 8192, 32768} {
		fmt.Printf("context %5d: textbook %9s", length, engine.Size(int64(heads*batch*length*4)))
		for _, flash := range []engine.Switch{engine.Off, engine.On} {
			e, err := engine.Estimate(model, engine.LoadConfig{
				Threads: 2, ContextLength: length, FlashAttention: flash, LoadAnyway: true,
			})
			must(err)
			fmt.Printf(", %s %9s", flash, engine.Size(e.Scores))
		}
		fmt.Println()
	}

	// %% Scores, taken
	//nb:mask bytes
	//nb:mask \d+ %
	text := strings.Repeat("The fox was brave and the owl was quiet. They ate pie and soup at the mill. ", 80)
	var taken [2]engine.Memory
	for i, flash := range []engine.Switch{engine.Off, engine.On} {
		m, err := engine.Load(model, engine.LoadConfig{Threads: 2, ContextLength: 1024, FlashAttention: flash})
		must(err)
		_, err = m.NewSession().Eval(m.Tokenize(text)[:depth])
		must(err)
		taken[i] = m.Memory()
		fmt.Printf("%-3s scores %9s, K and V %9s\n",
			flash, engine.Size(taken[i].Scores), engine.Size(taken[i].K+taken[i].V))
		must(m.Close())
	}
	fmt.Printf("off: scores are %.0f %% of what the cache takes\n",
		100*float64(taken[0].Scores)/float64(taken[0].K+taken[0].V))

	// %% [markdown]
	// ## The same numbers?
	//
	// Both compute the same sums in another order. The difference is rounding: how far
	// the predictions are from each other (KLD, in nats) says how much.

	// %% Off and on
	//nb:mask [\d.]+e-\d+|true|false
	compared, err := experiment.Compare(model, text[:1200], experiment.Grid{
		FlashAttention: []engine.Switch{engine.Off, engine.On},
		Load:           engine.LoadConfig{Threads: 2, ContextLength: 1024},
		Generate:       engine.GenerateConfig{MaxTokens: 100}, Raw: true, PastEnd: true,
	})
	must(err)
	off, on := compared.Rows[0], compared.Rows[1]
	fmt.Printf("divergence %.1e, same text: %t\n", on.KLD, on.Differs < 0)
	quantised, err := experiment.Compare(model, text[:1200], experiment.Grid{
		KCacheType: []engine.CacheType{engine.F16, engine.Q4_0},
		Load:       engine.LoadConfig{Threads: 2, ContextLength: 1024},
		Generate:   engine.GenerateConfig{MaxTokens: 100}, Raw: true, PastEnd: true, Repetitions: 1,
	})
	must(err)
	fmt.Printf("beside it, keys stored in q4_0: divergence %.1e\n", quantised.Rows[1].KLD)

	// %% A tenth of that?
	fmt.Println("flash attention changes less than a tenth of what q4_0 keys change:",
		on.KLD < quantised.Rows[1].KLD/10)

	// %% [markdown]
	// ## Is it faster?
	//
	// It is often told that flash attention makes generation much faster. Here is this
	// machine, with the range of three runs.

	// %% Rates
	nb.Show(compared.Speed())

	// %% What that says
	//nb:mask (not known to differ|faster|slower)
	fmt.Println("reading a prompt with flash attention is", verdict(off.PromptRate, on.PromptRate))
	fmt.Println("generating with flash attention is", verdict(off.GenRate, on.GenRate))

	// %% Further down
	// The deeper the cache, the more of the time is attention: from half a context to
	// a whole one.
	//nb:mask [█▒]+ +[\d,.]+
	deep, err := experiment.Compare(model, text[:3600], experiment.Grid{
		FlashAttention: []engine.Switch{engine.Off, engine.On},
		Load:           engine.LoadConfig{Threads: 2, ContextLength: 2048},
		Generate:       engine.GenerateConfig{MaxTokens: 100}, Raw: true, PastEnd: true,
	})
	must(err)
	nb.Show(deep.Chart(experiment.PromptRate))
	nb.Show(deep.Chart(experiment.GenRate))

	// %% In numbers
	//nb:mask \d+ %%?
	fmt.Printf("%d tokens: the rate with flash attention is %.0f %% of that without; %d tokens: %.0f %%\n",
		deep.PromptTokens, 100*deep.Rows[1].PromptRate.Median/deep.Rows[0].PromptRate.Median,
		compared.PromptTokens, 100*on.PromptRate.Median/off.PromptRate.Median)

	// %% [markdown]
	// Whatever your numbers are: what flash attention surely saves is memory.
	//
	// ## Values in fewer bits
	//
	// llama.cpp refuses quantised values without flash attention ("V cache quantization
	// requires flash_attn"). Is it so here?

	// %% Quantised values
	for _, flash := range []engine.Switch{engine.Off, engine.On} {
		m, err := engine.Load(model, engine.LoadConfig{Threads: 2, FlashAttention: flash, VCacheType: engine.Q8_0})
		if err != nil {
			fmt.Println("flash attention", flash, "refused:", err)
			continue
		}
		_, err = m.NewSession().Generate("Once upon a time", engine.GenerateConfig{MaxTokens: 8})
		fmt.Printf("flash attention %s: loaded, V %s, generating failed: %t\n",
			flash, m.Settings().VCacheType, err != nil)
		must(m.Close())
	}

	// %% [markdown]
	// ## A question for you
	//
	// The scores of plain attention grow with the context, and so does the cache. Is there
	// a context at which the scores are as large as the cache? Print e.K+e.V beside
	// e.Scores in the cell "Scores". And with K and V in q4_0?
}
