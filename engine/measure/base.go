package measure

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"loupe/engine"
)

// The file of --kl-divergence-base, as llama-perplexity writes and reads it
// (tools/perplexity/perplexity.cpp), little endian:
//
//	"_logits_"  int32 n_ctx  int32 n_vocab  int32 n_chunk
//	int32 tokens [n_chunk * n_ctx]
//	rows [n_chunk * (n_ctx-1-n_ctx/2)]
//
// A row is a float32 scale, a float32 lowest log-probability, and for each token
// of the vocabulary a uint16: log-probability = scale * uint16 + lowest. What is
// more than 16 below the largest is taken for that. An odd vocabulary is filled
// up by one.
const (
	baseMagic = "_logits_"
	baseRange = 16
)

// baseRowBytes is the size of a row.
func baseRowBytes(vocab int) int { return 2 * (2*((vocab+1)/2) + 4) }

// WriteBase computes perplexity as Perplex does and writes the predictions to w,
// as llama-perplexity --kl-divergence-base does, for ReadBase. For each
// prediction that is 2 bytes for each token of the vocabulary.
func WriteBase(ctx context.Context, w io.Writer, m *engine.Model, text string, chunkLen, chunks int, progress func(done, total int, ppl float64)) (Perplexity, error) {
	c, err := cut(m, text, chunkLen, chunks)
	if err != nil {
		return Perplexity{}, err
	}
	b := bufio.NewWriterSize(w, 1<<20)
	b.WriteString(baseMagic)
	put := func(n int) {
		var four [4]byte
		binary.LittleEndian.PutUint32(four[:], uint32(n))
		b.Write(four[:]) // b keeps the first error, Flush gives it
	}
	put(c.len)
	put(m.Vocabulary())
	put(c.n)
	for _, id := range c.ids[:c.n*c.len] {
		put(id)
	}
	row := make([]byte, baseRowBytes(m.Vocabulary()))
	p, err := perplex(ctx, m, c, func(logits []float32, _ int) error {
		encodeBaseRow(row, logits)
		_, err := b.Write(row)
		return err
	}, progress)
	if err != nil {
		return Perplexity{}, err
	}
	return p, b.Flush()
}

// encodeBaseRow turns logits into a row.
func encodeBaseRow(row []byte, logits []float32) {
	top, low := math.Inf(-1), math.Inf(1)
	for _, x := range logits {
		top, low = max(top, float64(x)), min(low, float64(x))
	}
	low = max(low, top-baseRange)
	scale := float32((top - low) / 65535)
	binary.LittleEndian.PutUint32(row, math.Float32bits(scale))
	binary.LittleEndian.PutUint32(row[4:], math.Float32bits(float32(low-engine.LogSumExp(logits))))
	clear(row[8:])
	if scale == 0 {
		return
	}
	for i, x := range logits {
		if v := float64(x) - low; v > 0 {
			binary.LittleEndian.PutUint16(row[8+2*i:], uint16(min(math.RoundToEven(v/float64(scale)), 65535)))
		}
	}
}

// decodeBaseRow gives a row's scale, its lowest log-probability, and all of them.
func decodeBaseRow(raw []byte, vocab int) (scale, low float32, row []float32) {
	scale = math.Float32frombits(binary.LittleEndian.Uint32(raw))
	low = math.Float32frombits(binary.LittleEndian.Uint32(raw[4:]))
	row = make([]float32, vocab)
	for i := range row {
		row[i] = scale*float32(binary.LittleEndian.Uint16(raw[8+2*i:])) + low
	}
	return scale, low, row
}

// Base are the predictions of a base, from a file.
type Base struct {
	Context    int // tokens of a chunk
	Vocabulary int
	Chunks     int

	text chunked
	r    io.Reader
	at   int64 // bytes read
}

