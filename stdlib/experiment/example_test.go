package experiment_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"loupe/engine"
	"loupe/stdlib/experiment"
)

// must ends an example where a call fails; a program looks at the error.
func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// What each combination of two settings costs and changes.
func ExampleCompare() {
	var c *experiment.Comparison = must(experiment.Compare("lesson", "Tell me a story about an owl.", experiment.Grid{
		FlashAttention: []engine.Switch{engine.Off, engine.On},
		VCacheType:     []engine.CacheType{engine.F16, engine.Q8_0},
		Generate:       engine.GenerateConfig{MaxTokens: 12},
		Repetitions:    1,
	}))
	for _, r := range c.Rows {
		var row experiment.Row = r
		var rate experiment.Figure = row.GenRate
		fmt.Println(row.Effective.FlashAttention, row.Effective.VCacheType, engine.Size(row.KBytes), engine.Size(row.VBytes), row.KLD < 0.01, rate.N > 0)
	}
	for _, m := range experiment.Measures() { // a chart of each, for a notebook
		var measure experiment.Measure = m
		var chart experiment.Shown = c.Chart(measure)
		if !strings.Contains(chart.SVG(), "<svg") {
			fmt.Println("no chart of", measure)
		}
	}
	fmt.Println(c.Table() != experiment.Shown{}, c.Speed() != experiment.Shown{}, c.Texts() != experiment.Shown{})
	// Output:
	// off f16 21.6 KiB 21.6 KiB true true
	// off q8_0 21.6 KiB 11.5 KiB true true
	// on f16 21.6 KiB 21.6 KiB true true
	// on q8_0 21.6 KiB 11.5 KiB true true
	// true true true
}

// The measures by name, and an experiment that a context may end.
func ExampleCompareContext() {
	grid := experiment.RabbitGrid() // flash attention, K and V: each off and on
	grid.Generate.MaxTokens, grid.Repetitions = 8, 1
	c := must(experiment.CompareContext(context.Background(), "lesson", experiment.RabbitPrompt, grid))
	fmt.Println(len(c.Rows), "settings")
	for _, m := range []experiment.Measure{
		experiment.PromptRate, experiment.GenRate, experiment.TTFT, experiment.Memory, experiment.Divergence, experiment.SameTop,
	} {
		fmt.Println(m)
	}
	// Output:
	// 8 settings
	// prompt, tokens/s
	// generation, tokens/s
	// time to first token, s
	// K, V and scores, MiB
	// KL divergence from the reference, nats
	// predictions with the same likeliest token, %
}

// The three switches over an essay of 1,000 tokens, each setting twice.
func ExampleRabbit() {
	c, err := experiment.Rabbit("smollm2")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c)
}

// The same text with the cache and without.
func ExampleNoCache() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	var x *experiment.CacheOnOff = must(experiment.NoCache(m, "Once upon a time", 16))
	var with, without experiment.Generation = x.With, x.Without
	fmt.Println(with.TokenPasses, without.TokenPasses, "tokens through the model; the same text:", x.Same)
	fmt.Println(len(without.Each), "times;", x.Table() != experiment.Shown{}, strings.Contains(x.Chart().SVG(), "<svg"), len(x.Terminal(60, 0)) > 0)
	y := must(experiment.NoCacheContext(context.Background(), m, "Once upon a time", 4))
	fmt.Println(y.PromptTokens == x.PromptTokens)
	// Output:
	// 20 200 tokens through the model; the same text: true
	// 16 times; true true true
	// true
}

// How well a text is predicted by how far into it a token stands.
func ExamplePerplexityByPosition() {
	text := strings.Repeat("Mia the fox was brave and Tom the owl was quiet. They ate pie and soup at the mill. ", 40)
	var x *experiment.PositionLoss = must(experiment.PerplexityByPosition("lesson", text, 256, 64,
		engine.LoadConfig{}, engine.LoadConfig{RopeScaling: engine.RopeLinear, RopeFrequencyScale: 0.25}))
	var plain, linear experiment.PositionCurve = x.Curves[0], x.Curves[1]
	fmt.Println(plain.Name+":", len(plain.Perplexity()), "stretches;", linear.Name+":", len(linear.Loss), linear.Tokens[1], "predictions in each")
	fmt.Println(x.Table() != experiment.Shown{}, strings.Contains(x.Chart().SVG(), "<svg"), len(x.Terminal(60, 0)) > 0)
	y := must(experiment.PerplexityByPositionContext(context.Background(), "lesson", text, 256, 128))
	fmt.Println(len(y.Curves), "curve of", y.Pieces, "pieces")
	// Output:
	// as it is: 4 stretches; linear 0.25: 4 192 predictions in each
	// true true true
	// 1 curve of 3 pieces
}

// One long prompt against a chain of short ones, on texts with a fact to find.
func ExampleLongVsChain() {
	task := experiment.Needle()
	task.Lengths, task.Depths, task.Documents = []int{128, 384}, []float64{0.5}, 1
	var v *experiment.Versus = must(experiment.LongVsChain("lesson", task))
	for _, r := range v.Rows {
		var row experiment.VersusRow = r
		var long, chain experiment.Way = row.Long, row.Chain
		fmt.Println(row.Length, long.Share(), chain.Share(), chain.PeakBytes > 0)
	}
	long, chain := v.Shares()
	fmt.Println(long, chain, v.Table() != experiment.Shown{}, v.Map() != experiment.Shown{}, strings.Contains(v.Chart().SVG(), "<svg"))
	// Output:
	// 128 1 1 true
	// 384 1 1 true
	// 1 1 true true true
}

// A task of one's own: a text is drawn, with questions whose answers are known.
func ExampleTask() {
	task := experiment.Task{
		Name: "which code is the last one", Lengths: []int{128}, Depths: []float64{0.5}, Documents: 1,
		Draw: func(d *experiment.Material) experiment.Problem {
			names, codes := d.Facts(2)
			said := []string{d.State(names[0], codes[0]), d.State(names[0], codes[1])} // said anew: the later one holds
			return experiment.Problem{
				Text:      d.Text(said, []float64{0.2, 0.8}),
				Questions: []string{d.Ask(names[0])},
				Want:      []string{codes[1]},
				Read:      experiment.Code,   // the number in an answer, else experiment.None
				Merge:     experiment.Latest, // of the answers of the pieces; experiment.Surest is the other way
			}
		},
	}
	v := must(experiment.LongVsChainContext(context.Background(), "lesson", task))
	fmt.Println(v.Rows[0].Long.Wanted, "answer wanted")
	fmt.Println(experiment.Code("The code of the red box is 4711."), experiment.Code("I do not know.") == experiment.None)
	answers := []experiment.Answer{{Text: "4711", Sure: 0.9}, {Text: experiment.None, Sure: 1}, {Text: "2093", Sure: 0.6}}
	fmt.Println(experiment.Latest(answers), experiment.Surest(answers))
	// Output:
	// 1 answer wanted
	// 4711 true
	// 2093 4711
}

// The tasks that there are.
func ExampleNeedle() {
	for _, t := range []experiment.Task{
		experiment.Needle(), experiment.Needles(3), experiment.Tracking(3), experiment.Counting(6), experiment.Aggregation(3),
	} {
		fmt.Println(t.Name)
	}
	// Output:
	// needle
	// 3 needles
	// tracking 3 codes
	// counting 6 things
	// sum of 3 codes
}
