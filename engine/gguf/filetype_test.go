package gguf

import (
	"testing"

	"loupe/engine/tensor"
)

func TestFileType(t *testing.T) {
	for _, c := range []struct {
		value any // of general.file_type; nil: absent
		want  string
	}{
		{nil, "Q8_0"}, {uint32(15), "Q4_K_M"}, {uint32(15 | 1024), "Q4_K_M"}, {uint32(99), "type 99"}, {"Q4_K_M", "Q8_0"},
	} {
		meta := map[string]any{}
		if c.value != nil {
			meta["general.file_type"] = c.value
		}
		f := metaFile(t, meta)
		if got := f.FileType(); c.value == nil && got != "" {
			t.Errorf("without tensors: %q", got)
		}
		f.Tensors = []Tensor{
			{Name: "a", Type: tensor.F32, Data: make([]byte, 40)},
			{Name: "b", Type: tensor.Q8_0, Data: make([]byte, 34)},
			{Name: "c", Type: tensor.Q8_0, Data: make([]byte, 34)},
		}
		if got := f.FileType(); got != c.want {
			t.Errorf("general.file_type %v: %q, want %q", c.value, got, c.want)
		}
	}
}
