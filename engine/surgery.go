package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"loupe/engine/kvcache"
	"loupe/engine/quant"
	"loupe/engine/tables"
)

// Surgery is what a change to a cache did.
type Surgery struct {
	What                   string // "80 cells removed"
	Removed, Changed, Left int    // cells; Changed is those that stayed with something else in them
	// KLDivergence is how far the prediction after the last token is from what it was,
	// in nats; SameTop says that the likeliest token stayed. Before and After are
	// those tokens. The last token is read anew for both, so that what was changed in
	// its own cell does not show.
	KLDivergence  float64
	SameTop       bool
	Before, After string
}

// String is the account in a line.
func (x *Surgery) String() string {
	kl := x.KLDivergence
	if kl < 1e-12 {
		kl = 0 // of sums in another order
	}
	return fmt.Sprintf("%s, %s left · next token %q, was %q · KL divergence %.4g nats", x.What, count(x.Left), x.After, x.Before, kl)
}

// Terminal is the account in lines of so many columns.
func (x *Surgery) Terminal(width, _ int) string { return tables.Wrapped(x.String(), width) }

// Remove takes the cells from to to-1 out of the cache, as llama.cpp's
// llama_memory_seq_rm does: those behind keep their keys, their values and their
// positions (CloseGaps moves them). The last cell must stay.
//
// This and what follows measures what it does to the next token. Eval and Continue go on
// from what is left; Generate and Chat, whose prompt is the whole text, reuse only what
// stands before the first change.
func (s *Session) Remove(from, to int) (*Surgery, error) {
	return s.operate("Remove", func(cut *kvcache.Seq) (string, error) {
		n := cut.Len()
		switch {
		case to < from:
			return "", fmt.Errorf("from %d to %d is no range of cells; to counts the first that stays", from, to)
		case n == 1:
			return "", fmt.Errorf("the session has one cell, and the last one stays")
		case from < 0 || to >= n:
			return "", fmt.Errorf("from %d to %d cannot be taken out of %s cells; from 0 to %d can, the last one stays", from, to, count(n), n-1)
		}
		return cellsOf(to-from) + " removed", cut.Keep(append(numbers(0, from), numbers(to, n)...))
	})
}

// KeepSinks removes all cells but the first sinks and the last window: what remains of
// a long text is its attention sinks and a window (StreamingLLM, Xiao et al. 2023,
// arXiv:2309.17453). The window is at least the last cell.
func (s *Session) KeepSinks(sinks, window int) (*Surgery, error) {
	return s.operate("KeepSinks", func(cut *kvcache.Seq) (string, error) {
		if sinks < 0 || window < 1 {
			return "", fmt.Errorf("%d first and %d last cells; there must be 0 or more and 1 or more", sinks, window)
		}
		n := cut.Len()
		last := max(n-window, 0)
		first := min(sinks, last)
		return fmt.Sprintf("%s removed behind the first %d", cellsOf(last-first), first), cut.Keep(append(numbers(0, first), numbers(last, n)...))
	})
}

// KeepNorm removes all but n cells: it keeps those whose keys are shortest in the mean
// over layers and heads, which attention goes to most (Devoto et al. 2024,
// arXiv:2406.11430), and the last.
func (s *Session) KeepNorm(n int) (*Surgery, error) {
	return s.operate("KeepNorm", func(cut *kvcache.Seq) (string, error) {
		norms, err := keyNorms(cut)
		if err != nil {
			return "", err
		}
		all := numbers(0, cut.Len()-1)
		slices.SortStableFunc(all, func(a, b int) int {
			switch {
			case norms[a] < norms[b]:
				return -1
			case norms[a] > norms[b]:
				return 1
			}
			return 0
		})
		return keepOf(cut, n, all, "the shortest keys")
	})
}

// KeepRandom removes all but n cells: the last, and others by chance. It is what other
// ways to choose should beat. The same seed keeps the same cells.
func (s *Session) KeepRandom(n int, seed uint64) (*Surgery, error) {
	return s.operate("KeepRandom", func(cut *kvcache.Seq) (string, error) {
		return keepOf(cut, n, rand.New(rand.NewPCG(seed, 0)).Perm(max(cut.Len()-1, 0)), "chance")
	})
}

