// RoPE: what happens past the context that a model was trained on, and what
// stretching does about it. Run it with
//
//	go run ./repl/loupe run notebooks/rope/rope.go
//	go run ./notebooks/rope
//
// Both print the same. "-p model=smollm2 -p tokens=9216" behind run takes another
// model (a quarter of an hour).
package main

import (
	"fmt"
	"log"
	"math"

	"loupe/engine"
	"loupe/engine/picture"
	"loupe/stdlib/experiment"
	"loupe/stdlib/nb"
)

// must ends the notebook when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// stories is a text of at least so many tokens that the model has written itself,
// story by story, each in a session of its own.
func stories(m *engine.Model, tokens int) []int {
	var ids []int
	for seed := uint64(1); len(ids) < tokens; seed++ {
		r, err := m.NewSession().Generate("Once upon a time there was", engine.GenerateConfig{
			MaxTokens: 200, Temperature: 0.7, Seed: seed,
		})
		must(err)
		ids = append(ids, m.TokenizePlain("Once upon a time there was"+r.Text+" ")...)
	}
	return ids[:tokens]
}

// surprise is the mean surprise of the tokens of each stretch of a text, in nats:
// how little the model expected what came. e to its power is the perplexity.
func surprise(m *engine.Model, ids []int, stretch int) []float64 {
	sums := make([]float64, (len(ids)-2)/stretch+1)
	counts := make([]int, len(sums))
	err := m.NewSession().EvalEach(nb.Context(), ids, func(i int, row []float32) {
		if i+1 < len(ids) {
			sums[i/stretch] += engine.LogSumExp(row) - float64(row[ids[i+1]])
			counts[i/stretch]++
		}
	}, 0)
	must(err)
	for i := range sums {
		sums[i] /= float64(counts[i])
	}
	return sums
}

