// Batch size: how many tokens of a prompt go through the model at once, and what
// that does to speed, memory and the result. Run it with
//
//	go run ./repl/loupe run notebooks/batch/batch.go
//	go run ./notebooks/batch
//
// Both print the same, but for the times. "-p model=smollm2" behind run takes
// another model (some minutes).
package main

import (
	"fmt"
	"log"
	"strings"
	"time"

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

func main() {
	// %% [markdown]
	// # Batch size
	//
	// All tokens of a prompt are known, so they can go through the layers together: a
	// weight that was fetched is used for each of them. Generated tokens come one by
	// one. How much does that matter, and from which batch on does more not help?

	// %% parameters
	model, prompt := "lesson", 480

	// %% A prompt, in batches of several sizes
	text := strings.Repeat("The fox was brave and the owl was quiet. They ate pie and soup at the mill. ", 80)
	m, err := engine.Load(model, engine.LoadConfig{Threads: 2})
	must(err)
	text = m.Detokenize(m.TokenizePlain(text)[:prompt])
	sizes := []int{512, 256, 128, 32, 8, 2, 1}
	compared, err := experiment.Compare(model, text, experiment.Grid{
		EvalBatchSize: sizes, Load: engine.LoadConfig{Threads: 2},
		Generate: engine.GenerateConfig{MaxTokens: 16}, Raw: true, PastEnd: true,
	})
	must(err)
	nb.Show(compared.Speed())

	// %% In a picture
	//nb:mask [█▒]+ +[\d,.]+
	nb.Show(compared.Chart(experiment.PromptRate))

	// %% What it comes to
	//nb:mask [\d.]+ times
	rate := func(size int) float64 {
		for i, x := range sizes {
			if x == size {
				return compared.Rows[i].PromptRate.Median
			}
		}
		return 0
	}
	fmt.Printf("from batches of 1 to 8:     %.1f times as fast\n", rate(8)/rate(1))
	fmt.Printf("from batches of 8 to 32:    %.1f times\n", rate(32)/rate(8))
	fmt.Printf("from batches of 32 to 128:  %.1f times\n", rate(128)/rate(32))
	fmt.Printf("from batches of 128 to 512: %.1f times\n", rate(512)/rate(128))

	// %% [markdown]
	// It is often told that a larger batch is always faster. That is so for small
	// ones; see at which step the factor comes near 1.

	// %% Where most is won
	//nb:mask batches of \d+|true|false
	best := 0
	for i, r := range compared.Rows {
		if r.PromptRate.Median > compared.Rows[best].PromptRate.Median {
			best = i
		}
	}
	enough := sizes[best]
	for i, r := range compared.Rows {
		if r.PromptRate.Median > 0.9*compared.Rows[best].PromptRate.Median {
			enough = min(enough, sizes[i])
		}
	}
	fmt.Printf("nine tenths of the best rate from batches of %d on: a small fraction of 512: %t\n",
		enough, enough <= 256)

	// %% [markdown]
	// ## What else changes
	//
	// The answer should not depend on how the prompt was cut. Rounding may: a token
	// that is read alone goes through another kernel than one in a batch.

	// %% The result
	//nb:mask most \S+
	same := 0
	worst := 0.0
	for _, r := range compared.Rows {
		if r.Differs < 0 {
			same++
		}
		worst = max(worst, r.KLD)
	}
	fmt.Printf("%d of %d settings gave the same text; divergence at most %.1g nats\n", same, len(compared.Rows), worst)

	// %% Memory
	// No more goes through at once than the context holds.
	for _, size := range []int{2048, 512, 128, 1} {
		e, err := engine.Estimate(model, engine.LoadConfig{Threads: 2, EvalBatchSize: size, PhysicalBatchSize: size})
		must(err)
		fmt.Printf("batches of %4d: activations take %9s\n", size, engine.Size(e.Scratch))
	}

	// %% [markdown]
	// ## Where the time goes
	//
	// A profile of the same prompt, read at once and one by one.

	// %% Time per token
	for _, size := range []int{512, 1} {
		m, err := engine.Load(model, engine.LoadConfig{Threads: 2, EvalBatchSize: size})
		must(err)
		ids := m.TokenizePlain(text)
		s := m.NewSession()
		_, err = s.Eval(ids) // once to warm up
		must(err)
		s.Rewind(0)
		p, err := m.Profile(func() error { _, err := s.Eval(ids); return err })
		must(err)
		total := time.Duration(0)
		for _, x := range p.Phases {
			total += x.Time
		}
		fmt.Printf("batches of %3d: %.1f µs a token\n", size, 1e6*total.Seconds()/float64(len(ids)))
		must(m.Close())
	}

	// %% [markdown]
	// ## Generation
	//
	// One session generates token by token, whatever the batch: each batch is 1.

	// %% Rates of generation
	//nb:mask numbers
	low, high := compared.Rows[0].GenRate.Median, compared.Rows[0].GenRate.Median
	for _, r := range compared.Rows {
		low, high = min(low, r.GenRate.Median), max(high, r.GenRate.Median)
	}
	fmt.Printf("generation: %.0f/s to %.0f/s over all settings, a factor of %.1f; reading: a factor of %.1f\n",
		low, high, high/low, rate(enough)/rate(1))
	must(m.Close())

	// %% [markdown]
	// ## A question for you
	//
	// A prompt of 20 tokens: which of the batch sizes are alike for it, and why? Change
	// `prompt` in the cell "parameters".
}
