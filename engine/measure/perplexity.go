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
// chunks of chunkLen tokens that do not overlap; each is read on its own, its
// first token replaced by the beginning-of-sequence token where the model adds
// one; only the predictions from the middle of the chunk on count, so that each
// has at least chunkLen/2 tokens before it. chunks bounds how many are read; 0
// means all. progress, if not nil, hears of each chunk.
func Perplex(ctx context.Context, m *engine.Model, text string, chunkLen, chunks int, progress func(done, total int, ppl float64)) (Perplexity, error) {
	c, err := cut(m, text, chunkLen, chunks)
	if err != nil {
		return Perplexity{}, err
	}
	return perplex(ctx, m, c, func([]float32, int) error { return nil }, progress)
}

// perplex is Perplex on a text that is cut. row gets the logits of each
// prediction and the token that came; they are valid during the call. An error
// of it ends the run.
func perplex(ctx context.Context, m *engine.Model, c chunked, row func(logits []float32, next int) error, progress func(done, total int, ppl float64)) (Perplexity, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var failed error // of row
	s := m.NewSession()
	defer s.Close()
	var nll sums // of negative log-likelihoods
	var p Perplexity
	for i := range c.n {
		chunk := c.chunk(m, i)
		s.Rewind(0)
		// The logits after token j predict token j+1; those after the last predict nothing.
		err := s.EvalEach(ctx, chunk, func(j int, logits []float32) {
			if j+1 == c.len || failed != nil {
				return
			}
			next := chunk[j+1]
			nll.add(engine.LogSumExp(logits) - float64(logits[next]))
			if failed = row(logits, next); failed != nil {
				stop()
			}
		}, c.first())
		if failed != nil {
			err = failed
		}
		if err != nil {
			return Perplexity{}, err
		}
		p.Chunks++
		p.Tokens = nll.n
		p.PPL, p.Err = nll.exp()
		p.Each = append(p.Each, p.PPL)
		if progress != nil {
			progress(p.Chunks, c.n, p.PPL)
		}
	}
	return p, nil
}

// chunked is a text as chunks of tokens.
type chunked struct {
	ids []int // [n * len] and a rest
	len int
	n   int
}

// cut tokenizes a text and cuts it into at most chunks chunks; 0 means all.
func cut(m *engine.Model, text string, chunkLen, chunks int) (chunked, error) {
	if max := m.Settings().ContextLength; chunkLen < 4 || chunkLen > max {
		return chunked{}, fmt.Errorf("measure: chunks of %d tokens; they may be from 4 to the context of %d", chunkLen, max)
	}
	ids := m.Tokenize(text)
	c := chunked{ids: ids, len: chunkLen, n: len(ids) / chunkLen}
	if c.n == 0 {
		return c, fmt.Errorf("measure: the text has %d tokens, fewer than one chunk of %d; give a longer text or a shorter context", len(ids), chunkLen)
	}
	if chunks > 0 {
		c.n = min(c.n, chunks)
	}
	return c, nil
}

// first is the position in a chunk whose logits are the first that count.
func (c chunked) first() int { return c.len / 2 }

// scored is the number of predictions in a chunk that count.
func (c chunked) scored() int { return c.len - 1 - c.first() }

// chunk is chunk i as m is to read it.
func (c chunked) chunk(m *engine.Model, i int) []int {
	chunk := append([]int(nil), c.ids[i*c.len:(i+1)*c.len]...)
	if bos, added := m.BOS(); added {
		chunk[0] = bos
	}
	return chunk
}

// sums gathers values for their mean and its standard error.
type sums struct {
	n         int
	sum, sum2 float64
}

func (s *sums) add(x float64) { s.n, s.sum, s.sum2 = s.n+1, s.sum+x, s.sum2+x*x }

// mean is the mean and its standard error, which is 0 for fewer than two values.
func (s *sums) mean() (mean, err float64) {
	if s.n == 0 {
		return 0, 0
	}
	mean = s.sum / float64(s.n)
	if variance := s.sum2/float64(s.n) - mean*mean; variance > 0 && s.n > 1 {
		err = math.Sqrt(variance / float64(s.n-1))
	}
	return mean, err
}

// exp is the exponential of the mean and its standard error.
func (s *sums) exp() (x, err float64) {
	mean, e := s.mean()
	return math.Exp(mean), math.Exp(mean) * e
}