func main() {
	// %% [markdown]
	// # RoPE: past the trained context
	//
	// A token's position enters attention by rotation: keys and queries are turned by
	// an angle for each position, some pairs of numbers fast, some slowly (Su et al.,
	// 2021). A position far past those of the training turns slow pairs to angles that
	// the model has never seen.

	// %% parameters
	model, tokens := "lesson", 1536

	// %% A long text
	base := engine.LoadConfig{Threads: 2, ContextLength: tokens, LoadAnyway: true}
	m, err := engine.Load(model, base)
	must(err)
	trained := m.Settings().TrainedContext
	if least := trained * 9 / 8; tokens < least {
		log.Fatalf("%s was trained on %d tokens, and this lesson is about what comes after them: "+
			"make tokens at least %d (-p tokens=%d)", model, trained, least, least)
	}
	ids := stories(m, tokens)
	fmt.Printf("%s was trained on %d tokens and reads %d here\n", model, trained, len(ids))
	for _, w := range m.Settings().Warnings {
		fmt.Println("warning:", w)
	}

	// %% [markdown]
	// ## A collapse?
	//
	// Perplexity says among how many tokens the model seems to choose. The text is of
	// one kind all along: short stories that the model wrote itself. So a reader that
	// does not lose its way stays at the same number.

	// %% Perplexity by position
	//nb:mask numbers
	stretch := trained / 4
	plain := surprise(m, ids, stretch)
	for i, x := range plain {
		mark := ""
		if i*stretch < trained {
			mark = "trained"
		}
		fmt.Printf("%5d to %5d: %5.2f %s\n", i*stretch, min((i+1)*stretch, tokens)-1, math.Exp(x), mark)
	}

	// %% Inside and outside
	// The stretch before the trained end against the last one.
	//nb:mask numbers
	inside, outside := math.Exp(plain[3]), math.Exp(plain[len(plain)-1])
	fmt.Printf("perplexity %.1f before the end of the trained context, %.1f at the end of the text\n", inside, outside)
	worse := 0
	for _, x := range plain[4:] {
		if math.Exp(x) > 2*inside {
			worse++
		}
	}
	fmt.Printf("%d of %d stretches past it have more than twice that perplexity\n", worse, len(plain)-4)

	// %% [markdown]
	// ## Stretching
	//
	// Positions can be made smaller, so that long texts have positions that the model
	// knows (linear, Chen et al., 2023); or the base made larger, so that slow pairs
	// turn slower and fast ones stay as they are (known as NTK); YaRN (Peng et al.,
	// 2023) does it pair by pair. None of them was trained here.

	// %% Five ways to read it
	//nb:skip a curve and figures that differ by processor
	factor, ropeBase := float64(tokens)/float64(trained), m.Settings().TrainedRopeBase
	ways := []struct {
		name string
		set  func(*engine.LoadConfig)
	}{
		{"as trained", func(c *engine.LoadConfig) {}},
		{"linear", func(c *engine.LoadConfig) { c.RopeScaling, c.RopeFrequencyScale = engine.RopeLinear, 1/factor }},
		{"larger base", func(c *engine.LoadConfig) { c.RopeFrequencyBase = ropeBase * factor * factor }},
		{"yarn", func(c *engine.LoadConfig) { c.RopeScaling, c.RopeFrequencyScale = engine.RopeYarn, 1/factor }},
		{"wrong way", func(c *engine.LoadConfig) { c.RopeScaling, c.RopeFrequencyScale = engine.RopeLinear, factor }},
	}
	near, far := map[string]float64{}, map[string]float64{}
	chart := picture.Lines{Title: "perplexity by position", XName: "position", YName: "perplexity", LogY: true}
	for _, w := range ways {
		cfg := base
		w.set(&cfg)
		stretched, err := engine.Load(model, cfg)
		must(err)
		list := surprise(stretched, ids, stretch)
		curve := picture.Series{Name: w.name}
		for i, x := range list {
			curve.X, curve.Y = append(curve.X, float64(i*stretch)), append(curve.Y, math.Exp(x))
		}
		chart.Series = append(chart.Series, curve)
		inner, outer := 0.0, 0.0
		for i, x := range list {
			if i < 4 {
				inner += x / 4
			} else {
				outer += x / float64(len(list)-4)
			}
		}
		near[w.name], far[w.name] = math.Exp(inner), math.Exp(outer)
		for _, warning := range stretched.Settings().Warnings {
			if w.name == "wrong way" {
				fmt.Println("warning:", warning)
			}
		}
		must(stretched.Close())
	}
	nb.Show(chart)

	// %% [markdown]
	// A line for each way, in powers of ten. Now two numbers for each: inside the trained
	// context, and past it.

	// %% What it costs and what it gains
	//nb:mask [+-]?\d[\d.]*
	for _, w := range ways {
		fmt.Printf("%-12s inside %6.2f (%+4.0f %%)   past it %6.2f (%+4.0f %%)\n", w.name,
			near[w.name], 100*(near[w.name]/near["as trained"]-1), far[w.name], 100*(far[w.name]/far["as trained"]-1))
	}

	// %% Best past the trained context
	//nb:mask true|false|context: .*
	best := "as trained"
	for _, w := range ways {
		if far[w.name] < far[best] {
			best = w.name
		}
	}
	fmt.Println("best past the trained context:", best)
	for _, w := range ways[1:4] {
		fmt.Printf("%s: better past it: %t, costs nothing inside: %t\n",
			w.name, far[w.name] < far["as trained"], near[w.name] < 1.01*near["as trained"])
	}

	// %% [markdown]
	// It is often told that a model talks nonsense past its context, and that a factor
	// extends it. See the lines above: by perplexity most ways cost more inside than they
	// gain past it, where they gain anything. A model that was not trained with a factor
	// has never seen the angles in between, either.
	//
	// But these stories are short. A model that only looks a few sentences back predicts
	// them well. So here is what needs the whole context: one fact somewhere in a long
	// text, and a question about it at the end.

	// %% A fact to find
	//nb:mask [\d]+ of
	right := map[string]float64{}
	lengths := []int{trained / 2, trained + (tokens-trained)/4, trained + (tokens-trained)/2}
	for _, w := range ways[:3] {
		task := experiment.Needle()
		task.Lengths, task.Documents, task.Load = lengths, 2, engine.LoadConfig{Threads: 2}
		task.Depths = []float64{0.1, 0.5}
		w.set(&task.Load)
		v, err := experiment.LongVsChain(model, task)
		must(err)
		fmt.Printf("%-12s", w.name)
		for _, n := range lengths {
			got, of := 0, 0
			for _, r := range v.Rows {
				if r.Length == n {
					got, of = got+r.Long.Right, of+r.Long.Wanted
				}
			}
			fmt.Printf("  %d tokens: %2d of %d", n, got, of)
			if n > trained {
				right[w.name] += float64(got)
			} else {
				right[w.name+", inside"] += float64(got)
			}
		}
		fmt.Println()
	}

	// %% What that says
	//nb:mask larger base finds.*
	fmt.Println("fewer are found past the trained context:", right["as trained"] < right["as trained, inside"])
	for _, w := range ways[1:3] {
		fmt.Printf("%s finds more past it: %t, as many inside: %t\n",
			w.name, right[w.name] > right["as trained"], right[w.name+", inside"] >= right["as trained, inside"])
	}
	must(m.Close())

	// %% [markdown]
	// So perplexity alone does not say whether a long context is used. The first of these
	// lines says whether facts are lost past the end; see how little perplexity said of it.
	// A way that is hardly better by perplexity may find them again; the last two lines say
	// which of the two does. Whether it does so for another model, and for its other tasks,
	// has to be measured there.
	//
	// ## A question for you
	//
	// Is there a factor so small that it costs little inside and finds more just past
	// the end? Change `factor` in the cell "Five ways to read it" to 1.25.
}
