package gguf

import (
	"fmt"
	"strings"
)

// fileTypes are llama.cpp's names of general.file_type (llama.h, enum
// llama_ftype), as its files carry them in their names.
var fileTypes = map[uint64]string{
	0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1",
	10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K",
	19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M",
	28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE",
}

// FileType names the quantisation: as the file says ("Q4_K_M", a mix of types), else the
// type that most bytes of its tensors have; "" where there are none.
func (f *File) FileType() string {
	const guessed = 1024 // llama.cpp's flag for a type that it has guessed itself
	if n, ok, err := f.Uint("general.file_type"); ok && err == nil {
		if name := fileTypes[n&^guessed]; name != "" {
			return name
		}
		return fmt.Sprintf("type %d", n)
	}
	bytes, most := map[string]int{}, ""
	for _, t := range f.Tensors {
		name := strings.ToUpper(t.Type.String())
		if bytes[name] += len(t.Data); most == "" || bytes[name] > bytes[most] {
			most = name
		}
	}
	return most
}
