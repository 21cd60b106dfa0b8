package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
)

// checkpoint is what train.py leaves: a safetensors file of f32 tensors, with
// the configuration in its metadata.
type checkpoint struct {
	config  config
	stages  string             // of the training that led to it
	tensors map[string]weights // by train.py's names
}

// config is train.py's, by its keys.
type config struct {
	Vocab     int     `json:"vocab"`
	Embedding int     `json:"embedding_length"`
	Blocks    int     `json:"block_count"`
	Heads     int     `json:"head_count"`
	KVHeads   int     `json:"head_count_kv"`
	HeadDim   int     `json:"head_dim"`
	FFN       int     `json:"feed_forward_length"`
	Context   int     `json:"context_length"`
	RopeBase  float32 `json:"rope_freq_base"`
}

type weights struct {
	shape []int // as torch has it: the slowest-running first
	x     []float32
}

// readCheckpoint reads a safetensors file: the length of the header, the header
// as JSON, and the tensors' bytes.
func readCheckpoint(path string) (*checkpoint, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(data) < 8 || binary.LittleEndian.Uint64(data) > uint64(len(data)-8) {
		return nil, fmt.Errorf("%s is no safetensors file", path)
	}
	n := int(binary.LittleEndian.Uint64(data))
	header, body := data[8:8+n], data[8+n:]
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(header, &entries); err != nil {
		return nil, fmt.Errorf("%s: header: %w", path, err)
	}
	c := &checkpoint{tensors: map[string]weights{}}
	for name, raw := range entries {
		if name == "__metadata__" {
			var meta struct{ Config, Stages string }
			if err := json.Unmarshal(raw, &meta); err != nil {
				return nil, fmt.Errorf("%s: metadata: %w", path, err)
			}
			if err := json.Unmarshal([]byte(meta.Config), &c.config); err != nil {
				return nil, fmt.Errorf("%s: config: %w", path, err)
			}
			c.stages = meta.Stages
			continue
		}
		var t struct {
			DType   string `json:"dtype"`
			Shape   []int  `json:"shape"`
			Offsets [2]int `json:"data_offsets"`
		}
		if err := json.Unmarshal(raw, &t); err != nil {
			return nil, fmt.Errorf("%s: tensor %s: %w", path, name, err)
		}
		elements := 1
		for _, d := range t.Shape {
			elements *= d
		}
		if t.DType != "F32" || t.Offsets[0] < 0 || t.Offsets[1] > len(body) || t.Offsets[1]-t.Offsets[0] != 4*elements {
			return nil, fmt.Errorf("%s: tensor %s of %s and shape %v does not fit its bytes %v", path, name, t.DType, t.Shape, t.Offsets)
		}
		w := weights{t.Shape, make([]float32, elements)}
		for i := range w.x {
			w.x[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[t.Offsets[0]+4*i:]))
		}
		c.tensors[name] = w
	}
	if c.config.Vocab == 0 {
		return nil, fmt.Errorf("%s was not written by train.py: it has no config", path)
	}
	return c, nil
}