// ReadBase reads the head of what WriteBase or llama-perplexity has written. The
// predictions are read by Diverge.
func ReadBase(r io.Reader) (*Base, error) {
	b := &Base{r: bufio.NewReaderSize(r, 1<<20)}
	magic := make([]byte, len(baseMagic))
	if err := b.read(magic, "the magic"); err != nil {
		return nil, err
	}
	if string(magic) != baseMagic {
		return nil, fmt.Errorf("measure: the file begins with %q, not with %q; give one that --kl-divergence-base has written", magic, baseMagic)
	}
	var head [12]byte
	if err := b.read(head[:], "the head"); err != nil {
		return nil, err
	}
	for i, f := range []struct {
		to    *int
		name  string
		least int
	}{{&b.Context, "n_ctx", 4}, {&b.Vocabulary, "n_vocab", 1}, {&b.Chunks, "n_chunk", 1}} {
		const most = 1 << 24
		if *f.to = int(int32(binary.LittleEndian.Uint32(head[4*i:]))); *f.to < f.least || *f.to > most {
			return nil, fmt.Errorf("measure: %s of the base is %d; it may be from %d to %d: the file is damaged", f.name, *f.to, f.least, most)
		}
	}
	b.text = chunked{len: b.Context, n: b.Chunks}
	buf := make([]byte, 4*min(b.Context, 1<<16))
	for left := b.Context * b.Chunks; left > 0; {
		part := buf[:4*min(left, len(buf)/4)]
		if err := b.read(part, "the tokens"); err != nil {
			return nil, err
		}
		for i := 0; i < len(part); i += 4 {
			id := int(int32(binary.LittleEndian.Uint32(part[i:])))
			if id < 0 || id >= b.Vocabulary {
				return nil, fmt.Errorf("measure: token %d of the base is %d; the vocabulary has %d: the file is damaged", len(b.text.ids), id, b.Vocabulary)
			}
			b.text.ids = append(b.text.ids, id)
		}
		left -= len(part) / 4
	}
	return b, nil
}

// read fills p; what says what is being read.
func (b *Base) read(p []byte, what string) error {
	n, err := io.ReadFull(b.r, p)
	b.at += int64(n)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("measure: the base ends at byte %d, in %s: it is not complete; write it again with --kl-divergence-base", b.at, what)
	}
	return err
}

// Diverge compares m with the base on the base's text; it can be called once.
// chunks bounds how many of its chunks are read; 0 means all. As in llama.cpp,
// what the base holds for less likely than e^-16 is left out.
func (b *Base) Diverge(ctx context.Context, m *engine.Model, chunks int, progress func(done, total int, d Divergence)) (Divergence, error) {
	if n := m.Vocabulary(); n != b.Vocabulary {
		return Divergence{}, fmt.Errorf("measure: the base was computed with a vocabulary of %d tokens, %s has %d; compare with the same model", b.Vocabulary, m.Name(), n)
	}
	if max := m.Settings().ContextLength; b.Context > max {
		return Divergence{}, fmt.Errorf("measure: the base has chunks of %d tokens, the context is %d; load the model with a larger one", b.Context, max)
	}
	c := b.text
	if chunks > 0 {
		c.n = min(c.n, chunks)
	}
	raw := make([]byte, baseRowBytes(b.Vocabulary))
	var cmp comparison
	_, err := perplex(ctx, m, c, func(logits []float32, next int) error {
		what := fmt.Sprintf("prediction %d of %d", cmp.kld.n+1, b.Chunks*c.scored())
		if err := b.read(raw, what); err != nil {
			return err
		}
		scale, low, row := decodeBaseRow(raw, b.Vocabulary)
		if !(scale >= 0 && scale <= 1 && low <= 0 && low > -1e6) {
			return fmt.Errorf("measure: %s of the base has the scale %v and the lowest log-probability %v, which no row has: the file is damaged", what, scale, low)
		}
		cmp.add(logProbs{row, 0, -baseRange}, logits, next)
		return nil
	}, func(done, total int, _ float64) {
		cmp.chunks = done
		if progress != nil {
			progress(done, total, cmp.result())
		}
	})
	if err != nil {
		return Divergence{}, err
	}
	return cmp.result(), nil
}
