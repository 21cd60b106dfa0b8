package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"

	"loupe/engine/observe"
)

// HeadScan says of all heads of a model what kind they are, by where they look.
type HeadScan struct {
	Model         string
	Layers, Heads int
	Tokens        int // that were read
	Repeated      int // of these, tokens that stood there before
	// The scores are mean weights, from 0 to 1:
	//
	//	Sink       on the first token, of all tokens but that (Xiao et al. 2023)
	//	Previous   on the token before, of the same
	//	Duplicate  on the same token where it stood before, of the repeated ones
	//	Induction  on what followed it there, of the same (Olsson et al. 2022)
	//
	// Duplicate and Induction follow TransformerLens's head detector.
	Sink, Previous, Duplicate, Induction HeadScore
}

// HeadScore is one score of all heads.
type HeadScore struct {
	Name   string // "induction"
	Heads  int    // of a layer
	Values []float32
}

// At is the score of a head; 0 of one that does not exist.
func (x HeadScore) At(layer, head int) float64 {
	if head < 0 || head >= x.Heads || layer < 0 || layer >= len(x.Values)/x.Heads {
		return 0
	}
	return float64(x.Values[layer*x.Heads+head])
}

// ScoredHead is a head with its score.
type ScoredHead struct {
	Layer, Head int
	Score       float64
}

// String is "layer 3 head 1: 0.92".
func (h ScoredHead) String() string {
	return fmt.Sprintf("layer %d head %d: %.2f", h.Layer, h.Head, h.Score)
}

// Top is the n heads of the highest score, best first.
func (x HeadScore) Top(n int) []ScoredHead {
	var list []ScoredHead
	if n < 1 {
		return nil
	}
	for _, t := range newStep(0, x.Values, n).Top {
		list = append(list, ScoredHead{t.ID / x.Heads, t.ID % x.Heads, float64(t.Logit)})
	}
	return list
}

// wordBegin is a word, or what a longer one begins with: other tokens are rarer in
// what a small model has read, and its heads find them less well.
var wordBegin = regexp.MustCompile(`^ \pL{2,}$`)

// scanBlock is how many tokens ScanHeads repeats.
const scanBlock = 50

// ScanHeads looks for sink, previous-token, duplicate-token and induction heads in a
// block of random words that comes twice (Olsson et al. 2022, arXiv:2209.11895): what
// attention finds there it did not learn as a phrase. A word is a token of a space and
// letters; the block has so many, none of them twice, and is always the same for a seed;
// 0 is 50. The model's beginning-of-sequence token stands in front where it asks for one.
// Weights are looked at layer by layer and not kept.
func (m *Model) ScanHeads(block int, seed uint64) (*HeadScan, error) {
	return m.ScanHeadsContext(hostContext(), block, seed)
}

// ScanHeadsContext is ScanHeads under ctx.
func (m *Model) ScanHeadsContext(ctx context.Context, block int, seed uint64) (*HeadScan, error) {
	if block == 0 {
		block = scanBlock
	}
	var ids, all []int
	for id := range m.tok.Len() {
		if !m.tok.IsControl(id) && wordBegin.Match(m.tok.Piece(id)) {
			all = append(all, id)
		}
	}
	if most := min(m.cfg.ContextLength/2-1, len(all)); block < 2 || block > most {
		return nil, fmt.Errorf("engine: ScanHeads: a block of %d tokens; it may have from 2 to %d, or 0 for %d", block, most, scanBlock)
	}
	if bos, added := m.BOS(); added {
		ids = append(ids, bos)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range block {
		j := i + random.IntN(len(all)-i)
		all[i], all[j] = all[j], all[i]
	}
	ids = append(append(ids, all[:block]...), all[:block]...)
	return m.scan(ctx, ids)
}

// ScanHeads is Model.ScanHeads on the text that the cache holds, with the tokens that
// stand there more than once: which heads do what in it. The tokens are read anew beside
// the session.
func (s *Session) ScanHeads() (*HeadScan, error) {
	return s.ScanHeadsContext(hostContext())
}

// ScanHeadsContext is ScanHeads under ctx.
func (s *Session) ScanHeadsContext(ctx context.Context) (*HeadScan, error) {
	ids := s.Tokens()
	if len(ids) < 2 {
		return nil, fmt.Errorf("engine: ScanHeads: the session has %d tokens; it takes 2 to look from one to another", len(ids))
	}
	return s.model.scan(ctx, ids)
}

// scan reads tokens and scores all heads.
func (m *Model) scan(ctx context.Context, ids []int) (*HeadScan, error) {
	c, n := m.net.Config, len(ids)
	if need := int64(min(n, m.cfg.PhysicalBatchSize)) * int64(n) * int64(c.Heads) * 4; need > attentionBytes {
		return nil, fmt.Errorf("engine: ScanHeads: the weights of a layer take %s, more than %s; read fewer tokens, or load the model with a smaller PhysicalBatchSize", Size(need), Size(attentionBytes))
	}
	w := &scanner{heads: c.Heads, earlier: make([][]int, n)}
	stood := map[int][]int{}
	x := &HeadScan{Model: m.name, Layers: c.Layers, Heads: c.Heads, Tokens: n}
	for i, id := range ids {
		w.earlier[i] = stood[id]
		stood[id] = append(stood[id], i)
		if len(w.earlier[i]) > 0 {
			x.Repeated++
		}
	}
	for k := range w.sums {
		w.sums[k] = make([]float64, c.Layers*c.Heads)
	}
	if err := m.readBeside(ctx, "head scan", ids, w); err != nil {
		return nil, err
	}
	for k, score := range []*HeadScore{&x.Sink, &x.Previous, &x.Duplicate, &x.Induction} {
		of := n - 1
		if k >= 2 {
			of = x.Repeated
		}
		score.Name, score.Heads = []string{"sink", "previous token", "duplicate token", "induction"}[k], c.Heads
		for _, sum := range w.sums[k] {
			score.Values = append(score.Values, float32(sum/float64(max(of, 1))))
		}
	}
	return x, nil
}

// scanner adds up weights by where they go.
type scanner struct {
	heads   int
	earlier [][]int      // [N] where a token stood before
	sums    [4][]float64 // [layers, heads] sink, previous, duplicate, induction
}

func (*scanner) OnlyReads() {}

func (w *scanner) Wants(_ int, p observe.Point) bool { return p == observe.AttnPattern }

func (w *scanner) Observe(e observe.Event) {
	keys := e.Shape[2]
	for t := range e.Shape[0] {
		q := e.Pos + t
		if q == 0 {
			continue // it can look at itself only
		}
		for h := range w.heads {
			row, at := e.X[(t*w.heads+h)*keys:][:keys], e.Layer*w.heads+h
			w.sums[0][at] += float64(row[0])
			w.sums[1][at] += float64(row[q-1])
			for _, was := range w.earlier[q] {
				w.sums[2][at] += float64(row[was])
				if was+1 < q { // not itself
					w.sums[3][at] += float64(row[was+1])
				}
			}
		}
	}
}
