package simd

import (
	"encoding/binary"

	"loupe/engine/tensor"
)

// spread places 8 fifth bits, of elements 0 to 7, in the bits 0 and 1 of the
// bytes of a word: bit i goes to bit i/4 of byte i%4.
var spread = func() (t [256]uint32) {
	for b := range t {
		for i := range 8 {
			t[b] |= uint32(b>>i&1) << (8*(i%4) + i/4)
		}
	}
	return t
}()

// fifths orders the fifth bits of a block, of element i in bit i, as a panel has
// them.
func fifths(bits uint32) uint32 {
	return spread[bits&255] | spread[bits>>8&255]<<2 | spread[bits>>16&255]<<4 | spread[bits>>24]<<6
}

// pack makes panels of panelRows rows, block column after block column, so that
// dst is written in order.
func (f *panelFormat) pack(panelRows int, dst, src []byte, rows, nb int) {
	size, bytes, units := f.unitBytes(panelRows), f.typ.BlockBytes(), nb/f.blocks()
	quants := f.quants(panelRows)
	for ; rows > 0; rows -= panelRows {
		n := min(panelRows, rows)
		for u := range units {
			column := dst[:size]
			dst = dst[size:]
			if n < panelRows {
				clear(column)
			}
			for r := range n {
				block := src[(r*units+u)*bytes:][:bytes]
				if f.super {
					f.packSuper(panelRows, r, column, block)
				} else {
					f.packBlock(panelRows, r, column, column[quants+4*r:], block)
				}
			}
		}
		src = src[n*units*bytes:]
	}
}

// packBlock writes block as row r of column; its codes go to quants.
func (f *panelFormat) packBlock(panelRows, r int, column, quants, block []byte) {
	le := binary.LittleEndian
	if f.typ != tensor.MXFP4 {
		le.PutUint16(column[2*r:], le.Uint16(block))
	}
	slice := 4 * panelRows
	switch f.typ {
	case tensor.Q8_0:
		b := (*[34]byte)(block)
		const signs = 0x8080808080808080
		putCodes(quants, slice, le.Uint64(b[2:])^signs, le.Uint64(b[10:])^signs)
		putCodes(quants[4*slice:], slice, le.Uint64(b[18:])^signs, le.Uint64(b[26:])^signs)
		return
	case tensor.Q4_0, tensor.IQ4_NL:
		block = block[2:]
	case tensor.MXFP4:
		column[r] = block[0]
		block = block[1:]
	case tensor.Q4_1:
		le.PutUint16(column[2*(panelRows+r):], le.Uint16(block[2:]))
		block = block[4:]
	case tensor.Q5_0:
		le.PutUint32(column[2*panelRows+4*r:], fifths(le.Uint32(block[2:])))
		block = block[6:]
	case tensor.Q5_1:
		le.PutUint16(column[2*(panelRows+r):], le.Uint16(block[2:]))
		le.PutUint32(column[4*panelRows+4*r:], fifths(le.Uint32(block[4:])))
		block = block[8:]
	}
	b := (*[16]byte)(block)
	putCodes(quants, slice, le.Uint64(b[0:]), le.Uint64(b[8:]))
}
