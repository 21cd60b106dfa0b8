package engine

import (
	"math"
	"strings"
	"testing"

	"loupe/engine/observe"
)

// rowLimit is how far a token's weights may be from those of the whole text read at once:
// a token that is read by itself is rounded in another order.
const rowLimit = 5e-3

func TestAttentionRow(t *testing.T) {
	for _, cfg := range []LoadConfig{{}, {FlashAttention: Off}, {KCacheType: Q8_0, VCacheType: Q4_0}} {
		m := lesson(t, cfg)
		s, ids := story(t, m)
		all, err := s.AttentionLayer(2)
		if err != nil {
			t.Fatal(err)
		}
		for _, query := range []int{0, 1, 63, 64, len(ids) - 1} {
			for head, a := range all.Heads {
				r, err := s.AttentionRow(2, head, query)
				if err != nil {
					t.Fatal(err)
				}
				if len(r.Weights) != query+1 || len(r.Tokens) != query+1 || r.Positions[query] != query {
					t.Fatalf("token %d: %d weights, %d tokens", query, len(r.Weights), len(r.Tokens))
				}
				if d := furthest(r.Weights, a.Row(query)); d > rowLimit {
					t.Errorf("%+v: head %d, token %d: a weight is %v from that of the whole text", cfg, head, query, d)
				}
				if text := r.String(); !strings.Contains(text, r.name(query)) || r.Bars().Check() != nil || r.Arrows().Check() != nil {
					t.Errorf("%s\n%v %v", text, r.Bars().Check(), r.Arrows().Check())
				}
			}
		}
		if s.Len() != len(ids) {
			t.Error("the session has changed")
		}
	}
	m := lesson(t, LoadConfig{})
	if _, err := m.NewSession().AttentionRow(0, 0, 0); err == nil || !strings.Contains(err.Error(), "has read nothing yet") {
		t.Error(err)
	}
	if text := (&AttentionRow{}).String(); text == "" {
		t.Error("an empty one is not shown")
	}
	s, ids := story(t, m)
	for _, at := range [][3]int{{-1, 0, 0}, {99, 0, 0}, {0, -1, 0}, {0, 99, 0}, {0, 0, -1}, {0, 0, len(ids)}} {
		if _, err := s.AttentionRow(at[0], at[1], at[2]); err == nil || !strings.Contains(err.Error(), "there is no") {
			t.Errorf("%v: %v", at, err)
		}
	}
}

// Behind surgery the weights are those over the keys that it has left, and not those of
// the text read anew.
func TestAttentionAfterSurgery(t *testing.T) {
	m := lesson(t, LoadConfig{})
	for name, operate := range map[string]func(s *Session) (*Surgery, error){
		"KeepSinks":  func(s *Session) (*Surgery, error) { return s.KeepSinks(4, 20) },
		"Requantize": func(s *Session) (*Surgery, error) { return s.Requantize(Q4_0, "", 1) },
		"Shift":      func(s *Session) (*Surgery, error) { return s.Shift(50, 80, 40) },
	} {
		s, _ := story(t, m)
		s.Rewind(80)
		if _, err := operate(s); err != nil {
			t.Fatal(err)
		}
		const layer, head = 1, 2
		query := s.Len() - 1
		a, err := s.Attention(layer, head)
		if err != nil {
			t.Fatal(err)
		}
		// The same by hand: the last token's query, and the keys as they are stored.
		f := s.Fork()
		w := &tap{points: []observe.Point{observe.QRot}}
		if err := f.readAgain(hostContext(), query, w); err != nil {
			t.Fatal(err)
		}
		g := m.net.Config
		k, err := f.K(layer, head*g.KVHeads/g.Heads)
		if err != nil {
			t.Fatal(err)
		}
		q := w.seen[observe.QRot][layer][head*g.HeadK:][:g.HeadK]
		want, sum := make([]float64, query+1), 0.0
		for i := range want {
			dot := 0.0
			for j, x := range k.Row(i) {
				dot += float64(x) * float64(q[j])
			}
			want[i] = math.Exp(dot / math.Sqrt(float64(g.HeadK)))
			sum += want[i]
		}
		for i, x := range a.Row(query) {
			if d := math.Abs(float64(x) - want[i]/sum); d > rowLimit {
				t.Errorf("%s: cell %d: %v, want %v", name, i, x, want[i]/sum)
			}
		}
		if a.N != s.Len() {
			t.Errorf("%s: %d tokens, not %d", name, a.N, s.Len())
		}
	}
}

// In a layer with a sliding window the neuron view has what the token sees.
func TestNeuronsInAWindow(t *testing.T) {
	m := gemma3(t, LoadConfig{ContextLength: 1024})
	s := m.NewSession()
	if _, err := s.Eval(m.Tokenize(strings.Repeat("The cat sat on the mat. ", 100))[:640]); err != nil {
		t.Fatal(err)
	}
	for _, layer := range []int{0, 5} { // local, global
		x, err := s.Neurons(layer, 1, 639)
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		if layer == 0 {
			want = 640 - 512
		}
		sum := 0.0
		for _, w := range x.Weights {
			sum += float64(w)
		}
		if x.From != want || len(x.Tokens) != 640-want || len(x.Weights) != 640-want || math.Abs(sum-1) > 1e-3 || x.Heat().Check() != nil {
			t.Errorf("layer %d: from %d, %d tokens, %d weights of %v, %v", layer, x.From, len(x.Tokens), len(x.Weights), sum, x.Heat().Check())
		}
		lse := LogSumExp(x.Scores)
		for i, w := range x.Weights {
			if d := math.Abs(math.Exp(float64(x.Scores[i])-lse) - float64(w)); d > rowLimit {
				t.Fatalf("layer %d: weight %d is %v from what its score says", layer, i, d)
			}
		}
	}
}
