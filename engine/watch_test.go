package engine

import (
	"slices"
	"testing"
	"time"

	"loupe/engine/observe"
)

const (
	watchedLimit   = 1.05  // of what a token takes, with one head's attention watched
	unwatchedLimit = 1.005 // with an observer that wants nothing
)

// onlooker wants the attention weights of one layer and keeps those of one head; layer -1
// is none.
type onlooker struct {
	layer, head int
	row         []float32
}

func (w *onlooker) Wants(layer int, p observe.Point) bool {
	return layer == w.layer && p == observe.AttnPattern
}

func (w *onlooker) Observe(e observe.Event) {
	keys := e.Shape[2]
	w.row = append(w.row[:0], e.X[w.head*keys:][:keys]...)
}

// What watching costs a token: sessions that are watched and not take turns, token by
// token, and each is compared with the one that was not in the same turn.
func TestWatchingCosts(t *testing.T) {
	if !*long {
		t.Skip("a measurement; run it with -long on a machine that does nothing else")
	}
	for _, depth := range []int{64, 1000, 4000} {
		for _, threads := range []int{1, 2} {
			m := smollm2(t, LoadConfig{ContextLength: 8192, Threads: threads})
			ids := slices.Repeat(m.Tokenize("The cat sat on the mat and looked at the moon. "), depth)[:depth]
			first := m.NewSession()
			if _, err := first.Eval(ids); err != nil {
				t.Fatal(err)
			}
			watched := &onlooker{layer: 15, head: 3}
			roles := []observe.Observer{nil, &onlooker{layer: -1}, watched}
			// The sessions change roles, as where their memory lies has an effect of its own.
			sessions := []*Session{first.Fork(), first.Fork(), first.Fork()}
			tokens := 900 // of few cells a token takes less, and what else the machine does shows more
			if depth > 1000 {
				tokens = 400
			}
			ratios := make([][]float64, len(roles))
			for i := range tokens {
				took := make([]time.Duration, len(roles))
				for k := range sessions {
					at := (i + k) % len(sessions) // who comes first changes
					role := (at + i/20) % len(roles)
					sessions[at].Observe(roles[role])
					began := time.Now()
					if _, err := sessions[at].Eval(ids[i%depth : i%depth+1]); err != nil {
						t.Fatal(err)
					}
					took[role] = time.Since(began)
				}
				for k, d := range took {
					ratios[k] = append(ratios[k], float64(d)/float64(took[0]))
				}
			}
			if len(watched.row) != depth+tokens {
				t.Fatalf("%d weights were seen, want %d", len(watched.row), depth+tokens)
			}
			for _, r := range ratios {
				slices.Sort(r)
			}
			none, one := ratios[1][tokens/2], ratios[2][tokens/2]
			t.Logf("after %d tokens, %d threads: one head watched %+.2f %%, an observer that wants nothing %+.2f %%", depth, threads, 100*(one-1), 100*(none-1))
			if one > watchedLimit || none > unwatchedLimit {
				t.Errorf("after %d tokens, %d threads: times %.4f watched (limit %v), %.4f not (limit %v)", depth, threads, one, watchedLimit, none, unwatchedLimit)
			}
			m.Close()
		}
	}
}