// keepOf keeps the last cell and the first n-1 of an order of the others.
func keepOf(cut *kvcache.Seq, n int, order []int, by string) (string, error) {
	if n < 1 {
		return "", fmt.Errorf("%d cells to keep; the last one always stays", n)
	}
	keep := append(slices.Clone(order[:min(n-1, len(order))]), cut.Len()-1)
	slices.Sort(keep)
	return fmt.Sprintf("%s removed, %s kept by %s", cellsOf(cut.Len()-len(keep)), count(len(keep)), by), cut.Keep(keep)
}

// cellsOf is how many cells: "1 cell", "1,024 cells".
func cellsOf(n int) string {
	if n == 1 {
		return "1 cell"
	}
	return count(n) + " cells"
}

// keyNorms is the mean length of each cell's keys over heads and the layers that have
// all cells. A Hadamard rotation does not change it.
func keyNorms(seq *kvcache.Seq) ([]float64, error) {
	c := seq.Store().Config()
	norms := make([]float64, seq.Len())
	row := make([]float32, c.HeadK)
	for l := range c.Layers {
		if seq.First(l) > 0 {
			continue
		}
		at := 0
		for _, seg := range seq.Segments(nil, l, seq.Len()) {
			size := seg.KType.RowBytes(c.HeadK)
			for h := range c.KVHeads {
				for i := range seg.N {
					if err := quant.Dequantize(seg.KType, row, seg.K[(h*kvcache.PageCells+i)*size:][:size]); err != nil {
						return nil, err
					}
					norms[at+i] += rms(row)
				}
			}
			at += seg.N
		}
	}
	return norms, nil
}

// rms is the root of the mean of squares.
func rms(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(len(x)))
}

// Shift moves the cells from to to-1 by delta positions, as llama.cpp's
// llama_memory_seq_add does: their keys are turned by the difference, in every layer
// that has RoPE, and stored anew. Positions must stay ascending.
func (s *Session) Shift(from, to, delta int) (*Surgery, error) {
	return s.operate("Shift", func(cut *kvcache.Seq) (string, error) {
		if err := cut.Shift(from, to, delta); err != nil {
			return "", err
		}
		return fmt.Sprintf("%s moved by %+d positions", cellsOf(to-from), delta), s.turn(cut, from, to, func(int) int { return delta })
	})
}

// CloseGaps moves all cells down to where no position is left out, as StreamingLLM does
// with a window behind its sinks.
func (s *Session) CloseGaps() (*Surgery, error) {
	return s.operate("CloseGaps", func(cut *kvcache.Seq) (string, error) {
		moved := make([]int, cut.Len())
		first := cut.Len()
		for i, c := range slices.Clone(cut.Cells()) {
			if moved[i] = i - c.Pos; moved[i] != 0 {
				first = min(first, i)
				if err := cut.Shift(i, i+1, moved[i]); err != nil {
					return "", err
				}
			}
		}
		return fmt.Sprintf("%s moved down, by %d positions at most", cellsOf(cut.Len()-first), -moved[cut.Len()-1]),
			s.turn(cut, first, cut.Len(), func(i int) int { return moved[i] })
	})
}

