package engine_test

import (
	"fmt"
	"math"

	"loupe/engine"
	"loupe/engine/observe"
)

// shapes keeps the shape of each point of layer 0, and of those behind the last layer.
type shapes struct{ seen map[observe.Point][3]int }

func (s *shapes) Wants(layer int, p observe.Point) bool { return layer == 0 || layer == 5 }

func (s *shapes) Observe(e observe.Event) { s.seen[e.Point] = e.Shape }

// The points of a pass over four tokens, in the order in which they are reached.
func ExampleSession_Observe_points() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s, look := m.NewSession(), &shapes{map[observe.Point][3]int{}}
	s.Observe(look)
	must(s.Eval(m.Tokenize("Mia the fox")))
	for _, p := range []observe.Point{
		observe.ResidPre, observe.AttnNorm, observe.Q, observe.K, observe.V, observe.QRot, observe.KRot,
		observe.AttnScores, observe.AttnPattern, observe.Z, observe.AttnOut, observe.ResidMid, observe.FFNNorm, observe.FFNOut,
		observe.ResidPost, observe.FinalNorm, observe.Logits,
	} {
		fmt.Println(p, look.seen[p])
	}
	// Output:
	// resid_pre [4 192 1]
	// attn_norm [4 192 1]
	// q [4 6 32]
	// k [4 3 32]
	// v [4 3 32]
	// q_rot [4 6 32]
	// k_rot [4 3 32]
	// attn_scores [4 6 4]
	// attn_pattern [4 6 4]
	// z [4 6 32]
	// attn_out [4 192 1]
	// resid_mid [4 192 1]
	// ffn_norm [4 192 1]
	// ffn_out [4 192 1]
	// resid_post [4 192 1]
	// final_norm [1 192 1]
	// logits [1 1274 1]
}

// louder doubles what the attention of layer 1 adds: what it writes flows on.
type louder struct{}

func (louder) Wants(layer int, p observe.Point) bool { return layer == 1 && p == observe.AttnOut }

func (louder) Observe(e observe.Event) {
	for i := range e.X {
		e.X[i] *= 2
	}
}

func ExampleSession_Observe() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := m.NewSession()
	must(s.Eval(m.Tokenize("Once upon a time there was a rabbit.")))
	var o observe.Observer = louder{}
	x := must(s.Effect(o)) // read anew without it and with it
	fmt.Println("predictions change:", x.MeanKL > 0)
	// Output: predictions change: true
}

// knockout hides the first token from the last one in all heads of layer 2 (attention
// knockout: Geva et al. 2023, arXiv:2304.14767).
type knockout struct{ last int }

func (knockout) Wants(layer int, p observe.Point) bool {
	return layer == 2 && p == observe.AttnScores
}

func (k knockout) Observe(e observe.Event) {
	tokens, heads, keys := e.Shape[0], e.Shape[1], e.Shape[2]
	if k.last < e.Pos || k.last >= e.Pos+tokens {
		return // the token is not in this pass
	}
	for h := range heads {
		row := e.X[((k.last-e.Pos)*heads+h)*keys:][:keys]
		row[0] = float32(math.Inf(-1))
	}
}

func ExampleSession_Observe_scores() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := m.NewSession()
	must(s.Eval(m.Tokenize("Once upon a time there was a rabbit.")))
	x := must(s.Effect(knockout{last: s.Len() - 1}))
	for i, kl := range x.KL {
		if kl > 0 {
			fmt.Printf("what follows token %d, %q, changes\n", i, x.Tokens[i])
		}
	}
	// Output: what follows token 9, ".", changes
}
