package engine_test

import (
	"context"
	"fmt"
	"math"

	"loupe/engine"
)

// twice is a session that has read a text whose second half repeats the first.
func twice(m *engine.Model) *engine.Session {
	s := m.NewSession()
	must(s.Eval(m.Tokenize("The red box and the blue jar. The red box and the blue jar.")))
	return s
}

// Where one head looks, with flash attention on or off.
func ExampleSession_Attention() {
	m := must(engine.Load("lesson", engine.LoadConfig{FlashAttention: engine.On}))
	defer m.Close()
	s := twice(m)
	var a *engine.Attention = must(s.Attention(1, 2))
	last := a.Row(a.N - 1)
	sum, best := float32(0), 0
	for i, w := range last {
		sum += w
		if w > last[best] {
			best = i
		}
	}
	fmt.Printf("%q looks most at token %d, %q; its weights sum to %.2f\n", a.Tokens[a.N-1], best, a.Tokens[best], sum)
	first, last8, self, entropy := a.Share() // the mean weight on the first token, the last 8, itself
	fmt.Println(first >= 0, last8 >= self, entropy > 0)
	fmt.Println(a.Heat().Rows, "rows as a picture,", len(a.Arrows().From), "queries as arrows", len(a.Terminal(40, 0)) > 0)
	// Output:
	// "." looks most at token 10, " red"; its weights sum to 1.00
	// true true true
	// 17 rows as a picture, 17 queries as arrows true
}

// Where one token looks: the price of one token, in a text of any length.
func ExampleSession_AttentionRow() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := twice(m)
	var row *engine.AttentionRow = must(s.AttentionRow(1, 2, s.Len()-1))
	whole := must(s.AttentionRowContext(context.Background(), 1, 2, 4))
	bars := row.Bars() // the cells of most weight, and the rest together
	fmt.Println(len(row.Weights) == s.Len(), len(whole.Weights), len(bars.Labels) == len(bars.Values), len(row.Terminal(60, 0)) > 0)
	// Output:
	// true 5 true true
}

// All heads of a layer.
func ExampleSession_AttentionLayer() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := twice(m)
	var l *engine.AttentionLayer = must(s.AttentionLayer(1))
	fmt.Println(len(l.Heads), "heads;", len(l.Grid().Heats), "in a picture,", len(l.HeadView().Layers[0].Heads), "in a page")
	view := must(s.HeadView()) // all layers, for a page in which they are picked
	fmt.Println(len(view.Layers), "layers;", len(l.Table()) > 0, len(l.Terminal(60, 0)) > 0)
	// Output:
	// 6 heads; 6 in a picture, 6 in a page
	// 5 layers; true true
}

// What adds up to the attention of one token: its query times each key.
func ExampleSession_Neurons() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := twice(m)
	var n *engine.Neurons = must(s.NeuronsContext(context.Background(), 1, 2, s.Len()-1))
	again := must(s.Neurons(1, 2, s.Len()-1))
	sum := float32(0)
	for _, p := range n.Products[:len(n.Q)] { // with the first key
		sum += p
	}
	fmt.Println(math.Abs(float64(sum-n.Scores[0])) < 1e-3, again.Query == n.Query, n.Heat().Rows == len(n.Tokens), len(n.Terminal(60, 0)) > 0)
	// Output: true true true true
}

// Which heads are sinks, look at the token before, or copy.
func ExampleModel_ScanHeads() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	var x *engine.HeadScan = must(m.ScanHeads(0, 1)) // random words, twice
	for _, score := range []engine.HeadScore{x.Previous, x.Induction} {
		var best engine.ScoredHead = score.Top(1)[0]
		fmt.Printf("%s: layer %d head %d, more than half of its attention: %t\n", score.Name, best.Layer, best.Head, score.At(best.Layer, best.Head) > 0.5)
	}
	fmt.Println(x.Sink.Heat().Rows, "layers,", len(x.Grid().Heats), "scores", len(x.Table()) > 0, len(x.Terminal(60, 0)) > 0)
	here := must(twice(m).ScanHeads()) // the same on a text of one's own
	fmt.Println(here.Repeated, "of", here.Tokens, "tokens stood there before")
	under := must(m.ScanHeadsContext(context.Background(), 20, 1))
	fmt.Println(under.Layers == x.Layers)
	// Output:
	// previous token: layer 0 head 0, more than half of its attention: true
	// induction: layer 1 head 0, more than half of its attention: true
	// 5 layers, 4 scores true true
	// 7 of 17 tokens stood there before
	// true
}

// What the model would say after each of its layers.
func ExampleSession_LogitLens() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := m.NewSession()
	must(s.Eval(m.Tokenize("Once upon a")))
	var x *engine.Lens = must(s.LogitLens(1)) // behind the last token
	var end engine.LensLayer = x.After[len(x.After)-1]
	var guess engine.Guess = end.Guesses[0][0]
	fmt.Printf("in the end %q, rank %d; after no layer of another rank: %t\n", guess.Text, end.Rank[0], x.After[0].Rank[0] > 1)
	all := must(s.LogitLensContext(context.Background(), 0))
	fmt.Println(len(all.Tokens), "tokens,", all.Heat().Rows, "rows;", len(all.Table()) > 0, len(all.Terminal(60, 0)) > 0)
	// Output:
	// in the end " time", rank 1; after no layer of another rank: true
	// 4 tokens, 6 rows; true true
}

// What reads the text anew ends when its context does, and the session is as it was.
func ExampleSession_AttentionContext() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := m.NewSession()
	must(s.Eval(m.Tokenize("Once there was a rabbit.")))
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // in a program: context.WithTimeout, or signal.NotifyContext
	_, one := s.AttentionContext(ctx, 1, 0)
	_, all := s.AttentionLayerContext(ctx, 1)
	_, view := s.HeadViewContext(ctx)
	_, scan := s.ScanHeadsContext(ctx)
	fmt.Println(one, all, view, scan)
	fmt.Println(s.Len(), "tokens")
	// Output:
	// context canceled context canceled context canceled context canceled
	// 7 tokens
}
