// Attention heads: what single heads look at, how a model copies, and what is left
// of it when one head is taken out. Run it with
//
//	go run ./repl/loupe run notebooks/heads/heads.go
//	go run ./notebooks/heads
//
// Both print the same. "-p model=smollm2" behind run takes another model (a minute).
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
	words := strings.Fields("fox owl bear goat frog duck dog cat mill bridge river tower pond cave key red " +
		"blue green old small warm happy brave quiet pie soup bread box jar chest night summer")
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
	// surprise is the mean surprise of both copies, in nats, under an observer or nil.
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
	fmt.Printf("first copy %.1f nats a token, second copy %.1f\n", first, second)
	fmt.Println("the second copy is less surprising:", second < first)

	// %% [markdown]
	// ## Who does that?
	//
	// To continue a copy a head has to look at what stood behind the same token the
	// first time: that is an induction head (Olsson et al., 2022). It needs the help of
	// one that looks at the token before. And many heads rest on the first token when
	// they find nothing: a sink. All heads are looked at, and scored by how much of
	// their attention goes to each of these places.

	// %% All heads, by what they look at
	//nb:skip shades that differ by processor
	s := m.NewSession()
	_, err = s.Eval(twice)
	must(err)
	scan, err := s.ScanHeads()
	must(err)
	nb.Show(scan.Grid())

	// %% The best of each kind
	//nb:mask \d+ %
	for _, score := range []engine.HeadScore{scan.Previous, scan.Induction, scan.Sink} {
		h := score.Top(1)[0]
		fmt.Printf("%-14s layer %d head %d, with %.0f %% of its attention\n", score.Name, h.Layer, h.Head, 100*h.Score)
	}
	helper, best := scan.Previous.Top(1)[0], scan.Induction.Top(1)[0]
	fmt.Println("the helper comes before the induction head:", helper.Layer < best.Layer)

	// %% Where the induction head looks
	// Downwards the tokens that look, to the right those that they look at.
	//nb:skip shades that differ by processor
	a, err := s.Attention(best.Layer, best.Head)
	must(err)
	nb.Show(a)

	// %% The slanted line
	//nb:mask \d+ %
	sum := 0.0
	for i := block + 1; i < a.N; i++ { // a token of the second copy looks one place behind its first
		sum += float64(a.Row(i)[i-block+1]) / float64(a.N-block-1)
	}
	fmt.Printf("a token of the second copy gives %.0f %% of its attention to what came next the first time\n", 100*sum)

	// %% [markdown]
	// The first copy has nothing to look back to. From its end on the line runs down
	// beside the diagonal, one block to the left: that is the copying. Here are all heads
	// of the layer on a shorter text: in a page they can be picked, and tokens pointed at.

	// %% Its neighbours
	//nb:skip shades that differ by processor
	short := m.NewSession()
	_, err = short.Eval(append([]int{bos}, append(ids[:8:8], ids[:8]...)...))
	must(err)
	view, err := short.HeadView(best.Layer)
	must(err)
	nb.Show(view)

	// %% [markdown]
	// ## Is it the cause?
	//
	// That a head looks at the right place does not say that the model needs it. So
	// each head is taken out in turn (what it gives becomes zero), the rest goes on, and
	// the surprise of the second copy is measured.

	// %% Without one head
	//nb:skip shades that differ by processor
	lost := picture.Heat{
		Title: "what is lost on the second copy without a head, nats", RowName: "layer", ColName: "head",
		Rows: scan.Layers, Cols: scan.Heads,
	}
	for l := 0; l < scan.Layers; l++ {
		for h := 0; h < scan.Heads; h++ {
			_, without := surprise(engine.Ablate(l, h))
			lost.Values = append(lost.Values, float32(without-second))
		}
	}
	nb.Show(lost)

	// %% Which heads are missed most?
	//nb:mask [+-]?\d+\.\d+|\d+ of|\d+ %
	worst, cheap := 0, 0
	for i, x := range lost.Values {
		if x > lost.Values[worst] {
			worst = i
		}
		if x < 0.1 {
			cheap++
		}
	}
	l, h := worst/scan.Heads, worst%scan.Heads
	fmt.Printf("%d of %d heads can be taken out for less than a tenth of a nat each\n", cheap, len(lost.Values))
	fmt.Printf("without the best induction head: %+.2f nats\n", lost.Values[best.Layer*scan.Heads+best.Head])
	fmt.Printf("most is lost without layer %d head %d: %+.2f nats\n", l, h, lost.Values[worst])
	fmt.Printf("it gives %.0f %% of its attention to the token before, %.0f %% to induction\n",
		100*scan.Previous.At(l, h), 100*scan.Induction.At(l, h))

	// %% What that says
	fmt.Println("the head that is missed most is the best induction head:", l == best.Layer && h == best.Head)
	fmt.Println("it is the helper, which looks at the token before:", l == helper.Layer && h == helper.Head)
	fmt.Println("without it more than half of the copying is lost:", float64(lost.Values[worst]) > (first-second)/2)
	must(m.Close())

	// %% [markdown]
	// It is often told that induction heads do the copying. They look at the right
	// place; but see which head is missed most. Of those that look there may be several,
	// which stand in for each other; of what they rest on there may be one.
	//
	// ## A question for you
	//
	// Does a longer block make copying harder? Change `block` in the cell "parameters"
	// to 8 and to 100, and compare the second copy. Is the best head the same one?
}
