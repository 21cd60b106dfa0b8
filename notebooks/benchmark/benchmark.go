// Reading a benchmark honestly: how much of a difference is noise, what warming up
// hides, and which number belongs to which question. Run it with
//
//	go run ./repl/loupe run notebooks/benchmark/benchmark.go
//	go run ./notebooks/benchmark
//
// Both print the same, but for the times. "-p model=smollm2" behind run takes
// another model (some minutes).
package main

import (
	"fmt"
	"log"
	"sort"
	"strings"
	"time"

	"loupe/engine"
)

// must ends the notebook when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// spread is a list of measurements in order.
type spread []float64

func newSpread(list []float64) spread {
	s := append(spread(nil), list...)
	sort.Float64s(s)
	return s
}

func (s spread) median() float64 { return s[len(s)/2] }

func (s spread) String() string {
	return fmt.Sprintf("%6.0f/s (from %6.0f/s to %6.0f/s)", s.median(), s[0], s[len(s)-1])
}

func main() {
	// %% [markdown]
	// # Reading a benchmark honestly
	//
	// "31 tokens/s with this setting, 23 without": what does such a sentence say? Here
	// the machine that you sit at answers. All figures below are of this run; no text
	// around them knows them.

	// %% parameters
	model, runs, tokens := "lesson", 9, 48

	// %% A measurement
	m, err := engine.Load(model, engine.LoadConfig{Threads: 2})
	must(err)
	text := strings.Repeat("The fox was brave and the owl was quiet. They ate pie and soup at the mill. ", 40)
	ids := m.Tokenize(text)
	// once reads so many tokens in a new session and generates n more.
	once := func(m *engine.Model, prompt, n int) engine.Stats {
		s := m.NewSession()
		defer s.Close()
		_, err := s.Eval(ids[:prompt-8])
		must(err)
		r, err := s.Generate(m.Detokenize(ids[:prompt]), engine.GenerateConfig{MaxTokens: n})
		must(err)
		return r.Stats
	}
	st := once(m, 128, tokens)
	fmt.Println(st.GeneratedTokens > 0, "generated at", fmt.Sprintf("%.0f/s", st.GenRate()))

	// %% [markdown]
	// ## One run is none
	//
	// The same setting, again and again. Everything that differs here is noise: other
	// programs, the clock of the processor, the memory.

	// %% The same, again and again
	measure := func(m *engine.Model, prompt int) spread {
		var list []float64
		for i := 0; i < runs; i++ {
			list = append(list, once(m, prompt, tokens).GenRate())
		}
		return newSpread(list)
	}
	a := measure(m, 128)
	fmt.Println("generation:", a)

	// %% How far is the best from the worst?
	//nb:mask [\d.]+ %
	noise := 100 * (a[len(a)-1] - a[0]) / a.median()
	fmt.Printf("best and worst of %d runs of one setting are %.0f %% of the median apart\n", runs, noise)

	// %% A against A
	// Two measurements of the same thing, as if they were two settings.
	//nb:mask [+-]?[\d.]+ %
	b := measure(m, 128)
	fmt.Println("A:", a)
	fmt.Println("A:", b)
	fmt.Printf("the median of the second is %+.1f %% off that of the first, and nothing was changed\n",
		100*(b.median()/a.median()-1))

	// %% [markdown]
	// A difference smaller than that says nothing. The tables of these notebooks give
	// the spread beside each median for this reason, and settings take turns.
	//
	// ## The first run
	//
	// A model that was just loaded has its weights still to fetch, its buffers to make
	// and its threads to wake.

	// %% Cold and warm
	//nb:mask [\d.]+ times
	cold, err := engine.Load(model, engine.LoadConfig{Threads: 2})
	must(err)
	start := time.Now()
	once(cold, 128, 8)
	first := time.Since(start)
	best := first
	for i := 0; i < runs; i++ {
		start = time.Now()
		once(cold, 128, 8)
		best = min(best, time.Since(start))
	}
	fmt.Printf("the first run took %.1f times as long as the best one after it\n", first.Seconds()/best.Seconds())
	must(cold.Close())

	// %% [markdown]
	// ## Which rate?
	//
	// A prompt is read at one rate, text is generated at another, and both depend on
	// how much is in the cache.

	// %% By depth
	for _, depth := range []int{16, 128, 256, 448} {
		fmt.Printf("generation behind %3d tokens: %v\n", depth, measure(m, depth))
	}

	// %% By the length of the prompt
	for _, n := range []int{8, 32, 128, 480} {
		var list []float64
		for i := 0; i < runs; i++ {
			s := m.NewSession()
			start := time.Now()
			_, err := s.Eval(ids[:n])
			must(err)
			list = append(list, float64(n)/time.Since(start).Seconds())
			s.Close()
		}
		fmt.Printf("reading a prompt of %3d tokens: %v\n", n, newSpread(list))
	}

	// %% [markdown]
	// So a rate without the length of the prompt and the depth is half a number.
	//
	// ## The mean of rates
	//
	// A job of two halves: one fast, one slow. How fast was it? The time says it.

	// %% Two means
	// 100 tokens at 1,000/s and 100 at 100/s.
	fmt.Printf("mean of the rates: %d/s; tokens by time: %.0f/s\n", (1000+100)/2, 200/(100.0/1000+100.0/100))

	// %% [markdown]
	// ## What should it be?
	//
	// For each generated token all weights are read once. Weights by rate give bytes a
	// second: what the memory, or the cache of the processor, must deliver. That says
	// whether there is anything left to gain, which no comparison does.

	// %% Bytes a second
	//nb:mask [\d.]+ GB/s
	_, perToken := m.WeightBytes()
	fmt.Printf("%s of weights a token: %.1f GB/s at the median rate\n",
		engine.Size(perToken), float64(perToken)*a.median()/1e9)

	// %% Threads
	// In turns, so that what else the machine does meets both.
	//nb:mask [\d.]+ times
	single, err := engine.Load(model, engine.LoadConfig{Threads: 1})
	must(err)
	var one, two []float64
	for i := 0; i < runs; i++ {
		one = append(one, once(single, 128, tokens).GenRate())
		two = append(two, once(m, 128, tokens).GenRate())
	}
	alone, pair := newSpread(one), newSpread(two)
	fmt.Println("1 thread: ", alone)
	fmt.Println("2 threads:", pair)
	fmt.Printf("two threads are %.2f times as fast as one\n", pair.median()/alone.median())
	must(single.Close())

	// %% Do they wait for each other?
	//nb:mask \d+ %
	p, err := m.Profile(func() error { once(m, 128, tokens); return nil })
	must(err)
	for _, phase := range p.Phases {
		if phase.Name == "barrier" {
			fmt.Printf("with two threads %.0f %% of the time one waits for the other\n",
				100*phase.Time.Seconds()/p.Wall.Seconds())
		}
	}
	must(m.Close())

	// %% [markdown]
	// It is often told that twice the threads are twice the speed, or else that they wait
	// for each other. The lines above say what is left of both here.
	//
	// ## A question for you
	//
	// How many runs does it take until "A against A" stays below 2 %? Change `runs` in
	// the cell "parameters". And with something else running beside it?
}
