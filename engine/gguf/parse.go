package gguf

import (
	"cmp"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"loupe/engine/tensor"
)

const (
	magic        = "GGUF"
	alignmentKey = "general.alignment"

	maxKey  = 1<<16 - 1 // bytes of a key, by the specification
	maxName = 64 - 1    // bytes of a tensor name: ggml.h, GGML_MAX_NAME with its NUL
	maxDims = 4         // ggml.h, GGML_MAX_DIMS

	// The fewest bytes that an entry can take, to judge a count before trusting it:
	// a key of one byte, its type and a one-byte value; a tensor without name or dimensions.
	minKV     = 8 + 1 + 4 + 1
	minTensor = 8 + 4 + 4 + 8

	// What is allocated for a count ahead of its entries: more than real models
	// have, less than a damaged count could ask for.
	maxAhead = 4096
)

// Parse reads a file from its bytes. Tensor.Data points into data; everything
// else is copied. An error is a *FormatError.
func Parse(data []byte) (*File, error) {
	r := &reader{data: data}
	f := &File{Size: int64(len(data)), Alignment: DefaultAlignment, data: data}
	nTensors, nKV := r.header(f)
	r.metadata(f, nKV)
	r.tensorTable(f, nTensors)
	if r.err != nil {
		return nil, r.err
	}
	return f, nil
}

func (r *reader) header(f *File) (nTensors, nKV uint64) {
	if len(r.data) < len(magic) || string(r.data[:len(magic)]) != magic {
		r.notGGUF()
		return 0, 0
	}
	r.off = len(magic)
	f.Version = r.u32("version")
	switch v := f.Version; {
	case r.err != nil:
	case v == 2 || v == 3:
	case v == 0:
		r.fail(ErrVersion, "version", "is 0, which no writer uses; the file is damaged: download it again")
	case v == 1:
		r.fail(ErrVersion, "version", "GGUF version 1 (of 2023) is not read; convert the model again with a current llama.cpp, or download a newer file")
	case v&0xffff == 0: // as in llama.cpp: a small number, byte-swapped
		r.fail(ErrByteOrder, "version", "is %d byte-swapped: a big-endian file; convert it with llama.cpp's gguf_convert_endian.py FILE little, or download the little-endian file", bits.ReverseBytes32(v))
	default:
		r.fail(ErrVersion, "version", "is %d; this build reads 2 and 3: a newer one may read it", v)
	}
	nTensors = r.u64("n_tensors")
	if nTensors > math.MaxInt64 {
		r.fail(ErrMalformed, "n_tensors", "is %d; the file is damaged: download it again", int64(nTensors))
	}
	nKV = r.count("n_kv", minKV)
	return nTensors, nKV
}

func (r *reader) metadata(f *File, n uint64) {
	if r.err != nil {
		return
	}
	f.Meta = make([]KV, 0, min(n, maxAhead))
	f.meta = make(map[string]int, min(n, maxAhead))
	for i := range n {
		r.in("metadata entry", i)
		key := r.text("key", maxKey)
		if r.err != nil {
			return
		}
		if key == "" {
			r.fail(ErrMalformed, "key", "is empty; the file is damaged: download it again")
			return
		}
		r.name = key
		if first, dup := f.meta[key]; dup {
			r.fail(ErrMalformed, "key", "is there twice, first as entry %d; the file was written wrongly: convert the model again", first)
			return
		}
		v := r.value()
		if key == alignmentKey {
			f.Alignment = r.alignment(v)
		}
		if r.err != nil {
			return
		}
		f.meta[key] = len(f.Meta)
		f.Meta = append(f.Meta, KV{key, v})
	}
}

// alignment checks the value of general.alignment, read last.
func (r *reader) alignment(v Value) int {
	if r.err != nil {
		return 0
	}
	n, ok := v.v.(uint32)
	if !ok {
		r.fail(ErrMalformed, "value", "is of type %s (%s); it must be a uint32: the file was written wrongly, convert the model again", v.kind, quote(v.String()))
	} else if n == 0 || n&(n-1) != 0 || uint64(n) > math.MaxInt {
		r.fail(ErrMalformed, "value", "is %d; an alignment must be a power of two: the file was written wrongly, convert the model again", n)
	}
	return int(n)
}

