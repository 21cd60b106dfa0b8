package sample

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"
)

// logs turns probabilities into logits.
func logs(p ...float64) []float32 {
	l := make([]float32, len(p))
	for i, x := range p {
		l[i] = float32(math.Log(x))
	}
	return l
}

func chain(t testing.TB, cfg Config) *Chain {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// probs runs the samplers of c and gives the probabilities by id of what is
// left; a token that was dropped has none.
func probs(t testing.TB, c *Chain, logits []float32) map[int]float64 {
	t.Helper()
	if err := c.candidates.fill(logits); err != nil {
		t.Fatal(err)
	}
	for _, s := range c.samplers {
		s.Apply(&c.candidates)
		if len(c.candidates.Items) == 0 {
			t.Fatalf("%s left nothing", s.Name())
		}
		if c.candidates.Sorted && !slices.IsSortedFunc(c.candidates.Items, func(a, b Candidate) int {
			if b.before(a) {
				return 1
			}
			return -1
		}) {
			t.Fatalf("%s says sorted, but is not", s.Name())
		}
	}
	w, total := c.candidates.softmax()
	m := map[int]float64{}
	for i, it := range c.candidates.Items {
		m[int(it.ID)] = w[i] / total
	}
	return m
}

// reference is the chain over again, in float64, by full sorting.
func reference(cfg Config, recent []int, logits []float32) map[int]float64 {
	cfg, err := cfg.resolve()
	if err != nil {
		panic(err)
	}
	type cand struct {
		id int
		l  float64
	}
	var cs []cand
	if cfg.RepeatLastN >= 0 && len(recent) > cfg.RepeatLastN {
		recent = recent[len(recent)-cfg.RepeatLastN:]
	}
	for i, l := range logits {
		x, n := float64(l), 0
		for _, id := range recent {
			if id == i {
				n++
			}
		}
		if n > 0 {
			if x <= 0 {
				x *= cfg.RepeatPenalty
			} else {
				x /= cfg.RepeatPenalty
			}
			x -= float64(n)*cfg.FrequencyPenalty + cfg.PresencePenalty
		}
		cs = append(cs, cand{i, x})
	}
	sort.SliceStable(cs, func(i, j int) bool { return cs[i].l > cs[j].l })
	softmax := func() []float64 {
		p, total := make([]float64, len(cs)), 0.0
		for i, c := range cs {
			p[i] = math.Exp(c.l - cs[0].l)
			total += p[i]
		}
		for i := range p {
			p[i] /= total
		}
		return p
	}
	if cfg.TopK > 0 && cfg.TopK < len(cs) {
		cs = cs[:cfg.TopK]
	}
	if cfg.TopP < 1 {
		sum := 0.0
		for i, p := range softmax() {
			if sum += p; sum >= cfg.TopP-slack {
				cs = cs[:i+1]
				break
			}
		}
	}
	all := softmax()
	for i, p := range all {
		if p < cfg.MinP*all[0]*(1-slack) {
			cs = cs[:i]
			break
		}
	}
	for i := range cs {
		cs[i].l /= cfg.Temperature
	}
	m := map[int]float64{}
	for i, p := range softmax() {
		m[cs[i].id] = p
	}
	return m
}

func equal(t *testing.T, got, want map[int]float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d candidates %v, want %d %v", len(got), got, len(want), want)
	}
	for id, p := range want {
		if g, ok := got[id]; !ok || !(math.Abs(g-p) <= tol) {
			t.Fatalf("token %d: got %v (there: %v), want %v; all: %v", id, g, ok, p, got)
		}
	}
}

