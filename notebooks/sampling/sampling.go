// Sampling: from the model's probabilities to one token, setting by setting. Run it
// with
//
//	go run ./repl/loupe run notebooks/sampling/sampling.go
//	go run ./notebooks/sampling
//
// Both print the same. "-p model=smollm2" behind run takes another model (half a
// minute).
package main

import (
	"fmt"
	"log"
	"math"
	"sort"
	"strings"

	"loupe/engine"
	"loupe/engine/picture"
	"loupe/stdlib/nb"
)

// must ends the notebook when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// candidate is a token with its probability.
type candidate struct {
	id int
	p  float64
}

// softmax makes probabilities of logits, at a temperature, the likeliest first.
func softmax(logits []float32, temperature float64) []candidate {
	top := float64(logits[0])
	for _, x := range logits {
		top = max(top, float64(x))
	}
	sum := 0.0
	list := make([]candidate, len(logits))
	for i, x := range logits {
		list[i] = candidate{i, math.Exp((float64(x) - top) / temperature)}
		sum += list[i].p
	}
	for i := range list {
		list[i].p /= sum
	}
	sort.Slice(list, func(i, j int) bool { return list[i].p > list[j].p })
	return list
}

// perplexity is among how many equally likely tokens the choice would be as open.
func perplexity(list []candidate) float64 {
	h := 0.0
	for _, c := range list {
		if c.p > 0 {
			h -= c.p * math.Log(c.p)
		}
	}
	return math.Exp(h)
}

