package ops

import (
	"fmt"

	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// Weight is a matrix of the model, as it lies in the file: Out rows of In
// elements, [Out, In] with In running fastest (ggml's shape [In, Out]).
type Weight struct {
	Name    string
	Type    tensor.DType
	In, Out int
	Data    []byte // Out rows of Type.RowBytes(In) bytes, usually in the map of the file

	panels []byte // the same in panels of interleaved rows, from CPU.Pack; nil: none
}

// rowBytes is the size of a row.
func (w *Weight) rowBytes() int { return w.Type.RowBytes(w.In) }

// Row expands row i into dst, [In]. It serves the embedding.
func (w *Weight) Row(dst []float32, i int) {
	rb := w.rowBytes()
	if err := quant.Dequantize(w.Type, dst[:w.In], w.Data[i*rb:(i+1)*rb]); err != nil {
		panic(fmt.Sprintf("ops: row %d of %s: %v", i, w.Name, err))
	}
}