func TestProbabilities(t *testing.T) {
	ten := logs(0.05, 0.1, 0.15, 0.3, 0.4)
	five := logs(0.2, 0.2, 0.2, 0.2, 0.2)
	for _, c := range []struct {
		name   string
		cfg    Config
		recent []int
		logits []float32
		want   map[int]float64
	}{
		{"as it is", Config{Temperature: 1}, nil, ten, map[int]float64{0: .05, 1: .1, 2: .15, 3: .3, 4: .4}},
		{"top_k 1", Config{Temperature: 1, TopK: 1}, nil, ten, map[int]float64{4: 1}},
		{"top_k 3", Config{Temperature: 1, TopK: 3}, nil, ten, map[int]float64{4: .4 / .85, 3: .3 / .85, 2: .15 / .85}},
		{"top_k all", Config{Temperature: 1, TopK: 5}, nil, ten, map[int]float64{0: .05, 1: .1, 2: .15, 3: .3, 4: .4}},
		{"top_k more than all", Config{Temperature: 1, TopK: 9}, nil, ten, map[int]float64{0: .05, 1: .1, 2: .15, 3: .3, 4: .4}},
		{"top_p tiny", Config{Temperature: 1, TopP: 1e-9}, nil, ten, map[int]float64{4: 1}},
		{"top_p exactly two", Config{Temperature: 1, TopP: 0.7}, nil, ten, map[int]float64{4: .4 / .7, 3: .3 / .7}},
		{"top_p just over two", Config{Temperature: 1, TopP: 0.71}, nil, ten, map[int]float64{4: .4 / .85, 3: .3 / .85, 2: .15 / .85}},
		{"min_p just under", Config{Temperature: 1, MinP: 0.24}, nil, ten, map[int]float64{1: .1 / .95, 2: .15 / .95, 3: .3 / .95, 4: .4 / .95}},
		{"min_p exactly", Config{Temperature: 1, MinP: 0.25}, nil, ten, map[int]float64{1: .1 / .95, 2: .15 / .95, 3: .3 / .95, 4: .4 / .95}},
		{"min_p just over", Config{Temperature: 1, MinP: 0.26}, nil, ten, map[int]float64{2: .15 / .85, 3: .3 / .85, 4: .4 / .85}},
		{"min_p 1", Config{Temperature: 1, MinP: 1}, nil, ten, map[int]float64{4: 1}},
		{"temperature 0.5 squares", Config{Temperature: 0.5}, nil, logs(.2, .4), map[int]float64{0: .2, 1: .8}},
		{"temperature 2 takes roots", Config{Temperature: 2}, nil, logs(.1, .9), map[int]float64{0: .25, 1: .75}},
		{"temperature near 0", Config{Temperature: 1e-300}, nil, ten, map[int]float64{0: 0, 1: 0, 2: 0, 3: 0, 4: 1}},
		{"repeat multiplies negative logits", Config{Temperature: 1, RepeatPenalty: 2}, []int{0}, logs(.5, .5), map[int]float64{0: 1. / 3, 1: 2. / 3}},
		{"repeat divides positive logits", Config{Temperature: 1, RepeatPenalty: 2}, []int{1}, logs(2, 4), map[int]float64{0: .5, 1: .5}},
		{"repeat counts once", Config{Temperature: 1, RepeatPenalty: 2}, []int{0, 0, 0}, logs(.5, .5), map[int]float64{0: 1. / 3, 1: 2. / 3}},
		{"frequency counts each", Config{Temperature: 1, FrequencyPenalty: math.Ln2}, []int{0, 0, 1}, five, map[int]float64{0: .25 / 3.75, 1: .5 / 3.75, 2: 1 / 3.75, 3: 1 / 3.75, 4: 1 / 3.75}},
		{"presence counts once", Config{Temperature: 1, PresencePenalty: math.Ln2}, []int{0, 0, 1}, five, map[int]float64{0: .125, 1: .125, 2: .25, 3: .25, 4: .25}},
		{"frequency below 0 favours", Config{Temperature: 1, FrequencyPenalty: -math.Ln2}, []int{0}, logs(.5, .5), map[int]float64{0: 2. / 3, 1: 1. / 3}},
		{"ids that are no tokens", Config{Temperature: 1, PresencePenalty: 9}, []int{-1, 2, 1 << 40}, logs(.5, .5), map[int]float64{0: .5, 1: .5}},
		{"absurd penalty", Config{Temperature: 1, FrequencyPenalty: 1e300}, []int{0, 1}, logs(.5, .5), map[int]float64{0: .5, 1: .5}},
		{"absurd penalties that cancel", Config{Temperature: 1, RepeatPenalty: 1e-320, FrequencyPenalty: 1e308}, []int{0, 0}, []float32{1, 5}, map[int]float64{0: 0, 1: 1}},
		{"excluded stays excluded", Config{Temperature: 1, FrequencyPenalty: -5}, []int{0}, []float32{float32(math.Inf(-1)), 1}, map[int]float64{0: 0, 1: 1}},
		// Penalties come before top_k, so the penalised token is not among the two.
		{"order: penalties, top_k", Config{Temperature: 1, TopK: 2, PresencePenalty: 5}, []int{4}, ten, map[int]float64{3: 2. / 3, 2: 1. / 3}},
		// top_p sees what top_k left: 0.4/0.7 reaches 0.5 alone, 0.4 would not.
		{"order: top_k, top_p", Config{Temperature: 1, TopK: 2, TopP: 0.5}, nil, ten, map[int]float64{4: 1}},
		// Were temperature first, min_p 0.3 would drop 0.15.
		{"order: min_p, temperature", Config{Temperature: 0.5, MinP: 0.3}, nil, ten, map[int]float64{2: .0225 / .2725, 3: .09 / .2725, 4: .16 / .2725}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ch := chain(t, c.cfg)
			for _, id := range c.recent {
				ch.Accept(id)
			}
			before := slices.Clone(c.logits)
			equal(t, probs(t, ch, c.logits), c.want, 1e-6)
			if !slices.Equal(before, c.logits) {
				t.Error("the logits were changed")
			}
		})
	}
}

