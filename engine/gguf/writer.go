package gguf

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"loupe/engine/tensor"
)

// Writer collects metadata and tensors and writes them as a GGUF file of
// version 3. It keeps the slices that it is given: do not change them before
// the file is written.
type Writer struct {
	meta    []KV
	keys    map[string]int
	tensors []Tensor
	fill    []func(io.Writer) error // of the tensors: writes the data where there is none yet, else nil
	names   map[string]bool
	align   uint64
	end     uint64 // of the tensor data so far, without padding of the last one
}

// NewWriter returns an empty Writer.
func NewWriter() *Writer {
	return &Writer{keys: map[string]int{}, names: map[string]bool{}, align: DefaultAlignment}
}

// Set adds a metadata entry, or replaces the value of its key. The Go type
// decides the type in the file: uint8 to uint64, int8 to int64, float32,
// float64, bool, string, a slice of one of them, or a Value. An int is refused,
// since it does not say its size. Setting general.alignment (a uint32) is
// SetAlignment.
func (w *Writer) Set(key string, value any) error {
	if key == "" || len(key) > maxKey {
		return fmt.Errorf("gguf: key %s has %d bytes; 1 to %d are allowed", quote(key), len(key), maxKey)
	}
	v, ok := value.(Value)
	if !ok {
		var err error
		if v, err = valueOf(value); err != nil {
			return fmt.Errorf("gguf: %s: %w", quote(key), err)
		}
	} else if v.v == nil {
		return fmt.Errorf("gguf: %s: the Value is empty", quote(key))
	}
	if key == alignmentKey {
		n, ok := v.v.(uint32)
		if !ok {
			return fmt.Errorf("gguf: %s is of type %s; it must be a uint32", key, v.kind)
		}
		return w.SetAlignment(int(n))
	}
	w.put(key, v)
	return nil
}

func (w *Writer) put(key string, v Value) {
	if i, ok := w.keys[key]; ok {
		w.meta[i].Value = v
		return
	}
	w.keys[key] = len(w.meta)
	w.meta = append(w.meta, KV{key, v})
}

// SetAlignment sets the alignment of tensor data, a power of two; without it,
// it is DefaultAlignment. It must come before the first tensor.
func (w *Writer) SetAlignment(n int) error {
	if n <= 0 || n&(n-1) != 0 || int64(n) > math.MaxUint32 {
		return fmt.Errorf("gguf: an alignment of %d; it must be a power of two below 2^32", n)
	}
	if len(w.tensors) > 0 && uint64(n) != w.align {
		return fmt.Errorf("gguf: the alignment changes from %d to %d after tensors were added; set it before the first", w.align, n)
	}
	w.align = uint64(n)
	w.put(alignmentKey, Value{Uint32, Uint32, uint32(n)})
	return nil
}

// AddTensor adds a tensor of at most 4 dimensions, the fastest-running first.
// data holds its rows, each a whole number of blocks of t.
func (w *Writer) AddTensor(name string, t tensor.DType, shape tensor.Shape, data []byte) error {
	n, err := w.reserve(name, t, shape)
	if err != nil {
		return err
	}
	if uint64(len(data)) != n {
		return fmt.Errorf("gguf: tensor %s: shape %s of %s takes %d bytes; %d were given", quote(name), shape, t, n, len(data))
	}
	w.add(name, t, shape, n, data, nil)
	return nil
}

// AddTensorFunc is AddTensor for data that is made when the file is written: fill
// writes it, exactly as many bytes as the shape takes, and is called once for each
// WriteTo.
func (w *Writer) AddTensorFunc(name string, t tensor.DType, shape tensor.Shape, fill func(io.Writer) error) error {
	n, err := w.reserve(name, t, shape)
	if err != nil {
		return err
	}
	w.add(name, t, shape, n, nil, fill)
	return nil
}

func (w *Writer) add(name string, t tensor.DType, shape tensor.Shape, n uint64, data []byte, fill func(io.Writer) error) {
	offset := pad(w.end, w.align)
	w.names[name] = true
	w.tensors = append(w.tensors, Tensor{Name: name, Type: t, Shape: append(tensor.Shape(nil), shape...), Offset: offset, Data: data})
	w.fill = append(w.fill, fill)
	w.end = offset + n
}

// reserve checks a new tensor and gives the size of its data.
func (w *Writer) reserve(name string, t tensor.DType, shape tensor.Shape) (uint64, error) {
	fail := func(format string, args ...any) (uint64, error) {
		return 0, fmt.Errorf("gguf: tensor %s: "+format, append([]any{quote(name)}, args...)...)
	}
	if len(name) > maxName {
		return fail("the name has %d bytes; ggml allows %d", len(name), maxName)
	}
	if w.names[name] {
		return fail("is there already")
	}
	if !t.Known() {
		return fail("%s is unknown", t)
	}
	if len(shape) > maxDims {
		return fail("shape %s has %d dimensions; ggml allows %d", shape, len(shape), maxDims)
	}
	n, err := layout(t, shape)
	if err != nil {
		return fail("%w", err)
	}
	return n, nil
}