// turn turns the keys of cells by as many positions as by says.
func (s *Session) turn(cut *kvcache.Seq, from, to int, by func(cell int) int) error {
	c := cut.Store().Config()
	rotated := s.model.pass.RotateK
	for l := range c.Layers {
		turner := s.model.pass.Turner(l, c.Context)
		for h := range c.KVHeads {
			err := cut.Edit(kvcache.K, l, h, from, to, func(cell int, row []float32) {
				unturn(row, rotated)
				turner.Turn(row, by(cell))
				unturn(row, rotated) // its own inverse
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Drop makes K/V heads of a layer say nothing: their values become 0 in every cell.
// No heads are all heads of the layer. Tokens read later have values again.
func (s *Session) Drop(layer int, heads ...int) (*Surgery, error) {
	return s.operate("Drop", func(cut *kvcache.Seq) (string, error) {
		what, heads, err := s.heads(layer, heads)
		if err != nil {
			return "", err
		}
		for _, h := range heads {
			if err := cut.Edit(kvcache.V, layer, h, 0, cut.Len(), func(_ int, row []float32) { clear(row) }); err != nil {
				return "", err
			}
		}
		return "values of " + what + " set to 0", nil
	})
}

// Requantize rounds what K/V heads of a layer hold to what it would be in other cache
// types; "" leaves K or V alone. No heads are all heads of the layer. What this gives
// is stored in the cache's own types, so no memory is won: it shows what the rounding
// does in that one place. In a cache of blocks it is rounded twice.
func (s *Session) Requantize(k, v CacheType, layer int, heads ...int) (*Surgery, error) {
	return s.operate("Requantize", func(cut *kvcache.Seq) (string, error) {
		what, heads, err := s.heads(layer, heads)
		if err != nil {
			return "", err
		}
		c, said := cut.Store().Config(), ""
		for _, part := range []struct {
			of    kvcache.Part
			to    CacheType
			width int
		}{{kvcache.K, k, c.HeadK}, {kvcache.V, v, c.HeadV}} {
			if part.to == "" {
				continue
			}
			if err := part.to.check(string(part.of), part.width); err != nil {
				return "", err
			}
			t := part.to.dtype()
			bytes := make([]byte, t.RowBytes(part.width))
			for _, h := range heads {
				var failed error
				err := cut.Edit(part.of, layer, h, 0, cut.Len(), func(_ int, row []float32) {
					if err := quant.Quantize(t, bytes, row); err != nil {
						failed = err
					} else if err := quant.Dequantize(t, row, bytes); err != nil {
						failed = err
					}
				})
				if err == nil {
					err = failed
				}
				if err != nil {
					return "", err
				}
			}
			if said != "" {
				said += " and "
			}
			said += fmt.Sprintf("%c as in %s", part.of, part.to)
		}
		if said == "" {
			return "", fmt.Errorf("name a cache type for K or for V")
		}
		return what + ": " + said, nil
	})
}

// heads checks heads of a layer and names them; none are all.
func (s *Session) heads(layer int, heads []int) (string, []int, error) {
	c := s.seq.Store().Config()
	if layer < 0 || layer >= c.Layers {
		return "", nil, fmt.Errorf("there is no layer %d; they go from 0 to %d", layer, c.Layers-1)
	}
	if len(heads) == 0 {
		return fmt.Sprintf("layer %d", layer), numbers(0, c.KVHeads), nil
	}
	for _, h := range heads {
		if h < 0 || h >= c.KVHeads {
			return "", nil, fmt.Errorf("there is no K/V head %d; they go from 0 to %d", h, c.KVHeads-1)
		}
	}
	if len(heads) == 1 {
		return fmt.Sprintf("layer %d, K/V head %d", layer, heads[0]), heads, nil
	}
	return fmt.Sprintf("layer %d, K/V heads %v", layer, heads), heads, nil
}

// SwapPrefix puts the first n cells of another session of the same model in the place
// of this one's first n. The cells behind keep what they saw of the old ones.
func (s *Session) SwapPrefix(other *Session, n int) (*Surgery, error) {
	if other == s {
		return nil, fmt.Errorf("engine: SwapPrefix: the other session is this one; Fork it first")
	}
	if other.model != s.model {
		return nil, fmt.Errorf("engine: SwapPrefix: the other session is on %s, this one on %s; they must be of one model", other.model.name, s.model.name)
	}
	other.mu.Lock()
	prefix := other.seq.Fork()
	other.mu.Unlock()
	defer prefix.Free()
	return s.operate("SwapPrefix", func(cut *kvcache.Seq) (string, error) {
		if n < 1 || n > prefix.Len() || n >= cut.Len() {
			return "", fmt.Errorf("%d cells cannot be swapped; the other session has %s, and of the %s here the last one stays", n, count(prefix.Len()), count(cut.Len()))
		}
		if a, b := prefix.Cells()[n-1].Pos, cut.Cells()[n].Pos; a >= b {
			return "", fmt.Errorf("cell %d of the other session stands at position %d, the next one here at %d; Shift it first", n-1, a, b)
		}
		swapped := prefix.Fork()
		swapped.Truncate(n)
		if err := swapped.Append(cut, n, cut.Len()); err != nil {
			swapped.Free()
			return "", err
		}
		swapped.Mark(n)
		cut.Free()
		*cut = *swapped
		return fmt.Sprintf("the first %s cells are another session's", count(n)), nil
	})
}

// operate changes a fork of the cache, puts it in the place of the cache, and measures.
// Nothing changes when it fails.
func (s *Session) operate(name string, change func(cut *kvcache.Seq) (what string, err error)) (x *Surgery, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fail := func(err error) (*Surgery, error) { return nil, &operationError{name, err} }
	n := s.seq.Len()
	if n == 0 {
		return fail(fmt.Errorf("the session has read nothing yet; Generate or Eval first"))
	}
	if !s.seq.Whole() {
		t := s.model.begin(hostContext())
		err := s.restoreWindow(t)
		s.model.end(t)
		if err != nil {
			return nil, err
		}
	}
	before, err := s.lastLogits()
	if err != nil {
		return nil, err
	}
	cut := s.seq.Fork()
	was := slices.Clone(cut.Cells())
	what, err := change(cut)
	if err != nil {
		cut.Free()
		return fail(err)
	}
	whole := *s.seq
	*s.seq = *cut // the cleanup of the session knows this Seq
	after, err := s.lastLogits()
	if err != nil {
		*s.seq = whole
		cut.Free()
		return nil, err
	}
	whole.Free()
	s.changes++
	x = &Surgery{What: what, Removed: n - s.seq.Len(), Left: s.seq.Len(), KLDivergence: klDivergence(before, after)}
	if x.Removed == 0 {
		for i, c := range s.seq.Cells() {
			if c != was[i] || c.Edited {
				x.Changed++
			}
		}
	}
	a, b := top(before), top(after)
	x.SameTop, x.Before, x.After = a == b, s.model.TokenText(a), s.model.TokenText(b)
	return x, nil
}

// operationError is what an operation failed on: one package is named, not two.
type operationError struct {
	name string
	err  error
}

func (e *operationError) Error() string {
	text := e.err.Error()
	for _, of := range []string{"engine: ", "kvcache: "} {
		text = strings.TrimPrefix(text, of)
	}
	return "engine: " + e.name + ": " + text
}

func (e *operationError) Unwrap() error { return e.err }

// numbers are those from to to-1.
func numbers(from, to int) []int {
	list := make([]int, 0, max(to-from, 0))
	for i := from; i < to; i++ {
		list = append(list, i)
	}
	return list
}

// lastLogits are the logits after the last cell, which is read anew; the cache stays.
func (s *Session) lastLogits() ([]float32, error) {
	n := s.seq.Len()
	last := s.seq.Cells()[n-1]
	f := newSession(s.model, s.seq.Fork())
	defer f.Close()
	f.seq.Truncate(n - 1)
	f.seq.Skip(last.Pos)
	return f.EvalContext(hostContext(), []int{last.Token})
}

// klDivergence is the KL divergence of the second prediction from the first, in nats.
func klDivergence(a, b []float32) (d float64) {
	la, lb := LogSumExp(a), LogSumExp(b)
	for i := range a {
		// Differences first: of equal logits it is 0.
		d += math.Exp(float64(a[i])-la) * ((float64(a[i]) - float64(b[i])) - (la - lb))
	}
	return max(d, 0)
}

// top is the likeliest token.
func top(logits []float32) int {
	id := 0
	for i, x := range logits {
		if x > logits[id] {
			id = i
		}
	}
	return id
}