// Every combination of samplers on random logits, against full sorting.
func TestAgainstReference(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(xs ...float64) float64 { return xs[rng.IntN(len(xs))] }
	for i := range 300 {
		logits := make([]float32, 1+rng.IntN([]int{5, 50, 3000}[i%3]))
		for j := range logits {
			logits[j] = float32(rng.NormFloat64() * 4)
			if rng.IntN(4) == 0 {
				logits[j] = float32(rng.IntN(5)) // equals
			}
		}
		cfg := Config{
			Temperature: pick(0.3, 1, 1.7), TopK: int(pick(0, 1, 2, 40, 1000)), TopP: pick(0, 0.1, 0.5, 0.95, 0.999, 1),
			MinP: pick(0, 0.05, 0.5), RepeatPenalty: pick(0, 0.8, 1.3), FrequencyPenalty: pick(0, 0.4), PresencePenalty: pick(0, -0.3), RepeatLastN: int(pick(-1, 0, 3, 20)),
		}
		c := chain(t, cfg)
		var recent []int
		for range rng.IntN(100) {
			id := rng.IntN(len(logits))
			c.Accept(id)
			recent = append(recent, id)
		}
		t.Run(fmt.Sprintf("%d %+v", len(logits), cfg), func(t *testing.T) {
			equal(t, probs(t, c, logits), reference(cfg, recent, logits), 1e-5)
		})
	}
}

func TestWindow(t *testing.T) {
	logits := []float32{0, 0, 0, 0}
	for _, c := range []struct{ lastN, penalised int }{{1, 1}, {2, 2}, {3, 3}, {0, 4}, {-1, 4}} {
		ch := chain(t, Config{Temperature: 1, PresencePenalty: 1, RepeatLastN: c.lastN})
		for range 40 { // around the ring more than once
			for id := range 4 {
				ch.Accept(id)
			}
		}
		low := 0
		for id, p := range probs(t, ch, logits) {
			if p < 0.25-1e-9 || c.penalised == 4 {
				low++
				if id < 4-c.penalised {
					t.Errorf("RepeatLastN %d: token %d is penalised, but the last are %d", c.lastN, id, c.penalised)
				}
			}
		}
		if low != c.penalised {
			t.Errorf("RepeatLastN %d: %d tokens penalised, want %d", c.lastN, low, c.penalised)
		}
	}
}

