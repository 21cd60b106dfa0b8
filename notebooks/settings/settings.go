// Settings: what flash attention, the types of K and V, the batch and the length
// of the context cost and change, measured; and when short steps do better than
// one long prompt. Run it with
//
//	go run ./repl/loupe run notebooks/settings/settings.go
//	go run ./notebooks/settings
//
// Both print the same, but for the times. The model is the small one inside the
// program; a name behind the file takes another one ("smollm2": some minutes).
package main

import (
	"fmt"
	"log"
	"os"
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

func main() {
	// %% [markdown]
	// # Settings
	//
	// A setting of a model is a trade: of memory against exactness, of speed
	// against both. How good it is depends on the model, the machine and the text;
	// so it is measured here, not told.

	// %% parameters
	model, tokens, documents := "lesson", 300, 2

	// %% Another model
	if len(os.Args) > 1 {
		model = os.Args[1]
	}
	load := engine.LoadConfig{Threads: 2, ContextLength: 2048}
	fmt.Printf("%s, texts of %d tokens\n", model, tokens)

	// %% [markdown]
	// ## Three switches
	//
	// An essay about a rabbit, with flash attention, q8_0 for K and q8_0 for V on
	// and off. Settings take turns, so that what else the machine does meets all of
	// them. `experiment.Rabbit(model)` is this with 1,000 tokens.

	// %% The rabbit
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
	plain, all := rabbit.Rows[0], rabbit.Rows[len(rabbit.Rows)-1]
	fmt.Printf("K and V take %s, with all three switches %s: %.0f %%\n", engine.Size(plain.KBytes+plain.VBytes),
		engine.Size(all.KBytes+all.VBytes), 100*float64(all.KBytes+all.VBytes)/float64(plain.KBytes+plain.VBytes))
	fmt.Printf("scores take %s, with flash attention %s\n", engine.Size(plain.ScoreBytes), engine.Size(all.ScoreBytes))
	flash := rabbit.Rows[4]
	fmt.Printf("flash attention alone: divergence %.2g, same text: %t\n", flash.KLD, flash.Differs < 0)
	fmt.Printf("generation: %.0f/s, with all three %.0f/s\n", plain.GenRate.Median, all.GenRate.Median)

	// %% Where the texts part
	nb.Show(rabbit.Texts())

	// %% [markdown]
	// ## Which side minds fewer bits
	//
	// The same text with K and V in types of 16, 8.5 and 4.5 bits.

	// %% K against V
	types := []engine.CacheType{engine.F16, engine.Q8_0, engine.Q4_0}
	bits, err := experiment.Compare(model, experiment.RabbitPrompt, experiment.Grid{
		KCacheType: types, VCacheType: types, Load: load, Generate: grid.Generate, PastEnd: true, Repetitions: 1,
	})
	must(err)
	nb.Show(bits.Table())
	nb.Show(bits.Chart(experiment.Memory))
	nb.Show(bits.Chart(experiment.Divergence))

	// %% In numbers
	for i, name := range []string{"q8_0", "q4_0"} {
		v, k := bits.Rows[i+1], bits.Rows[3*(i+1)]
		more := "K"
		if v.KLD > k.KLD {
			more = "V"
		}
		fmt.Printf("%s on K alone: %.2g nats, on V alone: %.2g; here %s minds more\n", name, k.KLD, v.KLD, more)
	}

	// %% [markdown]
	// ## Batch and context
	//
	// EvalBatchSize is how many tokens of a prompt are read at a time, ContextLength
	// how many a session can hold.

	// %% A longer prompt, in smaller and greater batches
	story := strings.Repeat("The fox was brave and the owl was quiet. They ate pie and soup at the mill. ", 14)
	batch, err := experiment.Compare(model, story, experiment.Grid{
		EvalBatchSize: []int{512, 64, 8, 1}, Load: load, Generate: engine.GenerateConfig{MaxTokens: 8}, Raw: true,
	})
	must(err)
	nb.Show(batch.Speed())
	fmt.Printf("one token at a time a prompt is read at %.0f/s, all at once at %.0f/s\n", batch.Rows[3].PromptRate.Median, batch.Rows[0].PromptRate.Median)

	// %% A longer context, and one that is too short
	context, err := experiment.Compare(model, story, experiment.Grid{
		ContextLength: []int{1024, 4096, 128}, Load: engine.LoadConfig{Threads: 2, EvalBatchSize: 64}, Generate: engine.GenerateConfig{MaxTokens: 40}, Raw: true, Repetitions: 1,
	})
	must(err)
	nb.Show(context.Table())
	fmt.Println("same text:", context.Rows[0].Text == context.Rows[1].Text, "· same bytes:", context.Rows[0].KBytes == context.Rows[1].KBytes)
	fmt.Println(context.Rows[2].Err)

	// %% [markdown]
	// ## One long prompt, or several short ones
	//
	// The same question about the same text, read at once and piece by piece. The
	// texts are drawn with facts in them, so that every answer is right or wrong.

	// %% A needle
	needle := experiment.Needle()
	needle.Documents, needle.Load.Threads = documents, 2
	one, err := experiment.LongVsChain(model, needle)
	must(err)
	nb.Show(one)

	// %% Three needles: every piece is read once for three questions
	needles := experiment.Needles(3)
	needles.Documents, needles.Load.Threads = documents, 2
	three, err := experiment.LongVsChain(model, needles)
	must(err)
	nb.Show(three.Map())

	// %% A code that changes, things to count, codes to add
	for _, task := range []experiment.Task{experiment.Tracking(3), experiment.Counting(6), experiment.Aggregation(3)} {
		task.Documents, task.Depths, task.Lengths, task.Load.Threads = documents, []float64{0.5}, []int{256, 1024}, 2
		v, err := experiment.LongVsChain(model, task)
		must(err)
		long, chain := v.Shares()
		fmt.Printf("%-20s right in one long prompt %3.0f %%, by the chain %3.0f %%\n", task.Name+":", 100*long, 100*chain)
	}

	// %% What it came to for the longest texts
	var long, chain experiment.Way
	read := 0
	for _, r := range append(one.Rows, three.Rows...) {
		if r.Length == 2048 {
			long.Right, long.Wanted = long.Right+r.Long.Right, long.Wanted+r.Long.Wanted
			chain.Right, chain.Wanted = chain.Right+r.Chain.Right, chain.Wanted+r.Chain.Wanted
			long.PeakBytes, chain.PeakBytes = max(long.PeakBytes, r.Long.PeakBytes), max(chain.PeakBytes, r.Chain.PeakBytes)
			read += r.Tokens
		}
	}
	fmt.Printf("%d tokens, %s was trained on %d: %d of %d right in one prompt, %d of %d by the chain\n",
		read, model, one.TrainedContext, long.Right, long.Wanted, chain.Right, chain.Wanted)
	fmt.Printf("cache at most %s in one prompt, %s by the chain\n", engine.Size(long.PeakBytes), engine.Size(chain.PeakBytes))
}
