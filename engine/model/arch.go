package model

import (
	"fmt"
	"maps"
	"slices"

	"loupe/engine/gguf"
	"loupe/engine/internal/simd"
	"loupe/engine/ops"
)

// architecture is what an architecture's file provides.
type architecture struct {
	// config reads the keys that only this architecture has, all under arch; nil: none.
	// What is wrong it says with k.fail.
	config func(k *keys, arch string, c *Config)
	// bind asks for the tensors. What they lack w remembers, so it binds on.
	bind func(c Config, w *Weights) forward
}

// forward computes the layers of one architecture over the buffers of a Pass.
type forward interface {
	layers(p *Pass) error
	// turning is how layer l gets its positions; local: from the table of layers with
	// a window.
	turning(l int) (how turning, local bool)
}

// architectures is the table to extend; the key is general.architecture.
var architectures = map[string]architecture{
	"gemma2":   {configGemma2, bindGemma2},
	"gemma3":   {configGemma3, bindGemma3},
	"granite":  {configGranite, bindGranite},
	"llama":    {bind: bindLlama},
	"mistral3": {configMistral3, bindLlama},
	"phi3":     {configPhi3, bindPhi3},
	"qwen2":    {bind: bindQwen2},
	"qwen3":    {bind: bindQwen3},
	"smollm3":  {bind: bindSmolLM3},
}

// Architectures lists the architectures that run, by their names in GGUF files.
func Architectures() []string { return slices.Sorted(maps.Keys(architectures)) }

// Model is an architecture with its weights. It is read only after New, and
// many passes may share it.
type Model struct {
	Config  Config
	net     forward
	weights *Weights
}

// Matrices are the weights that passes multiply by: what ops.CPU.Pack may lay out
// anew.
func (m *Model) Matrices() []*ops.Weight { return m.weights.multiplied }

// MappedBytes is what of the file's tensors is read where it lies: all of them in the
// exact way, else those that ops.CPU.Pack leaves alone. Rows of an embedding that was
// laid out for the head are still read from the file, one for each token.
func (m *Model) MappedBytes(exact bool) (total int64) {
	kern, err := simd.Choose()
	for _, t := range m.weights.f.Tensors {
		total += int64(len(t.Data))
	}
	if exact || err != nil {
		return total
	}
	for _, w := range m.Matrices() {
		if ops.PackedBytes(kern, []*ops.Weight{w}) > 0 {
			total -= int64(len(w.Data))
		}
	}
	return total
}

// WillPack is how much memory ops.CPU.Pack takes for the model on this machine, and
// the tier of compute kernels that asks for it.
func (m *Model) WillPack() (bytes int64, kernels string, err error) {
	kern, err := simd.Choose()
	if err != nil {
		return 0, "", fmt.Errorf("model: %w", err)
	}
	return ops.PackedBytes(kern, m.Matrices()), kern.Name, nil
}

// New binds the tensors of f. The file must stay open while the model is used. What
// does not fit the architecture is a *WeightsError.
func New(f *gguf.File) (*Model, error) {
	c, err := ReadConfig(f)
	if err != nil {
		return nil, err
	}
	w, err := newWeights(f, &c)
	if err != nil {
		return nil, err
	}
	net := architectures[c.Arch].bind(c, w)
	if err := w.done(); err != nil {
		return nil, err
	}
	return &Model{Config: c, net: net, weights: w}, nil
}
