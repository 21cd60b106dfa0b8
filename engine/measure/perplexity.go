package measure

import (
	"context"
	"fmt"
	"math"

	"loupe/engine"
)

// Perplexity is the result of Perplex, with the fields of llama-perplexity.
type Perplexity struct {
	PPL    float64 `json:"ppl"`     // exp of the mean negative log-likelihood
	Err    float64 `json:"ppl_err"` // standard error of PPL
	Tokens int     `json:"tokens"`  // predictions scored
	Chunks int     `json:"chunks"`
	// Each is the running perplexity after each chunk.
	Each []float64 `json:"each"`
}

// Perplex computes perplexity as llama-perplexity does: the text is cut into
// chunks of context tokens that do not overlap; each is read on its own, its
// first token replaced by the beginning-of-sequence token where the model adds
// one; only the predictions from the middle of the chunk on count, so that each
// has at least context/2 tokens before it. chunks bounds how many are read; 0
// means all. progress, if not nil, hears of each chunk.
func Perplex(ctx context.Context, m *engine.Model, text string, chunkLen, chunks int, progress func(done, total int, ppl float64)) (Perplexity, error) {
	s := m.NewSession()
	defer s.Close()
	max := m.Settings().ContextLength
	if chunkLen < 4 || chunkLen > max {
		return Perplexity{}, fmt.Errorf("measure: chunks of %d tokens; they may be from 4 to the context of %d", chunkLen, max)
	}
	ids := m.Tokenize(text)
	total := len(ids) / chunkLen
	if total == 0 {
		return Perplexity{}, fmt.Errorf("measure: the text has %d tokens, fewer than one chunk of %d; give a longer text or a shorter context", len(ids), chunkLen)
	}
	if chunks > 0 && chunks < total {
		total = chunks
	}
	bos, addBOS := m.BOS()
	var sum, sum2 float64 // of negative log-likelihoods and their squares
	var p Perplexity
	first := chunkLen / 2
	for c := 0; c < total; c++ {
		chunk := append([]int(nil), ids[c*chunkLen:(c+1)*chunkLen]...)
		if addBOS {
			chunk[0] = bos
		}
		s.Rewind(0)
		// The logits after token i predict token i+1; those after the last predict nothing.
		err := s.EvalEach(ctx, chunk, func(i int, logits []float32) {
			if i+1 == chunkLen {
				return
			}
			nll := engine.LogSumExp(logits) - float64(logits[chunk[i+1]])
			sum, sum2 = sum+nll, sum2+nll*nll
			p.Tokens++
		}, first)
		if err != nil {
			return Perplexity{}, err
		}
		p.Chunks++
		mean := sum / float64(p.Tokens)
		p.PPL = math.Exp(mean)
		p.Each = append(p.Each, p.PPL)
		if variance := sum2/float64(p.Tokens) - mean*mean; variance > 0 && p.Tokens > 1 {
			p.Err = p.PPL * math.Sqrt(variance/float64(p.Tokens-1))
		}
		if progress != nil {
			progress(p.Chunks, total, p.PPL)
		}
	}
	return p, nil
}
