// Sinks and windows: what the first token of a text is for, and what happens when a
// long generation must forget something. Run it with
//
//	go run ./repl/loupe run notebooks/sinks/sinks.go
//	go run ./notebooks/sinks
//
// Both print the same. "-p model=smollm2" behind run takes another model.
package main

import (
	"fmt"
	"log"
	"math"

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

// scaled multiplies what the first token has to say, its values, as they flow.
type scaled struct{ by float32 }

// Wants is asked which points of a pass to show.
func (b *scaled) Wants(layer int, at observe.Point) bool { return at == observe.V }

// Observe is shown values, [nTok, nKVHead, headDim], and writes to those of the first.
func (b *scaled) Observe(e observe.Event) {
	if e.Pos > 0 {
		return
	}
	for i := 0; i < e.Shape[1]*e.Shape[2]; i++ {
		e.X[i] *= b.by
	}
}

func main() {
	// %% [markdown]
	// # Sinks and windows
	//
	// Attention always gives away all of its weight: it cannot look at nothing. Heads
	// that find nothing of use look at the first token, which is always there (Xiao et
	// al., 2023): a sink. A window that forgets the oldest tokens forgets it first.

	// %% parameters
	model, length := "lesson", 384

	// %% A text
	m, err := engine.Load(model, engine.LoadConfig{Threads: 2})
	must(err)
	var ids []int
	bos, _ := m.BOS()
	ids = append(ids, bos)
	for seed := uint64(1); len(ids) < length; seed++ {
		r, err := m.NewSession().Generate("Once upon a time there was", engine.GenerateConfig{
			MaxTokens: 150, Temperature: 0.7, Seed: seed,
		})
		must(err)
		ids = append(ids, m.TokenizePlain("Once upon a time there was"+r.Text+" ")...)
	}
	ids = ids[:length]
	fmt.Printf("%d tokens of stories that the model wrote, with %q in front\n", len(ids), m.TokenText(bos))

	// %% Attention for the first token
	// A square for each head: the share of its attention that goes to the first token.
	//nb:skip shades that differ by processor
	s := m.NewSession()
	_, err = s.Eval(ids)
	must(err)
	scan, err := s.ScanHeads()
	must(err)
	s.Close()
	nb.Show(scan.Sink.Heat())

	// %% Is that much?
	//nb:mask [\d.]+ % on|\d+ of
	heads, total := 0, 0.0
	for _, x := range scan.Sink.Values {
		if x > 0.3 {
			heads++
		}
		total += float64(x) / float64(len(scan.Sink.Values))
	}
	fair := 0.0 // what it would get if each token looked at all before it alike
	for t := 1; t < length; t++ {
		fair += 1 / float64(t+1) / float64(length-1)
	}
	fmt.Printf("it gets %.1f %% on average, by chance it would be %.1f %%: more: %t\n",
		100*total, 100*fair, total > fair)
	fmt.Printf("%d of %d heads give it more than 30 %%\n", heads, len(scan.Sink.Values))

	// %% [markdown]
	// ## What does it say?
	//
	// A sink is a place to rest: what stands there should not matter. So its values are
	// set to zero as they flow, or made five times as large, and the surprise of the
	// text is measured.

	// %% The value of the first token
	//nb:mask \d+\.\d+
	surprise := func(ids []int, from int, o observe.Observer) float64 {
		sum, n := 0.0, 0
		s := m.NewSession()
		defer s.Close()
		s.Observe(o)
		must(s.EvalEach(nb.Context(), ids, func(i int, row []float32) {
			if i >= from && i+1 < len(ids) {
				sum += engine.LogSumExp(row) - float64(row[ids[i+1]])
				n++
			}
		}, 0))
		return sum / float64(n)
	}
	plain := surprise(ids, 8, nil)
	zero := surprise(ids, 8, &scaled{0})
	five := surprise(ids, 8, &scaled{5})
	fmt.Printf("as it is %.3f nats, value zero %.3f, five times as large %.3f\n", plain, zero, five)

	// %% Does it matter?
	fmt.Println("without its value less than a tenth of a nat is lost:", zero-plain < 0.1)
	fmt.Println("a value five times as large costs more than none:", five > zero)

	// %% [markdown]
	// ## Windows, read anew
	//
	// A window keeps the last tokens only. What does the model lose with the first
	// token, and with the others? The last tokens of the text are read behind a prefix
	// that is cut in three ways.

	// %% Three prefixes
	//nb:mask \d+\.\d+
	window := length / 4
	tail := ids[length-window:]
	middle := ids[length-2*window : length-window]
	join := func(parts ...[]int) []int {
		var all []int
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	all := surprise(ids, length-window, nil)
	withSink := surprise(join(ids[:1], middle, tail), 1+window, nil)
	without := surprise(join(middle, tail), window, nil)
	alone := surprise(join(ids[:1], tail), 1, nil)
	fmt.Printf("the whole text:                 perplexity %.2f\n", math.Exp(all))
	fmt.Printf("the sink and a window of %3d:   %.2f\n", window, math.Exp(withSink))
	fmt.Printf("a window of %3d, without it:    %.2f\n", window, math.Exp(without))
	fmt.Printf("the sink alone:                 %.2f\n", math.Exp(alone))

	// %% What that says
	//nb:mask true|false
	fmt.Println("a window with the sink costs less than a tenth of a nat:", withSink-all < 0.1)
	fmt.Println("without the sink it is worse than with it:", without > withSink)
	fmt.Println("by more than a tenth of a nat:", without-withSink > 0.1)

	// %% [markdown]
	// Here each window was read anew, so that its own first token can be the sink. In a
	// running generation nothing is read anew: cells go, and those that stay were computed
	// with them.
	//
	// ## Windows, cut out of the cache
	//
	// So the text up to its last tokens is read once, cells are taken out of a fork of it,
	// and the last tokens are read behind what is left.

	// %% Four cuts
	//nb:mask \d+\.\d+
	head := m.NewSession()
	_, err = head.Eval(ids[:length-window])
	must(err)
	behind := func(cut func(s *engine.Session) error) float64 {
		s := head.Fork()
		defer s.Close()
		must(cut(s))
		sum := 0.0
		must(s.EvalEach(nb.Context(), tail, func(i int, row []float32) {
			if i+1 < len(tail) {
				sum += engine.LogSumExp(row) - float64(row[tail[i+1]])
			}
		}, 0))
		return sum / float64(len(tail)-1)
	}
	uncut := behind(func(s *engine.Session) error { return nil })
	noFirst := behind(func(s *engine.Session) error { _, err := s.Remove(0, 1); return err })
	sinkLeft := behind(func(s *engine.Session) error { _, err := s.KeepSinks(1, window); return err })
	noSink := behind(func(s *engine.Session) error { _, err := s.KeepSinks(0, window); return err })
	fmt.Printf("nothing taken out:               perplexity %.2f\n", math.Exp(uncut))
	fmt.Printf("the first token alone taken out: %.2f\n", math.Exp(noFirst))
	fmt.Printf("the sink and a window of %3d:    %.2f\n", window, math.Exp(sinkLeft))
	fmt.Printf("a window of %3d, without it:     %.2f\n", window, math.Exp(noSink))

	// %% What those say
	//nb:mask true|false|[\d.]+ times
	fmt.Println("one token less, the first, costs more than a tenth of a nat:", noFirst-uncut > 0.1)
	fmt.Println("a window with the sink costs more than a tenth of a nat:", sinkLeft-uncut > 0.1)
	fmt.Printf("without the sink the perplexity is %.1f times what it is with it\n", math.Exp(noSink-sinkLeft))

	// %% [markdown]
	// It is often told that a window without the sink falls apart. The lines above say
	// whether it does here, and the two ways to make a window need not agree: one that is
	// read anew makes itself a new sink. It depends on the model, too. Run this with
	// `-p model=smollm2` and compare both.
	//
	// ## Generating past the context
	//
	// When the context is full something must go. The policies are named as in LM
	// Studio; what they drop is told, never hidden.

	// %% Three policies
	//nb:mask (eosFound|maxPredictedTokensReached)
	//nb:mask numbers
	small, err := engine.Load(model, engine.LoadConfig{Threads: 2, ContextLength: 128})
	must(err)
	prompt := m.Detokenize(ids[1:100])
	policies := []engine.ContextOverflowPolicy{engine.OverflowError, engine.TruncateMiddle, engine.RollingWindow}
	for _, p := range policies {
		name := string(p)
		if p == engine.OverflowError {
			name = "error"
		}
		r, err := small.NewSession().Generate(prompt, engine.GenerateConfig{
			MaxTokens: 100, ContextOverflowPolicy: p, LogitBias: map[int]float64{bos: math.Inf(-1)},
		})
		must(err)
		fmt.Printf("%-14s %3d tokens, dropped %d, forgotten %d in %d shifts, read again %d, stop %s\n", name,
			r.Stats.GeneratedTokens, r.Stats.DroppedTokens, r.Stats.ShiftedTokens, r.Stats.Shifts,
			r.Stats.RereadTokens, r.Stats.StopReason)
	}

	// %% A prompt that does not fit
	_, err = small.NewSession().Generate(m.Detokenize(ids), engine.GenerateConfig{MaxTokens: 8})
	fmt.Println("refused:", err != nil)
	must(small.Close())
	must(m.Close())

	// %% [markdown]
	// ## A question for you
	//
	// How short can the window be before it costs more than a tenth of a nat? Change
	// `window := length / 4` in the cell "Three prefixes" to / 8 and / 16, and look at both
	// ways to make a window.
}
