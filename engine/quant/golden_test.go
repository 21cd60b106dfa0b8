package quant

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"testing"

	"loupe/engine/tensor"
)

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func unbase64(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) == 0 {
		t.Fatalf("bad base64 of %d characters: %v", len(s), err)
	}
	return b
}

func floatsOf(b []byte) []float32 {
	f := make([]float32, len(b)/4)
	for i := range f {
		f[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return f
}

// TestGolden compares with what llama.cpp's shared library made of one row.
func TestGolden(t *testing.T) {
	var golden struct {
		Row   []float32
		Cases []struct {
			Type    string
			Data    string `json:"data_b64"`
			Decoded string `json:"dequant_f32_b64"`
		}
	}
	readJSON(t, "testdata/blocks.json", &golden)
	if len(golden.Cases) != 5 {
		t.Fatalf("%d cases, want 5", len(golden.Cases))
	}
	for _, c := range golden.Cases {
		t.Run(c.Type, func(t *testing.T) {
			typ, err := tensor.ParseDType(c.Type)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, typ, golden.Row, unbase64(t, c.Data), floatsOf(unbase64(t, c.Decoded)))
		})
	}
}

// TestReference compares blocks of edge cases with llama.cpp's reference code.
func TestReference(t *testing.T) {
	var ref map[string]string
	readJSON(t, "testdata/reference.json", &ref)
	values := floatsOf(unbase64(t, ref["values"]))
	for _, typ := range []tensor.DType{tensor.F16, tensor.BF16, tensor.Q4_0, tensor.Q4_1, tensor.Q5_0, tensor.Q5_1, tensor.Q8_0} {
		t.Run(typ.String(), func(t *testing.T) {
			var decoded []float32
			if typ.BlockSize() > 1 {
				decoded = floatsOf(unbase64(t, ref[typ.String()+"_decoded"]))
			}
			compare(t, typ, values, unbase64(t, ref[typ.String()]), decoded)
		})
	}
}

func compare(t *testing.T, typ tensor.DType, values []float32, want []byte, decoded []float32) {
	t.Helper()
	got := make([]byte, len(want))
	if err := Quantize(typ, got, values); err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if got[i] != want[i] {
			n := typ.BlockBytes()
			t.Fatalf("byte %d of block %d is %#02x, want %#02x", i%n, i/n, got[i], want[i])
		}
	}
	if decoded == nil {
		return
	}
	back := make([]float32, len(values))
	if err := Dequantize(typ, back, want); err != nil {
		t.Fatal(err)
	}
	for i := range back {
		if math.Float32bits(back[i]) != math.Float32bits(decoded[i]) {
			t.Fatalf("element %d decodes to %v, want %v", i, back[i], decoded[i])
		}
	}
}
