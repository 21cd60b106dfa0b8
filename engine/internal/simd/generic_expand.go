package simd

import (
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

func expandQ4_0Generic(dst []float32, src []byte) { expandGeneric(tensor.Q4_0, dst, src) }
func expandQ4_1Generic(dst []float32, src []byte) { expandGeneric(tensor.Q4_1, dst, src) }
func expandQ5_0Generic(dst []float32, src []byte) { expandGeneric(tensor.Q5_0, dst, src) }
func expandQ5_1Generic(dst []float32, src []byte) { expandGeneric(tensor.Q5_1, dst, src) }
func expandQ8_0Generic(dst []float32, src []byte) { expandGeneric(tensor.Q8_0, dst, src) }
func expandF16Generic(dst []float32, src []byte)  { expandGeneric(tensor.F16, dst, src) }
func expandBF16Generic(dst []float32, src []byte) { expandGeneric(tensor.BF16, dst, src) }

func expandGeneric(typ tensor.DType, dst []float32, src []byte) {
	checkExpand(typ, dst, src)
	if err := quant.Dequantize(typ, dst, src); err != nil {
		panic(err)
	}
}