// WriteTo writes the file and returns how many bytes that took.
func (w *Writer) WriteTo(dst io.Writer) (int64, error) {
	e := &encoder{w: bufio.NewWriterSize(dst, 1<<16)}
	e.w.WriteString(magic)
	e.n = int64(len(magic))
	e.u32(3)
	e.u64(uint64(len(w.tensors)))
	e.u64(uint64(len(w.meta)))
	for _, kv := range w.meta {
		e.text(kv.Key)
		e.value(kv.Value)
	}
	for _, t := range w.tensors {
		e.text(t.Name)
		e.u32(uint32(len(t.Shape)))
		for _, d := range t.Shape {
			e.u64(uint64(d))
		}
		e.u32(uint32(t.Type))
		e.u64(t.Offset)
	}
	// A file without tensors has no data section, so nothing is padded.
	for i, t := range w.tensors {
		e.pad(int64(w.align))
		if w.fill[i] == nil {
			e.bytes(t.Data)
			continue
		}
		if err := e.filled(&w.tensors[i], w.fill[i]); err != nil {
			return e.n - int64(e.w.Buffered()), err
		}
	}
	if len(w.tensors) > 0 {
		e.pad(int64(w.align))
	}
	if err := e.w.Flush(); err != nil {
		return e.n - int64(e.w.Buffered()), fmt.Errorf("gguf: writing: %w", err)
	}
	return e.n, nil
}

// encoder writes little-endian fields and counts bytes. bufio keeps the first
// error, which Flush returns.
type encoder struct {
	w   *bufio.Writer
	n   int64
	tmp [8]byte
}

func (e *encoder) bytes(b []byte) {
	n, _ := e.w.Write(b)
	e.n += int64(n)
}

// Write counts what a tensor's own function writes.
func (e *encoder) Write(b []byte) (int, error) {
	n, err := e.w.Write(b)
	e.n += int64(n)
	return n, err
}

// filled writes data that is made now, and holds it to its size.
func (e *encoder) filled(t *Tensor, fill func(io.Writer) error) error {
	before := e.n
	if err := fill(e); err != nil {
		return fmt.Errorf("gguf: tensor %s: %w", quote(t.Name), err)
	}
	want, err := layout(t.Type, t.Shape)
	if err == nil && uint64(e.n-before) != want {
		err = fmt.Errorf("gguf: tensor %s: shape %s of %s takes %d bytes; %d were written", quote(t.Name), t.Shape, t.Type, want, e.n-before)
	}
	return err
}

func (e *encoder) u8(v uint8) { e.bytes(append(e.tmp[:0], v)) }
func (e *encoder) u16(v uint16) {
	e.bytes(binary.LittleEndian.AppendUint16(e.tmp[:0], v))
}
func (e *encoder) u32(v uint32) {
	e.bytes(binary.LittleEndian.AppendUint32(e.tmp[:0], v))
}
func (e *encoder) u64(v uint64) {
	e.bytes(binary.LittleEndian.AppendUint64(e.tmp[:0], v))
}

func (e *encoder) text(s string) {
	e.u64(uint64(len(s)))
	n, _ := e.w.WriteString(s)
	e.n += int64(n)
}

var zeros [512]byte

// pad writes zeros up to a multiple of align.
func (e *encoder) pad(align int64) {
	for left := int64(pad(uint64(e.n), uint64(align))) - e.n; left > 0; {
		n := min(left, int64(len(zeros)))
		e.bytes(zeros[:n])
		left -= n
	}
}

func (e *encoder) value(v Value) {
	e.u32(uint32(v.kind))
	if v.kind == Array {
		e.u32(uint32(v.elem))
		e.u64(uint64(v.Len()))
	}
	switch x := v.v.(type) {
	case uint8:
		e.u8(x)
	case int8:
		e.u8(uint8(x))
	case uint16:
		e.u16(x)
	case int16:
		e.u16(uint16(x))
	case uint32:
		e.u32(x)
	case int32:
		e.u32(uint32(x))
	case float32:
		e.u32(math.Float32bits(x))
	case bool:
		e.bool(x)
	case string:
		e.text(x)
	case uint64:
		e.u64(x)
	case int64:
		e.u64(uint64(x))
	case float64:
		e.u64(math.Float64bits(x))
	case []uint8:
		e.bytes(x)
	case []int8:
		each(x, func(v int8) { e.u8(uint8(v)) })
	case []uint16:
		each(x, e.u16)
	case []int16:
		each(x, func(v int16) { e.u16(uint16(v)) })
	case []uint32:
		each(x, e.u32)
	case []int32:
		each(x, func(v int32) { e.u32(uint32(v)) })
	case []float32:
		each(x, func(v float32) { e.u32(math.Float32bits(v)) })
	case []bool:
		each(x, e.bool)
	case []string:
		each(x, e.text)
	case []uint64:
		each(x, e.u64)
	case []int64:
		each(x, func(v int64) { e.u64(uint64(v)) })
	case []float64:
		each(x, func(v float64) { e.u64(math.Float64bits(v)) })
	}
}

func (e *encoder) bool(v bool) {
	if v {
		e.u8(1)
	} else {
		e.u8(0)
	}
}

func each[T any](x []T, write func(T)) {
	for _, v := range x {
		write(v)
	}
}
