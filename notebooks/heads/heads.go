// Attention heads: what single heads look at, how a model copies, and what is left
// of it when one head is blinded. Run it with
//
//	go run ./repl/loupe run notebooks/heads/heads.go
//	go run ./notebooks/heads
//
// Both print the same. "-p model=smollm2" behind run takes another model.
package main

import (
	"fmt"
	"log"
	"strings"

	"loupe/engine"
	"loupe/engine/observe"
	"loupe/stdlib/nb"
)

// must ends the notebook when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// patterns keeps the attention of a pass: for each layer [nTok, nHead, nKV].
type patterns struct {
	layers [][]float32
	heads  int
	tokens int
}

// Wants is asked which points of a pass to show.
func (p *patterns) Wants(layer int, at observe.Point) bool { return at == observe.AttnPattern }

// Observe is shown a point: it is valid during the call only, so it is copied.
func (p *patterns) Observe(e observe.Event) {
	p.layers = append(p.layers, append([]float32(nil), e.X...))
	p.tokens, p.heads = e.Shape[0], e.Shape[1]
}

// weight is how much a head of a layer looks from one token at another.
func (p *patterns) weight(layer, head, from, to int) float64 {
	x := p.layers[layer]
	return float64(x[(from*p.heads+head)*len(x)/(p.tokens*p.heads)+to])
}

// mean is the mean weight of a head on what at names, over tokens from first on.
func (p *patterns) mean(layer, head, first int, at func(from int) int) float64 {
	sum := 0.0
	for from := first; from < p.tokens; from++ {
		sum += p.weight(layer, head, from, at(from))
	}
	return sum / float64(p.tokens-first)
}

// blinder takes away what heads of a layer ask for: their queries become zero, so
// that they look at all tokens alike.
type blinder struct{ layer, head int }

// Wants is asked which points of a pass to show.
func (b *blinder) Wants(layer int, at observe.Point) bool {
	return layer == b.layer && at == observe.QRot
}

// Observe changes the queries as they flow: [nTok, nHead, headDim].
func (b *blinder) Observe(e observe.Event) {
	heads, dim := e.Shape[1], e.Shape[2]
	for t := 0; t < e.Shape[0]; t++ {
		clear(e.X[(t*heads+b.head)*dim : (t*heads+b.head+1)*dim])
	}
}

// shade is a share from 0 to 1 as a sign.
func shade(x float64) string {
	return []string{"·", "░", "▒", "▓", "█"}[min(int(x*5), 4)]
}

// place is a head.
type place struct{ layer, head int }

