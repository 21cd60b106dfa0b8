package model

import (
	"fmt"
	"slices"
	"strings"

	"loupe/engine/gguf"
	"loupe/engine/ops"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// Weights hands out the tensors of a file by name, checks their shapes and
// types, and in the end that none was left over: a tensor that the architecture
// does not use would mean a wrong answer, not a slower one.
type Weights struct {
	f        *gguf.File
	used     map[string]bool
	problems []string
	types    int // of the problems: types that this build does not read

	multiplied []*ops.Weight // all that MatMul multiplies by

	TokenEmbd  *ops.Weight // [Embd, Vocab]
	OutputNorm []float32   // [Embd]
	Output     *ops.Weight // [Embd, Vocab]; TokenEmbd when the head is tied
	// RopeFactors is rope_freqs.weight, [RopeDims/2], of Llama 3.1 and later; else nil.
	RopeFactors []float32
	// RopeLong and RopeShort are the factors of Phi-3, [RopeDims/2], or nil: those for
	// contexts longer than RopeOrigContext, and for others.
	RopeLong, RopeShort []float32
}

// WeightsError says which tensors of a file do not fit its architecture: missing ones,
// others than it uses, those of a wrong shape or type.
type WeightsError struct {
	Problems []string
	Types    bool // all of them are types that this build does not read
}

func (e *WeightsError) Error() string {
	const shown = 3
	n := len(e.Problems)
	s := "model: " + strings.Join(e.Problems[:min(n, shown)], "; ")
	if n > shown {
		noun := "problems"
		if n-shown == 1 {
			noun = "problem"
		}
		s += fmt.Sprintf("; and %d more %s (loupe show --check lists them)", n-shown, noun)
	}
	if e.Types {
		return s + ". Take the model in another quantisation"
	}
	return s + ". The file is damaged, or of another model than it says: download it again, or take it from another source"
}

// newWeights binds what every decoder has and sets c.Vocab.
func newWeights(f *gguf.File, c *Config) (*Weights, error) {
	w := &Weights{f: f, used: map[string]bool{}}
	if c.Layers > len(f.Tensors) {
		return nil, fmt.Errorf("model: %s.block_count is %d, but the tensors of the file are %d in all; it holds a vocabulary only, or is damaged", c.Arch, c.Layers, len(f.Tensors))
	}
	head := "token_embd.weight"
	if w.has("output.weight") {
		head = "output.weight"
	}
	for _, name := range []string{"token_embd.weight", head} {
		if t, ok := f.Tensor(name); ok && c.Vocab == 0 {
			c.Vocab = t.Shape.Rows()
		}
	}
	w.TokenEmbd = w.matrix("token_embd.weight", c.Embd, c.Vocab)
	w.OutputNorm = w.vector("output_norm.weight", c.Embd)
	w.Output = w.TokenEmbd
	if w.has("output.weight") {
		w.multiplied = nil // the embedding's rows are looked up only
		w.Output = w.matrix("output.weight", c.Embd, c.Vocab)
	}
	if tokens, ok := f.Get("tokenizer.ggml.tokens"); ok && c.Vocab > 0 && tokens.Len() > c.Vocab {
		w.fail("the vocabulary has %d tokens (tokenizer.ggml.tokens), but the head, tensor %s, has %d rows: the file is damaged, or was put together from two", tokens.Len(), head, c.Vocab)
	}
	w.RopeFactors = w.want("rope_freqs.weight", c.RopeDims/2)
	return w, nil
}

func (w *Weights) fail(format string, args ...any) {
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

func (w *Weights) has(name string) bool { _, ok := w.f.Tensor(name); return ok }

// need finds a tensor of the given shape.
func (w *Weights) need(name string, shape ...int) *gguf.Tensor {
	t, ok := w.f.Tensor(name)
	if !ok {
		w.fail("the file has no tensor %s", name)
		return nil
	}
	w.used[name] = true
	// A trailing dimension of 1 says nothing: some writers leave it out.
	got := slices.Clone(t.Shape)
	for len(got) > len(shape) && got[len(got)-1] == 1 {
		got = got[:len(got)-1]
	}
	if !got.Equal(shape) {
		w.fail("tensor %s has shape %s, the metadata asks for %s", name, t.Shape, tensor.Shape(shape))
		return nil
	}
	return t
}

// matrix binds a weight that maps in inputs to out outputs.
func (w *Weights) matrix(name string, in, out int) *ops.Weight {
	t := w.need(name, in, out)
	if t == nil {
		return nil
	}
	if !ops.Multiplies(t.Type) {
		w.types++
		w.fail("tensor %s is of type %s, which this build cannot multiply by; it can: %s", name, t.Type, strings.Join(multiplied(), " "))
		return nil
	}
	m := &ops.Weight{Name: name, Type: t.Type, In: in, Out: out, Data: t.Data}
	w.multiplied = append(w.multiplied, m)
	return m
}

// parts binds a weight that maps in inputs to the outputs of several weights, one
// behind the other, as those weights: its rows are theirs.
func (w *Weights) parts(name string, in int, outs ...int) []*ops.Weight {
	total, parts := 0, make([]*ops.Weight, len(outs))
	for _, n := range outs {
		total += n
	}
	whole := w.matrix(name, in, total)
	if whole == nil {
		return parts
	}
	w.multiplied = w.multiplied[:len(w.multiplied)-1]
	row, from := whole.Type.RowBytes(in), 0
	for i, n := range outs {
		parts[i] = &ops.Weight{Name: name, Type: whole.Type, In: in, Out: n, Data: whole.Data[from*row : (from+n)*row]}
		from += n
	}
	w.multiplied = append(w.multiplied, parts...)
	return parts
}

// vector binds a small tensor, expanded to float32.
func (w *Weights) vector(name string, n int) []float32 {
	t := w.need(name, n)
	if t == nil {
		return nil
	}
	if !quant.Readable(t.Type) {
		w.types++
		w.fail("tensor %s is of type %s, which this build cannot read; it can: %s", name, t.Type, strings.Join(multiplied(), " "))
		return nil
	}
	v := make([]float32, n)
	if err := quant.Dequantize(t.Type, v, t.Data); err != nil {
		w.fail("tensor %s: %v", name, err)
	}
	return v
}

// want is vector for a tensor that may be absent: then it is nil.
func (w *Weights) want(name string, n int) []float32 {
	if !w.has(name) {
		return nil
	}
	return w.vector(name, n)
}

// done reports what has not fit, with the tensors that nobody asked for.
func (w *Weights) done() error {
	for _, t := range w.f.Tensors {
		if !w.used[t.Name] {
			w.fail("tensor %s is none that this architecture uses, and running without it would give wrong answers", t.Name)
		}
	}
	if w.problems != nil {
		return &WeightsError{w.problems, w.types == len(w.problems)}
	}
	return nil
}

// multiplied names the types that MatMul takes.
func multiplied() []string {
	var names []string
	for t := tensor.DType(0); t < 64; t++ {
		if t.Known() && ops.Multiplies(t) {
			names = append(names, t.String())
		}
	}
	return names
}
