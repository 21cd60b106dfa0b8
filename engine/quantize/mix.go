package quantize

import (
	"fmt"
	"strings"

	"loupe/engine/tensor"
)

// Mix is a way to quantise a whole model: a type for most tensors, and rules for
// those that suffer more.
type Mix struct {
	Name     string // "Q4_K_M"
	FileType uint32 // general.file_type (llama.h, enum llama_ftype)
	Type     tensor.DType
}

var mixes = []Mix{
	{"F32", 0, tensor.F32}, {"F16", 1, tensor.F16}, {"BF16", 32, tensor.BF16},
	{"Q8_0", 7, tensor.Q8_0}, {"Q6_K", 18, tensor.Q6_K},
	{"Q5_K_M", 17, tensor.Q5_K}, {"Q5_K_S", 16, tensor.Q5_K}, {"Q5_1", 9, tensor.Q5_1}, {"Q5_0", 8, tensor.Q5_0},
	{"Q4_K_M", 15, tensor.Q4_K}, {"Q4_K_S", 14, tensor.Q4_K}, {"Q4_1", 3, tensor.Q4_1}, {"Q4_0", 2, tensor.Q4_0},
	{"IQ4_NL", 25, tensor.IQ4_NL}, {"IQ4_XS", 30, tensor.IQ4_XS}, {"MXFP4", 38, tensor.MXFP4},
	{"Q3_K_L", 13, tensor.Q3_K}, {"Q3_K_M", 12, tensor.Q3_K}, {"Q3_K_S", 11, tensor.Q3_K}, {"Q2_K", 10, tensor.Q2_K},
}

// Mixes lists the mixes, the largest first.
func Mixes() []Mix { return append([]Mix{}, mixes...) }

// Find is the mix of a name, in any case. Q4_K, Q5_K and Q3_K mean their medium
// mixes, as in llama.cpp.
func Find(name string) (Mix, error) {
	var names []string
	for _, m := range mixes {
		if strings.EqualFold(m.Name, name) || strings.EqualFold(m.Name, name+"_M") {
			return m, nil
		}
		names = append(names, m.Name)
	}
	return Mix{}, fmt.Errorf("quantize: there is no type %s; there are %s", name, strings.Join(names, ", "))
}

// shapeOf is what the rules ask about a model.
type shapeOf struct {
	layers int
	group  int // query heads of a K/V head
	tied   bool
	// wide: attn_v is so small beside attn_q that more bits for it cost nothing, as in
	// the models of 70B.
	wide bool
}

// moreBits says which layers a medium mix spends more on: the first and the last
// eighth, and each third of the others.
func moreBits(layer, layers int) bool {
	return layer < layers/8 || layer >= 7*layers/8 || (layer-layers/8)%3 == 2
}

// typeOf is the type for the tensor of a name, of a layer, in rows of so many elements.
func (m Mix) typeOf(name string, layer int, s shapeOf, row int) tensor.DType {
	t := m.Type
	if t == tensor.F32 || t == tensor.F16 || t == tensor.BF16 {
		return t
	}
	has := func(part string) bool { return strings.Contains(name, part) }
	switch {
	case t == tensor.MXFP4 && (name == "output.weight" || name == "token_embd.weight"):
		t = tensor.Q8_0 // as in llama-quantize's MXFP4_MOE, where experts are what MXFP4 is for
	case name == "output.weight" || name == "token_embd.weight" && s.tied:
		if row%t.BlockSize() != 0 {
			return fits(tensor.Q8_0, row)
		}
		if t != tensor.Q8_0 {
			t = tensor.Q6_K
		}
	case name == "token_embd.weight":
	case has("attn_qkv.weight"), has("attn_kv_b.weight"), has("attn_v.weight"):
		t = m.value(layer, s)
	case has("attn_k.weight"), has("attn_q.weight"):
	case has("attn_output.weight"):
		switch m.Name {
		case "Q2_K":
			t = tensor.Q3_K
		case "Q3_K_M":
			t = tensor.Q4_K
		case "Q3_K_L":
			t = tensor.Q5_K
		}
	case has("ffn_up"), has("ffn_gate"):
	case has("ffn_down"):
		t = m.down(layer, s)
	}
	return fits(t, row)
}

// value is the type for attn_v and what holds it.
func (m Mix) value(layer int, s shapeOf) tensor.DType {
	t := m.valueOf(layer, s)
	if s.wide && (t == tensor.Q3_K || t == tensor.Q4_K) {
		return tensor.Q5_K
	}
	return t
}

func (m Mix) valueOf(layer int, s shapeOf) tensor.DType {
	grouped := s.group >= 4
	switch m.Name {
	case "Q2_K":
		if grouped {
			return tensor.Q4_K
		}
		return tensor.Q3_K
	case "Q3_K_M":
		if layer < 2 {
			return tensor.Q5_K
		}
		return tensor.Q4_K
	case "Q3_K_L":
		return tensor.Q5_K
	case "IQ4_NL", "IQ4_XS":
		if grouped {
			return tensor.Q5_K
		}
	case "Q4_K_M", "Q5_K_M":
		if moreBits(layer, s.layers) {
			return tensor.Q6_K
		}
	case "Q4_K_S":
		if layer < 4 {
			return tensor.Q5_K
		}
	}
	return m.Type
}

// down is the type for ffn_down.
func (m Mix) down(layer int, s shapeOf) tensor.DType {
	early := layer < s.layers/8
	switch m.Name {
	case "Q2_K":
		return tensor.Q3_K
	case "Q3_K_M":
		if layer < s.layers/16 {
			return tensor.Q5_K
		}
		return tensor.Q4_K
	case "Q3_K_L":
		return tensor.Q5_K
	case "Q4_K_M", "Q5_K_M":
		if moreBits(layer, s.layers) {
			return tensor.Q6_K
		}
	case "Q4_K_S", "IQ4_NL", "IQ4_XS":
		if early {
			return tensor.Q5_K
		}
	}
	return m.Type
}

// smaller is the type with blocks of 32 for rows that a type with blocks of 256
// does not divide.
var smaller = map[tensor.DType]tensor.DType{
	tensor.IQ4_XS: tensor.IQ4_NL, tensor.Q2_K: tensor.Q4_0, tensor.Q3_K: tensor.Q4_0,
	tensor.Q4_K: tensor.Q5_0, tensor.Q5_K: tensor.Q5_1, tensor.Q6_K: tensor.Q8_0,
}

// fits is t, or the type that stands in for it in rows of so many elements.
func fits(t tensor.DType, row int) tensor.DType {
	if row%t.BlockSize() != 0 {
		if to, ok := smaller[t]; ok {
			t = to
		}
	}
	if row%t.BlockSize() != 0 {
		return tensor.F16
	}
	return t
}