func main() {
	// %% [markdown]
	// # Attention heads and induction
	//
	// Each layer has several heads, and each of them decides for every token which
	// earlier tokens it takes something from. Nobody told them what to look for. Some
	// can be recognised by where they look.

	// %% parameters
	model, block := "lesson", 32

	// %% Words without sense, twice
	// Random words cannot be predicted, but their second copy can: by looking back.
	m, err := engine.Load(model, engine.LoadConfig{Threads: 2})
	must(err)
	words := strings.Fields("fox owl bear goat frog duck dog cat mill bridge river tower pond cave key red blue green old small warm happy brave quiet pie soup bread box jar chest night summer")
	var ids []int
	x := 7
	for len(ids) < block {
		x = (x*1103515245 + 12345) % 2147483648
		if t := m.TokenizePlain(" " + words[x/65536%len(words)]); len(t) == 1 {
			ids = append(ids, t[0])
		}
	}
	bos, _ := m.BOS()
	twice := append([]int{bos}, append(ids, ids...)...)
	fmt.Printf("%d tokens:%s ...\n", len(twice), m.Detokenize(ids[:8]))

	// %% How surprising is each copy?
	// surprise is the mean surprise of both copies, in nats.
	surprise := func(o observe.Observer) (first, second float64) {
		s := m.NewSession()
		defer s.Close()
		s.Observe(o)
		must(s.EvalEach(nb.Context(), twice, func(i int, row []float32) {
			if i+1 == len(twice) {
				return
			}
			loss := engine.LogSumExp(row) - float64(row[twice[i+1]])
			if i < block {
				first += loss / float64(block)
			} else {
				second += loss / float64(block)
			}
		}, 0))
		return first, second
	}
	first, second := surprise(nil)
	fmt.Printf("first copy %.2f nats a token, second copy %.2f\n", first, second)
	fmt.Println("the second copy is less surprising:", second < first)

	// %% [markdown]
	// ## Who does that?
	//
	// To continue a copy a head has to look at what stood behind the same token the
	// first time: that is an induction head (Olsson et al., 2022). It needs the help of
	// one that looks at the token before. And many heads rest on the first token when
	// they find nothing: a sink.

	// %% The attention of all heads
	p := &patterns{}
	s := m.NewSession()
	s.Observe(p)
	_, err = s.Eval(twice)
	must(err)
	fmt.Printf("%d layers with %d heads\n", len(p.layers), p.heads)

	// %% Three kinds of heads
	// A sign for each head, a line for each layer: how much of its attention goes there.
	kinds := []struct {
		name  string
		first int
		at    func(from int) int
	}{
		{"previous token", 1, func(from int) int { return from - 1 }},
		{"induction", block + 1, func(from int) int { return from - block + 1 }},
		{"first token", 1, func(from int) int { return 0 }},
	}
	best := map[string]place{}
	score := map[string][]float64{}
	for _, k := range kinds {
		var all []float64
		top := -1.0
		for l := range p.layers {
			for h := 0; h < p.heads; h++ {
				mean := p.mean(l, h, k.first, k.at)
				all = append(all, mean)
				if mean > top {
					top, best[k.name] = mean, place{l, h}
				}
			}
		}
		score[k.name] = all
	}
	for l := range p.layers {
		line := fmt.Sprintf("layer %2d ", l)
		for _, k := range kinds {
			line += "  " + k.name + " "
			for h := 0; h < p.heads; h++ {
				line += shade(score[k.name][l*p.heads+h])
			}
		}
		fmt.Println(line)
	}

	// %% The best of each kind
	//nb:mask \d+ %
	for _, k := range kinds {
		b := best[k.name]
		fmt.Printf("%-14s layer %d head %d, with %.0f %% of its attention\n", k.name, b.layer, b.head, 100*score[k.name][b.layer*p.heads+b.head])
	}
	fmt.Println("the helper comes before the induction head:", best["previous token"].layer < best["induction"].layer)

	// %% Where that head looks
	// A line for each fourth token of the second copy, a sign for each token before it.
	b := best["induction"]
	for from := block + 2; from < p.tokens; from += 4 {
		line := ""
		for to := 0; to <= from; to++ {
			line += shade(p.weight(b.layer, b.head, from, to))
		}
		fmt.Println(line)
	}

	// %% [markdown]
	// The slanted line is the copy: each token looks one place behind where it stood
	// before.
	//
	// ## Is it the cause?
	//
	// That a head looks at the right place does not say that the model needs it. So
	// its queries are set to zero as they flow, and the rest goes on.

	// %% Without one head
	//nb:mask [+-]?\d+\.\d+
	lost := map[place]float64{}
	for l := range p.layers {
		for h := 0; h < p.heads; h++ {
			_, without := surprise(&blinder{l, h})
			lost[place{l, h}] = without - second
		}
	}
	cheap := 0
	for _, x := range lost {
		if x < 0.1 {
			cheap++
		}
	}
	fmt.Printf("without the best induction head: %+.2f nats on the second copy\n", lost[b])
	fmt.Printf("%d of %d heads can be blinded for less than a tenth of a nat each\n", cheap, len(lost))

	// %% Which heads are missed most?
	//nb:mask [+-]?\d+\.\d+
	worst := place{}
	for l := range p.layers {
		for h := 0; h < p.heads; h++ {
			if lost[place{l, h}] > lost[worst] {
				worst = place{l, h}
			}
		}
	}
	fmt.Printf("most is lost without layer %d head %d: %+.2f nats; its attention for induction: %s, for the previous token: %s\n",
		worst.layer, worst.head, lost[worst], shade(score["induction"][worst.layer*p.heads+worst.head]), shade(score["previous token"][worst.layer*p.heads+worst.head]))
	fmt.Println("it is the best induction head:", worst == b)
	fmt.Println("without it nothing of the copying is left:", lost[worst] > 0.9*(first-second))

	// %% [markdown]
	// It is often told that induction heads do the copying. See which head is missed
	// most: where it is not one of them, it is one that they get their input from. Of
	// those that look at the right place there may be several, which stand in for each
	// other; of what they rest on there may be one.
	//
	// ## A question for you
	//
	// Does a longer block make copying harder? Change `block` in the cell "parameters"
	// to 8 and to 100, and compare the second copy. Is the best head the same one?

	// %% The end
	must(m.Close())
}
