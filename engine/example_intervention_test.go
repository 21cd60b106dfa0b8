package engine_test

import (
	"context"
	"fmt"

	"loupe/engine"
	"loupe/engine/observe"
)

// What a head, a layer's attention or its feed-forward part does for predictions.
func ExampleSession_Effect() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := twice(m)
	for _, o := range []*engine.Intervention{engine.Ablate(1, 2), engine.AblateAttention(1), engine.AblateFFN(1)} {
		var x *engine.Effect = must(s.Effect(o))
		fmt.Println(x.What+":", x.MeanKL > 0, len(x.KL), "tokens,", len(x.Spark().Values), "in a curve")
	}
	fmt.Println(engine.Ablate(1, 2).Wants(1, observe.Z)) // the one point where it writes
	both := must(s.EffectContext(context.Background(), engine.Together(engine.Ablate(0, 0), engine.Ablate(1, 2))))
	fmt.Println(both.What != "")
	// Output:
	// without layer 1, head 2: true 17 tokens, 17 in a curve
	// without the attention of layer 1: true 17 tokens, 17 in a curve
	// without the feed-forward part of layer 1: true 17 tokens, 17 in a curve
	// true
	// true
}

// What flows at some points is kept, looked at, and put into another run.
func ExampleRecord() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	var rec *engine.Recording = engine.Record(observe.ResidPost).Layers(0, 1)
	s := m.NewSession()
	s.Observe(rec)
	must(s.Eval(m.Tokenize("The red box")))
	s.Observe(nil)
	fmt.Println(rec.Positions(1, observe.ResidPost), len(rec.At(1, observe.ResidPost, 2)), "numbers each,", rec.Bytes(), "bytes")
	fmt.Println(len(rec.Mean(1, observe.ResidPost, 1)), rec.Heat(1, observe.ResidPost).Rows, rec.Wants(4, observe.ResidPost))
	// Into a run of another text: the residual stream behind layer 1, at its third token.
	other := m.NewSession()
	must(other.Eval(m.Tokenize("The blue box")))
	x := must(other.Effect(engine.Patch(rec, 1, observe.ResidPost, 2)))
	fmt.Println(x.MeanKL > 0)
	// Output:
	// [0 1 2 3] 192 numbers each, 6144 bytes
	// 192 4 false
	// true
}

// A direction between two texts, added to the residual stream.
func ExampleSteer() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	d := must(m.Direction(2, "The fox was happy and warm.", "The fox was sad and cold."))
	again := must(m.DirectionContext(context.Background(), 2, "The fox was happy and warm.", "The fox was sad and cold."))
	s := m.NewSession()
	s.Observe(engine.Steer(2, d, 4))
	r := must(s.Generate("Once there was a fox", engine.GenerateConfig{MaxTokens: 8}))
	fmt.Println(len(d) == len(again), r.Stats.GeneratedTokens)
	// What an observer wrote into the cache is never reused without it.
	s.Observe(nil)
	r = must(s.Generate("Once there was a fox", engine.GenerateConfig{MaxTokens: 8}))
	fmt.Println(r.Stats.EditedTokens > 0)
	// Output:
	// true 8
	// true
}
