// Settings: flash attention, the type of K and the type of V, each on and off, with
// speed, memory, quality and texts side by side. Run it with
//
//	go run ./repl/loupe run notebooks/settings/settings.go
//	go run ./notebooks/settings
//
// Both print the same, but for the times. "-p model=smollm2" behind run takes
// another model (some minutes).
package main

import (
	"fmt"
	"log"

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
	// # Settings
	//
	// A setting of a model is a trade: of memory against exactness, of speed
	// against both. How good it is depends on the model, the machine and the text;
	// so it is measured here, not told.

	// %% parameters
	model, tokens := "lesson", 300

	// %% What is loaded
	load := engine.LoadConfig{Threads: 2, ContextLength: 2048}
	fmt.Printf("%s, texts of %d tokens\n", model, tokens)

	// %% [markdown]
	// ## Three switches
	//
	// An essay about a rabbit, with flash attention, q8_0 for K and q8_0 for V on
	// and off. Settings take turns, so that what else the machine does meets all of
	// them. `experiment.Rabbit(model)` is this with 1,000 tokens.

	// %% The rabbit
	//nb:mask [\d.e-]+ +│ +[\d.]+ % │ .*
	grid := experiment.RabbitGrid()
	grid.Load, grid.Generate.MaxTokens = load, tokens
	rabbit, err := experiment.Compare(model, experiment.RabbitPrompt, grid)
	must(err)
	nb.Show(rabbit.Table())
	nb.Show(rabbit.Speed())

	// %% [markdown]
	// Rates are medians, with half of what lies between the slowest and the fastest
	// run. What is closer together than that is not known to differ.
	//
	// The divergence (KLD) says how far the predictions are from those of the first
	// setting, both reading its text; the same top is how often both expect the same
	// token first.

	// %% What it came to
	//nb:mask [\d.]+e-\d+|true|false|[\d]+/s
	plain, all := rabbit.Rows[0], rabbit.Rows[len(rabbit.Rows)-1]
	fmt.Printf("K and V take %s, with all three switches %s: %.0f %%\n", engine.Size(plain.KBytes+plain.VBytes),
		engine.Size(all.KBytes+all.VBytes), 100*float64(all.KBytes+all.VBytes)/float64(plain.KBytes+plain.VBytes))
	fmt.Printf("scores take %s, with flash attention %s\n", engine.Size(plain.ScoreBytes), engine.Size(all.ScoreBytes))
	flash := rabbit.Rows[4]
	fmt.Printf("flash attention alone: divergence %.2g, same text: %t\n", flash.KLD, flash.Differs < 0)
	fmt.Printf("generation: %.0f/s, with all three %.0f/s\n", plain.GenRate.Median, all.GenRate.Median)

	// %% Where the texts part
	//nb:skip which texts are the same depends on the processor's kernels
	nb.Show(rabbit.Texts())

	// %% [markdown]
	// What each of the three does, and why, is in lessons of their own: flash, kvquant,
	// cachecost; batch and rope for the settings that are not in this comparison.
	//
	// ## A question for you
	//
	// Which one of the three switches saves most memory here, and does that change with
	// longer texts? Change `tokens` in the cell "parameters".
}
