// Long prompt or chain: the same questions about the same texts, once in one long
// prompt and once piece by piece, with the answers counted. Run it with
//
//	go run ./repl/loupe run notebooks/longorchain/longorchain.go
//	go run ./notebooks/longorchain
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
	// # Long prompt or chain
	//
	// A context that is long enough does not mean that a model finds what stands in it.
	// Here texts are drawn with facts in them, so that every answer is right or wrong,
	// and asked about in two ways: all of the text in one prompt, or piece after piece,
	// with Go code choosing among the answers.

	// %% parameters
	model, documents := "lesson", 2

	// %% A needle
	// One fact, at three depths, in texts of three lengths.
	needle := experiment.Needle()
	needle.Documents, needle.Load.Threads, needle.Lengths = documents, 2, []int{128, 384, 1024}
	one, err := experiment.LongVsChain(model, needle)
	must(err)
	fmt.Printf("%s was trained on %d tokens\n", model, one.TrainedContext)

	// %% By length and depth
	//nb:skip near ties are decided otherwise on other processors
	nb.Show(one.Map())
	nb.Show(one.Chart())

	// %% By length
	//nb:mask [\d.]+ %
	share := func(v *experiment.Versus, least, most int) (long, chain float64) {
		var a, b, n float64
		for _, r := range v.Rows {
			if r.Length >= least && r.Length <= most {
				a, b, n = a+float64(r.Long.Right), b+float64(r.Chain.Right), n+float64(r.Long.Wanted)
			}
		}
		return 100 * a / n, 100 * b / n
	}
	for _, length := range needle.Lengths {
		long, chain := share(one, length, length)
		fmt.Printf("%4d tokens: one prompt %3.0f %% right, the chain %3.0f %%\n", length, long, chain)
	}

	// %% Inside and past the trained context
	long, chain := share(one, 0, one.TrainedContext)
	longFar, chainFar := share(one, one.TrainedContext+1, 1<<20)
	if needle.Lengths[len(needle.Lengths)-1] > one.TrainedContext {
		fmt.Println("one prompt finds more inside the trained context than past it:", long > longFar)
		fmt.Println("past it the chain finds more than one prompt:", chainFar > longFar)
	} else {
		fmt.Println("none of the texts is longer than the trained context")
	}
	fmt.Println("inside it the chain is worse than one prompt:", chain < long)

	// %% [markdown]
	// ## What it costs
	//
	// The chain reads each piece with its own question around it, so it reads more
	// tokens; but attention of a piece is over that piece alone, and so is its cache.

	// %% Tokens, bytes and time of the longest texts
	//nb:mask (prompt|chain): +\d+
	read := [2]int{}
	peak := [2]int64{}
	seconds := [2]float64{}
	for _, r := range one.Rows {
		if r.Length == 1024 {
			for i, w := range []experiment.Way{r.Long, r.Chain} {
				read[i] += w.Read + w.Generated
				peak[i] = max(peak[i], w.PeakBytes)
				seconds[i] += w.Seconds.Median
			}
		}
	}
	fmt.Printf("one prompt: %6d tokens, cache at most %8s, %.0f ms\n", read[0], engine.Size(peak[0]), 1e3*seconds[0])
	fmt.Printf("the chain:  %6d tokens, cache at most %8s, %.0f ms\n", read[1], engine.Size(peak[1]), 1e3*seconds[1])

	// %% Is the chain cheaper?
	//nb:mask less time: .*
	fmt.Println("the chain read fewer tokens:", read[1] < read[0])
	fmt.Println("the chain needed less cache:", peak[1] < peak[0])
	fmt.Println("the chain took less time:", seconds[1] < seconds[0])

	// %% [markdown]
	// ## Answers from several places
	//
	// A piece knows nothing of the others. So the code that puts answers together has to
	// know how: here it collects them, takes the last one, counts them, or adds them up.

	// %% Other tasks
	//nb:mask [\d.]+ %
	shares := map[string][2]float64{}
	for _, task := range []experiment.Task{
		experiment.Needles(3), experiment.Tracking(3), experiment.Counting(6), experiment.Aggregation(3),
	} {
		task.Documents, task.Depths, task.Lengths, task.Load.Threads = documents, []float64{0.5}, []int{384, 1024}, 2
		v, err := experiment.LongVsChain(model, task)
		must(err)
		a, b := share(v, 384, 384)
		c, d := share(v, 1024, 1024)
		shares[task.Name] = [2]float64{a + c, b + d}
		fmt.Printf("%-20s 384 tokens: %3.0f %% and %3.0f %% by the chain; 1024 tokens: %3.0f %% and %3.0f %%\n",
			task.Name+":", a, b, c, d)
	}

	// %% What that says
	//nb:mask \d of
	better := 0
	for _, s := range shares {
		if s[1] > s[0] {
			better++
		}
	}
	fmt.Printf("the chain is better at %d of %d of these tasks\n", better, len(shares))

	// %% [markdown]
	// So "split it" is no rule either: the lines above say where it helped. A model that
	// finds nothing past its trained context has more to win by it than one that finds the
	// answer in one prompt, and then may lose it among the pieces. Run this with
	// `-p model=smollm2`, whose trained context is longer than these texts, and compare.
	//
	// ## A question for you
	//
	// How large should a piece be? Put `needle.Piece = 150` and then 450 into the cell
	// "A needle" (300 is what it takes otherwise), and look at the shares of the chain.
}