func TestZeroRepeatLastNIs64(t *testing.T) {
	c := chain(t, Config{PresencePenalty: 1})
	c.Accept(0)
	for range 63 {
		c.Accept(1)
	}
	if id, _ := c.Sample([]float32{1, 0, 0.5}); id != 2 {
		t.Errorf("after 64 tokens: %d, want 2, the only one not recent", id)
	}
	c.Accept(1)
	if id, _ := c.Sample([]float32{1, 0, 0.5}); id != 0 {
		t.Errorf("after 65 tokens: %d, want 0, which has left the window", id)
	}
}

func TestOrder(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{}, "greedy"},
		{Config{Temperature: -1, TopK: 5}, "greedy"},
		{Config{RepeatPenalty: 1.1}, "penalties, greedy"},
		{Config{Temperature: 1}, "dist"},
		{Default(), "penalties, top_k, top_p, min_p, temperature, dist"},
	} {
		if got := chain(t, c.cfg).String(); got != c.want {
			t.Errorf("%+v: %s, want %s", c.cfg, got, c.want)
		}
	}
}

func TestGreedy(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		logits []float32
		want   int
	}{
		{[]float32{1, 3, 3, 2}, 1},
		{[]float32{-5}, 0},
		{[]float32{-inf, -9, -inf}, 1},
		{nil, -1},
		{[]float32{-inf, -inf}, -1},
		{[]float32{nan, 1}, -1},
		{[]float32{1, nan}, -1},
	} {
		if got := Greedy(c.logits); got != c.want {
			t.Errorf("Greedy(%v) = %d, want %d", c.logits, got, c.want)
		}
		id, err := chain(t, Config{}).Sample(c.logits)
		if c.want < 0 && err == nil || c.want >= 0 && (err != nil || id != c.want) {
			t.Errorf("Sample(%v) = %d, %v, want %d", c.logits, id, err, c.want)
		}
	}
}

func TestBadLogits(t *testing.T) {
	for _, c := range []struct {
		logits []float32
		want   string
	}{
		{[]float32{0, float32(math.NaN())}, "token 1 is NaN"},
		{[]float32{float32(math.Inf(1)), 0}, "token 0 is +Inf"},
		{[]float32{float32(math.Inf(-1))}, "none of 1 logits"},
		{nil, "none of 0 logits"},
	} {
		for _, cfg := range []Config{{}, Default()} {
			if _, err := chain(t, cfg).Sample(c.logits); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v: error %v, want %q in it", c.logits, err, c.want)
			}
		}
	}
}

func TestWrongSettings(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		cfg  Config
		want []string
	}{
		{Config{Temperature: nan}, []string{"Temperature", "NaN"}},
		{Config{Temperature: inf}, []string{"Temperature", "Inf"}},
		{Config{TopK: -1}, []string{"TopK", "-1"}},
		{Config{TopP: -0.1}, []string{"TopP", "-0.1", "at most 1"}},
		{Config{TopP: 1.1}, []string{"TopP", "1.1"}},
		{Config{TopP: nan}, []string{"TopP", "NaN"}},
		{Config{MinP: 1.01}, []string{"MinP", "1.01"}},
		{Config{MinP: -1}, []string{"MinP", "-1"}},
		{Config{MinP: nan}, []string{"MinP", "NaN"}},
		{Config{RepeatPenalty: -1}, []string{"RepeatPenalty", "-1", "above 0"}},
		{Config{RepeatPenalty: nan}, []string{"RepeatPenalty", "NaN"}},
		{Config{FrequencyPenalty: nan}, []string{"FrequencyPenalty", "NaN"}},
		{Config{PresencePenalty: -inf}, []string{"PresencePenalty", "-Inf"}},
		{Config{RepeatLastN: -2}, []string{"RepeatLastN", "-2"}},
	} {
		_, err := New(c.cfg)
		if err == nil {
			t.Errorf("%+v: accepted", c.cfg)
			continue
		}
		for _, w := range append(c.want, "sample: ") {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q: %q is not in it", err, w)
			}
		}
	}
}

