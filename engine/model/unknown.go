package model

import (
	"fmt"
	"strings"

	"loupe/engine/gguf"
)

// UnknownArchError says that a file holds an architecture that does not run.
type UnknownArchError struct {
	Arch string
	Kind string // what that is, where it is known: "a recurrent model"
	File string // what the file is: its name, size and type
}

func (e *UnknownArchError) Error() string {
	kind := ""
	if e.Kind != "" {
		kind = " (" + e.Kind + ")"
	}
	return fmt.Sprintf("model: architecture %.100q%s does not run in this build; it runs: %s. The file is %s", e.Arch, kind, strings.Join(Architectures(), ", "), e.File)
}

// otherKinds are values of general.type that no decoder has (gguf-py, GGUFType).
var otherKinds = map[string]string{
	"adapter": "a LoRA adapter, a change to another model",
	"mmproj":  "the vision or audio part of another model",
	"imatrix": "an importance matrix, which a quantiser reads",
}

// archKinds says of architectures what about them does not run here, by how their
// names begin, longer beginnings first.
var archKinds = []struct{ begins, kind string }{
	{"clip", "the vision or audio part of another model"},
	{"whisper", "speech to text"},
	{"flux", "image generation"}, {"sd", "image generation"}, {"qwen_image", "image generation"}, {"wan", "video generation"},
	{"bert", "an encoder, which makes embeddings"}, {"nomic-bert", "an encoder, which makes embeddings"}, {"jina-bert", "an encoder, which makes embeddings"},
	{"modern-bert", "an encoder, which makes embeddings"}, {"neo-bert", "an encoder, which makes embeddings"}, {"eurobert", "an encoder, which makes embeddings"},
	{"gemma-embedding", "an encoder, which makes embeddings"}, {"t5", "an encoder and a decoder"},
	{"mamba", "a recurrent model"}, {"rwkv", "a recurrent model"}, {"arwkv", "a recurrent model"},
	{"jamba", "attention mixed with recurrent layers"}, {"falcon-h1", "attention mixed with recurrent layers"}, {"granitehybrid", "attention mixed with recurrent layers"},
	{"lfm2", "attention mixed with convolutions"}, {"nemotron_h", "attention mixed with recurrent layers"}, {"plamo2", "attention mixed with recurrent layers"},
	{"qwen3next", "attention mixed with recurrent layers"}, {"qwen35", "attention mixed with recurrent layers"},
	{"llada", "a diffusion language model"}, {"dream", "a diffusion language model"},
	{"qwen2moe", "a mixture of experts"}, {"qwen3moe", "a mixture of experts"}, {"qwen3vlmoe", "a mixture of experts"}, {"deepseek", "a mixture of experts"},
	{"gpt-oss", "a mixture of experts"}, {"olmoe", "a mixture of experts"}, {"granitemoe", "a mixture of experts"}, {"phimoe", "a mixture of experts"},
	{"llama4", "a mixture of experts"}, {"glm4moe", "a mixture of experts"}, {"dbrx", "a mixture of experts"}, {"grok", "a mixture of experts"},
	{"qwen2vl", "a model of text and images"}, {"qwen3vl", "a model of text and images"}, {"gemma3n", "a decoder with embeddings for each layer"},
}

// unknownArch describes a file that does not run.
func unknownArch(f *gguf.File, arch string) error {
	e := &UnknownArchError{Arch: arch}
	for _, k := range archKinds {
		if strings.HasPrefix(arch, k.begins) {
			e.Kind = k.kind
			break
		}
	}
	if e.Kind == "" && strings.Contains(arch, "moe") {
		e.Kind = "a mixture of experts"
	}
	var values int64
	bytes, most := map[string]int{}, "nothing"
	for _, t := range f.Tensors {
		values += int64(t.Shape.Elements())
		name := t.Type.String()
		if bytes[name] += len(t.Data); bytes[name] > bytes[most] {
			most = name
		}
	}
	name, _, _ := f.Text("general.name")
	if name == "" {
		name = "without a name"
	} else {
		name = fmt.Sprintf("%.100q", name)
	}
	e.File = fmt.Sprintf("%s, %.1f M parameters, mostly %s", name, float64(values)/1e6, most)
	if len(f.Tensors) == 0 {
		e.File = name + ", without tensors: a vocabulary only"
	}
	return e
}