func (r *reader) value() Value {
	switch t := r.valueType("type"); t {
	case Array:
		return r.array()
	case Uint8:
		return Value{t, t, r.u8("value")}
	case Int8:
		return Value{t, t, int8(r.u8("value"))}
	case Uint16:
		return Value{t, t, r.u16("value")}
	case Int16:
		return Value{t, t, int16(r.u16("value"))}
	case Uint32:
		return Value{t, t, r.u32("value")}
	case Int32:
		return Value{t, t, int32(r.u32("value"))}
	case Float32:
		return Value{t, t, math.Float32frombits(r.u32("value"))}
	case Bool:
		return Value{t, t, r.u8("value") != 0}
	case String:
		return Value{t, t, r.text("value", math.MaxInt64)}
	case Uint64:
		return Value{t, t, r.u64("value")}
	case Int64:
		return Value{t, t, int64(r.u64("value"))}
	default: // Float64
		return Value{t, t, math.Float64frombits(r.u64("value"))}
	}
}

func (r *reader) valueType(field string) ValueType {
	t := ValueType(r.u32(field))
	if !t.known() {
		r.fail(ErrMalformed, field, "is %d; value types are 0 (uint8) to 12 (float64): the file is damaged, or newer than this build", uint32(t))
	}
	if r.err != nil {
		return Uint8
	}
	return t
}

func (r *reader) array() Value {
	elem := r.valueType("element type")
	if elem == Array {
		r.fail(ErrUnsupported, "element type", "is an array in an array, which neither this build nor llama.cpp reads; convert the model again without it")
		return Value{}
	}
	size := valueTypes[elem].size
	if elem == String {
		size = 8 // its length
	}
	n := r.count("array length", uint64(size))
	if r.err != nil {
		return Value{}
	}
	r.at = r.off
	const field = "array"
	v := Value{kind: Array, elem: elem}
	le := binary.LittleEndian
	switch elem {
	case Uint8:
		v.v = slices.Clone(r.take(field, n))
	case Int8:
		v.v = numbers(r, field, n, size, func(b []byte) int8 { return int8(b[0]) })
	case Uint16:
		v.v = numbers(r, field, n, size, le.Uint16)
	case Int16:
		v.v = numbers(r, field, n, size, func(b []byte) int16 { return int16(le.Uint16(b)) })
	case Uint32:
		v.v = numbers(r, field, n, size, le.Uint32)
	case Int32:
		v.v = numbers(r, field, n, size, func(b []byte) int32 { return int32(le.Uint32(b)) })
	case Float32:
		v.v = numbers(r, field, n, size, func(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) })
	case Bool:
		v.v = numbers(r, field, n, size, func(b []byte) bool { return b[0] != 0 })
	case String:
		v.v = r.texts(field, n)
	case Uint64:
		v.v = numbers(r, field, n, size, le.Uint64)
	case Int64:
		v.v = numbers(r, field, n, size, func(b []byte) int64 { return int64(le.Uint64(b)) })
	case Float64:
		v.v = numbers(r, field, n, size, func(b []byte) float64 { return math.Float64frombits(le.Uint64(b)) })
	}
	return v
}

// extent is where a tensor's data lies in the data section, and where the file
// says so.
type extent struct {
	tensor int
	begin  uint64
	end    uint64
	field  int // byte offset of the offset field
}

func (r *reader) tensorTable(f *File, n uint64) {
	if r.err != nil {
		return
	}
	if n > r.left()/minTensor {
		r.at, r.part = len(magic)+4, ""
		r.fail(ErrTruncated, "n_tensors", "is %d, of %d bytes each at least, but only %d bytes follow the metadata: the file is cut short or damaged; download it again", n, minTensor, r.left())
		return
	}
	f.Tensors = make([]Tensor, 0, min(n, maxAhead))
	f.tensors = make(map[string]int, min(n, maxAhead))
	extents := make([]extent, 0, min(n, maxAhead))
	for i := range n {
		r.in("tensor", i)
		t, size := r.tensor(f)
		if r.err != nil {
			return
		}
		f.tensors[t.Name] = len(f.Tensors)
		f.Tensors = append(f.Tensors, t)
		extents = append(extents, extent{int(i), t.Offset, t.Offset + size, r.at})
	}
	f.DataOffset = int64(r.off)
	if n > 0 {
		r.bind(f, extents)
	}
}

