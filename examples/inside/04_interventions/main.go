// Interventions: heads and blocks taken out, activations of another text put in, the
// residual stream steered, each with what it does to the next token; and what the model
// would say after each layer. Run it with
//
//	go run ./repl/loupe run examples/inside/04_interventions/main.go
//	go run ./examples/inside/04_interventions
//
// "-p model=smollm2" behind run takes another model.
package main

import (
	"fmt"
	"log"
	"math"
	"slices"

	"loupe/engine"
	"loupe/engine/observe"
	"loupe/stdlib/nb"
)

// must ends the program when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// halver is an observer of one's own: it is asked first, then shown the live buffer. It
// halves what the feed-forward part of a layer adds, and keeps how long that was.
type halver struct {
	layer   int
	lengths []float64
}

func (h *halver) Wants(layer int, p observe.Point) bool {
	return layer == h.layer && p == observe.FFNOut
}

func (h *halver) Observe(e observe.Event) {
	width := e.Shape[1] // e.X is [tokens, width]
	for t := 0; t < e.Shape[0]; t++ {
		sum := 0.0
		for i, x := range e.X[t*width : (t+1)*width] {
			sum += float64(x) * float64(x)
			e.X[t*width+i] = x / 2
		}
		h.lengths = append(h.lengths, math.Sqrt(sum))
	}
}

func (h *halver) String() string {
	return fmt.Sprintf("the feed-forward part of layer %d halved", h.layer)
}

// blindfold hides the first half of a text from its last token, in all heads of all
// layers: a score of -Inf weighs nothing behind the softmax.
type blindfold struct{ last int }

func (b *blindfold) Wants(layer int, p observe.Point) bool { return p == observe.AttnScores }

func (b *blindfold) Observe(e observe.Event) {
	tokens, heads, keys := e.Shape[0], e.Shape[1], e.Shape[2] // e.X is [tokens, heads, keys]
	t := b.last - e.Pos
	if t < 0 || t >= tokens {
		return
	}
	for h := 0; h < heads; h++ {
		row := e.X[(t*heads+h)*keys : (t*heads+h+1)*keys]
		for key := 0; key <= b.last/2; key++ {
			row[key] = float32(math.Inf(-1))
		}
	}
}

func (b *blindfold) String() string { return "the first half hidden from the last token" }

func main() {
	// %% parameters
	model, layer := "lesson", 1

	// %% Words without sense that begin anew
	// What comes next is " jar": it stood behind " soup" the first time.
	m, err := engine.Load(model, engine.LoadConfig{Threads: 1})
	must(err)
	text := "The fox mill key bear soup jar owl bridge pie fox mill key bear soup"
	s := m.NewSession()
	_, err = s.Eval(m.Tokenize(text))
	must(err)

	// %% The logit lens
	// What the model would say if there were no more layers.
	//nb:skip the least likely of these differ by processor
	lens, err := s.LogitLens(1)
	must(err)
	nb.Show(lens)

	// %% The same in words
	for l, after := range lens.After {
		if l%max(len(lens.After)/6, 1) == 0 || l == len(lens.After)-1 {
			fmt.Printf("after %d layers: %q\n", l, after.Guesses[0][0].Text)
		}
	}

	// %% Without one head, and without a block
	//nb:skip the least likely of these differ by processor
	one, err := s.Effect(engine.Ablate(layer, 2))
	must(err)
	nb.Show(one)
	block, err := s.Effect(engine.AblateAttention(layer))
	must(err)
	nb.Show(block)

	// %% Which heads of the layer are missed?
	//nb:mask numbers
	for h := 0; h < 3; h++ {
		x, err := s.Effect(engine.Ablate(layer, h))
		must(err)
		fmt.Printf("%s: KL divergence %.3f nats\n", x.What, x.KLDivergence)
	}

	// %% A callback of one's own, that reads and changes
	//nb:mask numbers
	half := &halver{layer: layer}
	x, err := s.Effect(half)
	must(err)
	fmt.Printf("%s: KL divergence %.3f nats; of %d tokens the longest was %.1f\n", half, x.KLDivergence, len(half.lengths), slices.Max(half.lengths))

	// %% Keys hidden from one token
	// What stood behind " soup" the first time is in the half that it no longer sees. What
	// the other tokens do is as it was.
	//nb:mask numbers
	fold := &blindfold{last: s.Len() - 1}
	blind, err := s.Effect(fold)
	must(err)
	fmt.Printf("%s: still %q: %t; KL divergence %.3f nats\n", fold, blind.Before[0].Text, blind.SameTop, blind.KLDivergence)
	fmt.Println("behind the tokens before it:", slices.Max(blind.KL[:len(blind.KL)-1]))

	// %% A part of another text
	// There it was " box". What the residual stream holds at the last token is taken from
	// that text: from which layer on does it know what comes next?
	rec := engine.Record(observe.ResidPost)
	other := m.NewSession()
	other.Observe(rec)
	_, err = other.Eval(m.Tokenize("The fox mill key bear soup box owl bridge pie fox mill key bear soup"))
	must(err)
	last := s.Len() - 1
	layers := len(lens.After) - 1
	for l := 0; l < layers; l += max(layers/6, 1) {
		x, err := s.Effect(engine.Patch(rec, l, observe.ResidPost, last))
		must(err)
		fmt.Printf("%s: %q, was %q\n", x.What, x.After[0].Text, x.Before[0].Text)
	}

	// %% Patched with its own record nothing changes
	own := engine.Record(observe.Z)
	again := m.NewSession()
	again.Observe(own)
	_, err = again.Eval(m.Tokenize(text))
	must(err)
	same, err := s.Effect(engine.Patch(own, layer, observe.Z))
	must(err)
	fmt.Println("changed by less than rounding:", same.KLDivergence < 1e-4)

	// %% Steered
	// The direction from one kind of text to another, added to all that is read.
	//nb:mask numbers
	late := layers * 2 / 3
	away, err := m.Direction(late, "The owl, an owl, the old owl and the owl.", "The fox, a fox, the old fox and the fox.")
	must(err)
	story := m.NewSession()
	_, err = story.Eval(m.Tokenize("Once there was a brave"))
	must(err)
	for _, scale := range []float64{-2, 2} {
		x, err := story.Effect(engine.Steer(late, away, scale))
		must(err)
		fmt.Printf("%s: %v, KL divergence %.3f nats\n", x.What, x.After[0], x.KLDivergence)
	}

	// %% What was read that way is never reused
	s.Close()
	s.Observe(engine.AblateAttention(0))
	_, err = s.Generate(text, engine.GenerateConfig{MaxTokens: 1, OnText: func(string) {}})
	must(err)
	s.Observe(nil)
	r, err := s.Generate(text, engine.GenerateConfig{MaxTokens: 1, OnText: func(string) {}})
	must(err)
	fmt.Println("reused:", r.Stats.ReusedTokens, "read anew since they were changed:", r.Stats.EditedTokens > 0)
	must(m.Close())
}
