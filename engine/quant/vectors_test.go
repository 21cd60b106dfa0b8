package quant

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"sync"
	"testing"

	"loupe/engine/tensor"
)

// vectorRow is the length of the rows in testdata/vectors.json.gz, randomRows
// the number of those that are derived and not stored. See testdata/vectors.py.
const vectorRow, randomRows = 256, 256

// vectors holds what ggml made of each type.
type vectors struct {
	values []float32            // rows of edge cases
	huge   []float32            // rows that mxfp4 alone can hold
	types  map[string]vectorSet // by the name of the type
}

type vectorSet struct {
	Encoded       []byte `json:"encoded"` // of values
	Decoded       []byte `json:"decoded"` // CRC-32 of what Encoded decodes to
	RandomEncoded []byte `json:"random_encoded"`
	RandomDecoded []byte `json:"random_decoded"`
	NoiseDecoded  []byte `json:"noise_decoded"`
	HugeEncoded   []byte `json:"huge_encoded"` // of huge
}

var readVectors = sync.OnceValues(func() (*vectors, error) {
	f, err := os.Open("testdata/vectors.json.gz")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	var v struct {
		Values []byte               `json:"values"`
		Huge   []byte               `json:"huge"`
		Types  map[string]vectorSet `json:"types"`
	}
	if err := json.NewDecoder(z).Decode(&v); err != nil {
		return nil, err
	}
	return &vectors{floatsOf(v.Values), floatsOf(v.Huge), v.Types}, nil
})

// noise is n bytes that depend on label alone, as in vectors.py.
func noise(label string, n int) []byte {
	var out []byte
	for i := 0; len(out) < n; i++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", label, i))
		out = append(out, sum[:]...)
	}
	return out[:n]
}

// normal is a row of about normal values, as in vectors.py.
func normal(label string) []float32 {
	b := noise(label, 8*vectorRow+1)
	scale := math.Ldexp(1, int(b[8*vectorRow]%24)-16-16)
	row := make([]float32, vectorRow)
	for i := range row {
		sum := -2 * 65535
		for j := range 4 {
			sum += int(binary.LittleEndian.Uint16(b[8*i+2*j:]))
		}
		row[i] = float32(float64(sum) * scale)
	}
	return row
}

// checksum is the CRC-32 of x with every NaN the same.
func checksum(x []float32) uint32 {
	b := make([]byte, 4*len(x))
	for i, v := range x {
		bits := math.Float32bits(v)
		if v != v {
			bits = 0x7fc00000
		}
		binary.LittleEndian.PutUint32(b[4*i:], bits)
	}
	return crc32.ChecksumIEEE(b)
}

// leftOpen reports whether ggml leaves the bytes of block x to chance, apart
// from the first keep of them. The codes of an iq4_nl block of zeros are what its
// memory held; a q4_0 or q5_0 block whose scale has no finite inverse and an mxfp4
// block below the least exponent convert floats to integers out of range, which C
// does not define.
func leftOpen(typ tensor.DType, x []float32) (keep int, open bool) {
	switch top := max(greatest(x), -least(x)); typ {
	case tensor.IQ4_NL:
		return 2, top < 1e-15
	case tensor.Q4_0:
		return 2, top > 0 && math.IsInf(float64(1/(top/8)), 0)
	case tensor.Q5_0:
		return 2, top > 0 && math.IsInf(float64(1/(top/16)), 0)
	case tensor.MXFP4:
		return 0, top > 0 && top < 0x1p-125
	}
	return 0, false
}

// TestVectors compares every block format with ggml's reference code, bit by
// bit: edge cases, random rows, and arbitrary bytes.
func TestVectors(t *testing.T) {
	v, err := readVectors()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range codecs {
		if c.typ == tensor.F32 || c.typ == tensor.BF16 {
			continue // see f16_test.go
		}
		set, ok := v.types[c.typ.String()]
		if !ok {
			t.Errorf("there are no vectors of %s", c.typ)
			continue
		}
		t.Run(c.typ.String(), func(t *testing.T) { checkVectors(t, c.typ, v.values, set) })
	}
}

// TestHuge: mxfp4 holds every finite value, and nothing finite decodes to infinity.
func TestHuge(t *testing.T) {
	v, err := readVectors()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range codecs {
		if n := c.typ.BlockSize(); n > 1 && c.typ != tensor.MXFP4 {
			if err := Quantize(c.typ, make([]byte, c.typ.RowBytes(len(v.huge))), v.huge); err == nil {
				t.Errorf("%s takes %g", c.typ, greatest(v.huge))
			}
		}
	}
	want := v.types[tensor.MXFP4.String()].HugeEncoded
	got, back := make([]byte, len(want)), make([]float32, len(v.huge))
	if err := errors.Join(Quantize(tensor.MXFP4, got, v.huge), Dequantize(tensor.MXFP4, back, got)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	for i, y := range back {
		if math.IsInf(float64(y), 0) {
			t.Errorf("element %d, %g, came back as %g", i, v.huge[i], y)
		}
	}
}

func checkVectors(t *testing.T, typ tensor.DType, values []float32, set vectorSet) {
	n, size := typ.BlockSize(), typ.BlockBytes()
	if n == 1 {
		n, size = vectorRow, size*vectorRow
	}
	got := make([]byte, len(set.Encoded))
	if err := Quantize(typ, got, values); err != nil {
		t.Fatal(err)
	}
	for b := range len(values) / n {
		x, got, want := values[b*n:][:n], got[b*size:][:size], set.Encoded[b*size:][:size]
		if keep, open := leftOpen(typ, x); open {
			got, want = got[:keep], want[:keep]
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("row %d: byte %d of block %d is %#02x, want %#02x\nvalues %v\ngot  %x\nwant %x", b*n/vectorRow, i, b, got[i], want[i], x, got, want)
			}
		}
	}
	sum := func(of string, sums []byte, i int, got uint32) {
		t.Helper()
		if want := binary.LittleEndian.Uint32(sums[4*i:]); got != want {
			t.Fatalf("%s of row %d has the CRC-32 %#08x, want %#08x", of, i, got, want)
		}
	}
	decoded := make([]float32, len(values))
	if set.Decoded != nil {
		if err := Dequantize(typ, decoded, set.Encoded); err != nil {
			t.Fatal(err)
		}
		sum("decoding", set.Decoded, 0, checksum(decoded))
	}
	if len(set.RandomEncoded) != 4*randomRows {
		t.Fatalf("%d sums of random rows", len(set.RandomEncoded)/4)
	}
	encoded, decoded := make([]byte, typ.RowBytes(vectorRow)), decoded[:vectorRow]
	for i := range randomRows {
		if err := Quantize(typ, encoded, normal(fmt.Sprintf("values %d", i))); err != nil {
			t.Fatal(err)
		}
		sum("the encoding", set.RandomEncoded, i, crc32.ChecksumIEEE(encoded))
		if set.NoiseDecoded == nil {
			continue
		}
		if err := Dequantize(typ, decoded, encoded); err != nil {
			t.Fatal(err)
		}
		sum("the decoding", set.RandomDecoded, i, checksum(decoded))
		if err := Dequantize(typ, decoded, noise(fmt.Sprintf("bytes %s %d", typ, i), len(encoded))); err != nil {
			t.Fatal(err)
		}
		sum("the decoding of noise", set.NoiseDecoded, i, checksum(decoded))
	}
}