// tensor reads an entry of the tensor table; size is what its data takes.
func (r *reader) tensor(f *File) (t Tensor, size uint64) {
	t.Name = r.text("name", maxName)
	if r.err != nil {
		return
	}
	r.name = t.Name
	if first, dup := f.tensors[t.Name]; dup {
		r.fail(ErrMalformed, "name", "is there twice, first as tensor %d; the file was written wrongly: convert the model again", first)
		return
	}
	nDims := r.u32("n_dims")
	if nDims > maxDims {
		r.fail(ErrMalformed, "n_dims", "is %d; a tensor has %d dimensions at most: the file is damaged, download it again", nDims, maxDims)
	}
	if r.err != nil {
		return
	}
	t.Shape = make(tensor.Shape, nDims)
	dimsAt := r.off
	for i := range t.Shape {
		d := r.u64("dims")
		if d > math.MaxInt {
			r.fail(ErrMalformed, "dims", "dimension %d is %d, which is negative or past all bounds; the file is damaged: download it again", i, int64(d))
		}
		t.Shape[i] = int(d)
	}
	t.Type = tensor.DType(r.u32("type"))
	if r.err != nil {
		return
	}
	if !t.Type.Known() {
		r.fail(ErrUnsupported, "type", "is %d, a tensor type that this build has no layout for: it is newer than this build, was dropped by llama.cpp, or the file is damaged; take the model in another quantisation", uint32(t.Type))
		return
	}
	size, err := layout(t.Type, t.Shape)
	if err != nil {
		r.at = dimsAt
		r.fail(ErrMalformed, "dims", "%v; the file is damaged: download it again", err)
		return
	}
	t.Offset = r.u64("offset")
	switch {
	case t.Offset > math.MaxInt64-size:
		r.fail(ErrMalformed, "offset", "is %d, which is negative or past all bounds; the file is damaged: download it again", int64(t.Offset))
	case t.Offset%uint64(f.Alignment) != 0:
		r.fail(ErrMalformed, "offset", "is %d, no multiple of the alignment %d (%s, %d if absent); the file was written wrongly: convert the model again", t.Offset, f.Alignment, alignmentKey, DefaultAlignment)
	}
	return t, size
}

// bind gives every tensor its bytes. The data section begins at the next
// multiple of the alignment, and its last tensor is padded to one, as
// llama.cpp's reader demands (gguf.cpp). Gaps between tensors are allowed,
// overlaps are not.
func (r *reader) bind(f *File, extents []extent) {
	align := uint64(f.Alignment)
	data := pad(uint64(r.off), align)
	f.DataOffset = int64(data)
	slices.SortStableFunc(extents, func(a, b extent) int { return cmp.Compare(a.begin, b.begin) })
	var last extent
	for _, e := range extents {
		r.at, r.index, r.name = e.field, uint64(e.tensor), f.Tensors[e.tensor].Name
		if e.begin < last.end && e.begin != e.end {
			r.fail(ErrMalformed, "offset", "its data, bytes %d to %d of the data section, overlap those of tensor %d %s, bytes %d to %d; the file was written wrongly: convert the model again",
				e.begin, e.end, last.tensor, quote(f.Tensors[last.tensor].Name), last.begin, last.end)
			return
		}
		if e.end >= last.end { // not so for an empty tensor amid another
			last = e
		}
	}
	// Every end is below 2^63, and so are data and the padding: no sum overflows.
	if need := data + pad(last.end, align); need > uint64(len(r.data)) {
		r.index, r.name = uint64(last.tensor), f.Tensors[last.tensor].Name
		r.at = int(min(data+last.begin, uint64(len(r.data))))
		r.fail(ErrTruncated, "data", "the file is cut short: it has %d bytes and needs %d; download it again", len(r.data), need)
		return
	}
	for _, e := range extents {
		begin, end := data+e.begin, data+e.end
		f.Tensors[e.tensor].Data = r.data[begin:end:end]
	}
}