// Draws follow the probabilities: chi-square with 5 degrees of freedom stays
// under 20.5 in 999 of 1000 seeds; this seed is fixed.
func TestDistribution(t *testing.T) {
	p := []float64{0.02, 0.08, 0.1, 0.2, 0.25, 0.35}
	logits := logs(p...)
	c := chain(t, Config{Temperature: 1, Seed: 42})
	const n = 60000
	count := make([]int, len(p))
	for range n {
		id, err := c.Sample(logits)
		if err != nil {
			t.Fatal(err)
		}
		count[id]++
	}
	chi := 0.0
	for i := range p {
		d := float64(count[i]) - n*p[i]
		chi += d * d / (n * p[i])
	}
	if chi > 20.5 {
		t.Errorf("chi-square %.1f, counts %v", chi, count)
	}
}

// A seed names one sequence, on every platform.
func TestSeed(t *testing.T) {
	logits := make([]float32, 1000)
	draw := func(seed uint64) (ids []int) {
		c := chain(t, Config{Temperature: 1, Seed: seed})
		for range 8 {
			id, err := c.Sample(logits)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		return ids
	}
	if got, want := draw(7), []int{728, 774, 506, 456, 83, 958, 588, 667}; !slices.Equal(got, want) {
		t.Errorf("seed 7: %v, want %v", got, want)
	}
	if slices.Equal(draw(7), draw(8)) {
		t.Error("seeds 7 and 8 give the same tokens")
	}
}

func TestZeroProbabilityIsNeverDrawn(t *testing.T) {
	logits := []float32{float32(math.Inf(-1)), 0, -2000, float32(math.Inf(-1))}
	for seed := range uint64(200) {
		if id, err := chain(t, Config{Temperature: 1, Seed: seed}).Sample(logits); id != 1 || err != nil {
			t.Fatalf("seed %d: %d, %v", seed, id, err)
		}
	}
}

func vocabulary(n int) []float32 {
	rng := rand.New(rand.NewPCG(3, 4))
	logits := make([]float32, n)
	for i := range logits {
		logits[i] = float32(rng.NormFloat64() * 3)
	}
	return logits
}

func TestLargeVocabulary(t *testing.T) {
	logits := vocabulary(131072)
	for _, cfg := range []Config{
		Default(),
		{Temperature: 1, TopK: 5000},
		{Temperature: 1, TopP: 0.2},  // within the first front
		{Temperature: 1, TopP: 0.95}, // sorts all
		{Temperature: 0.7, MinP: 0.01},
		{Temperature: 1, RepeatPenalty: 1.2, RepeatLastN: -1},
	} {
		t.Run(fmt.Sprintf("%+v", cfg), func(t *testing.T) {
			c := chain(t, cfg)
			var recent []int
			for i := range 300 {
				recent = append(recent, i*431)
				c.Accept(i * 431)
			}
			got, want := probs(t, c, logits), reference(cfg, recent, logits)
			// Where the sum of many float64 crosses TopP, one token more or less is rounding.
			if cfg.TopP > 0.9 && cfg.TopK == 0 {
				if d := len(got) - len(want); d < -1 || d > 1 {
					t.Errorf("%d candidates, want %d", len(got), len(want))
				}
				return
			}
			equal(t, got, want, 1e-6)
		})
	}
}

func TestNoAllocation(t *testing.T) {
	logits := vocabulary(32768)
	for _, cfg := range []Config{{}, Default(), {Temperature: 1}, {Temperature: 1, TopP: 0.9, MinP: 0.01, PresencePenalty: 1}} {
		c := chain(t, cfg)
		step := func() {
			id, err := c.Sample(logits)
			if err != nil {
				t.Fatal(err)
			}
			c.Accept(id)
		}
		for range 64 { // fills the window
			step()
		}
		if n := testing.AllocsPerRun(20, step); n != 0 {
			t.Errorf("%s: %v allocations per token", c, n)
		}
	}
}

// What a token counted is not counted again for the next.
func TestPenaltiesCountAnew(t *testing.T) {
	c := chain(t, Config{Temperature: 1, FrequencyPenalty: 0.5, RepeatPenalty: 1.5})
	for _, id := range []int{3, 1, 3} {
		c.Accept(id)
	}
	logits := []float32{1, 2, 3, 4, 5}
	equal(t, probs(t, c, logits), probs(t, c, logits), 0)
}