func main() {
	// %% [markdown]
	// # Sampling
	//
	// A model gives each token of its vocabulary a number. Which one comes is decided
	// outside of it, by settings: they cannot make the model know more, only choose
	// otherwise among what it offers.

	// %% parameters
	model, prompt := "lesson", "Once there was a rabbit who lived near the"

	// %% What the model offers
	//nb:mask (?m)[█▒ ]+[\d.]+$|\d+ %
	m, err := engine.Load(model, engine.LoadConfig{Threads: 2})
	must(err)
	logits, err := m.NewSession().Eval(m.Tokenize(prompt))
	must(err)
	plain := softmax(logits, 1)
	sum := 0.0
	bars := picture.Bars{Title: "behind: " + prompt, Name: "%"}
	for _, c := range plain[:10] {
		sum += c.p
		bars.Labels = append(bars.Labels, fmt.Sprintf("%q", m.TokenText(c.id)))
		bars.Values = append(bars.Values, 100*c.p)
	}
	nb.Show(bars)
	fmt.Printf("these ten have %.0f %% together, the other %d tokens the rest\n", 100*sum, len(plain)-10)

	// %% [markdown]
	// ## Temperature
	//
	// Logits are divided by it: below 1 the likely get likelier, above 1 all become
	// more alike. The order never changes.

	// %% Five temperatures
	//nb:mask (?m)[\d.]+ %|[\d.]+$
	same := true
	for _, t := range []float64{0.2, 0.5, 1, 1.5, 3} {
		list := softmax(logits, t)
		for i := range plain[:10] {
			same = same && list[i].id == plain[i].id
		}
		fmt.Printf("%.1f: the likeliest has %5.1f %%; as open as a choice among %5.1f\n",
			t, 100*list[0].p, perplexity(list))
	}
	fmt.Println("the ten likeliest are in the same order:", same)

	// %% [markdown]
	// ## Who may be chosen
	//
	// Three ways to cut off the tail. Top-k keeps a number of tokens, top-p as many as
	// make up a share of the probability, min-p those that are not too far below the
	// likeliest. On a place where the model is sure and on one where it is not, they
	// differ.

	// %% How many are left
	sure, err := m.NewSession().Eval(m.Tokenize("Once there was a rabbit who lived near the mill. Once upon a"))
	must(err)
	for _, place := range []struct {
		name string
		list []candidate
	}{{"open", plain}, {"sure", softmax(sure, 1)}} {
		topP, minP, mass := 0, 0, 0.0
		for _, c := range place.list {
			if mass < 0.9 {
				topP++
			}
			mass += c.p
			if c.p >= 0.1*place.list[0].p {
				minP++
			}
		}
		fmt.Printf("%s place: top-k 40 leaves 40, top-p 0.9 leaves %d, min-p 0.1 leaves %d\n", place.name, topP, minP)
	}

	// %% [markdown]
	// ## The same again
	//
	// Temperature 0 takes the likeliest token always. Above it chance decides, from a
	// seed: the same seed gives the same text.

	// %% Again
	text := func(c engine.GenerateConfig) string {
		c.MaxTokens = 24
		r, err := m.NewSession().Generate(prompt, c)
		must(err)
		return r.Text
	}
	once, again := text(engine.GenerateConfig{}), text(engine.GenerateConfig{})
	fmt.Println("greedy twice, same text:", once == again)
	seven := engine.GenerateConfig{Temperature: 1, Seed: 7}
	once, again = text(seven), text(seven)
	fmt.Println("one seed twice, same text:", once == again)

	// %% Seeds
	//nb:mask numbers
	for _, t := range []float64{0.2, 0.7, 1.5} {
		different := map[string]bool{}
		for seed := 1; seed <= 10; seed++ {
			different[text(engine.GenerateConfig{Temperature: t, Seed: uint64(seed)})] = true
		}
		fmt.Printf("temperature %.1f: %d different texts from 10 seeds\n", t, len(different))
	}

	// %% Some of them
	//nb:skip chance picks the words, and not the same ones on every processor
	for _, c := range []engine.GenerateConfig{
		{}, {Temperature: 0.7, Seed: 1}, {Temperature: 0.7, Seed: 2},
		{Temperature: 2, Seed: 1}, {Temperature: 2, Seed: 1, TopP: 0.9},
	} {
		fmt.Printf("temperature %.1f, seed %d, top-p %.1f:%s\n", c.Temperature, c.Seed, c.TopP, text(c))
	}

	// %% [markdown]
	// ## Does chance make it better?
	//
	// It is often told that greedy text is dull and a temperature makes it better.
	// Better at what? Here is a question with one right answer, asked ten times.

	// %% A fact to recall
	//nb:mask [\d]+ of
	question := "Pip the fox walked to the mill. The code of the red box is 4711. The owl was happy. " +
		"The code of the blue jar is 2093. They ate pie.\nWhat is the code of the red box?"
	right := map[float64]int{}
	for _, t := range []float64{0, 0.7, 1.5, 3} {
		for seed := 1; seed <= 10; seed++ {
			r, err := m.NewSession().Chat(question, engine.GenerateConfig{
				MaxTokens: 40, Temperature: t, Seed: uint64(seed),
			})
			must(err)
			if strings.Contains(r.Text, "4711") {
				right[t]++
			}
		}
		fmt.Printf("temperature %.1f: %d of 10 right\n", t, right[t])
	}

	// %% What that says
	fmt.Println("a high temperature made it worse:", right[3] < right[0])

	// %% [markdown]
	// ## Penalties
	//
	// A repetition penalty lowers tokens that came before. It works against copying,
	// also where copying is the task: here the answer stands in the text.

	// %% The same question with a penalty
	r, err := m.NewSession().Chat(question, engine.GenerateConfig{MaxTokens: 40})
	must(err)
	fmt.Printf("none: %q\n", r.Text)
	r, err = m.NewSession().Chat(question, engine.GenerateConfig{MaxTokens: 40, RepeatPenalty: 2})
	must(err)
	fmt.Printf("2.0:  %q\n", r.Text)
	fmt.Println("the penalty broke a right answer:", right[0] == 10 && !strings.Contains(r.Text, "4711"))
	must(m.Close())

	// %% [markdown]
	// ## A question for you
	//
	// From which temperature on is the answer of the cell "A fact to recall" wrong more
	// often than right, and does `TopK: 5` in that cell's GenerateConfig repair it?
}
