package simd

import (
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

func storeF16Generic(dst []byte, src []float32) bool  { return storeGeneric(tensor.F16, dst, src) }
func storeBF16Generic(dst []byte, src []float32) bool { return storeGeneric(tensor.BF16, dst, src) }
func storeQ8_0Generic(dst []byte, src []float32) bool { return storeGeneric(tensor.Q8_0, dst, src) }
func storeQ4_0Generic(dst []byte, src []float32) bool { return storeGeneric(tensor.Q4_0, dst, src) }

func storeGeneric(typ tensor.DType, dst []byte, src []float32) bool {
	checkExpand(typ, src, dst)
	return quant.Quantize(typ, dst, src) == nil
}
