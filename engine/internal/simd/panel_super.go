package simd

import (
	"encoding/binary"

	"loupe/engine/tensor"
)

// superBlock is a block of 256 weights, taken apart.
type superBlock struct {
	d, m            uint16                 // f16
	scales, offsets [16]uint8              // of blocks of 32, or of their halves
	q               [superBlocks][4]uint64 // codes, eight to a word
}

// packSuper writes block as row r of column, 8 block columns.
func (f *panelFormat) packSuper(panelRows, r int, column, block []byte) {
	le := binary.LittleEndian
	var b superBlock
	switch f.typ {
	case tensor.Q4_K:
		b.readScales6(block)
		f.putHalves(panelRows, r, column, &b, block[16:])
		return
	case tensor.Q5_K:
		b.readScales6(block)
		b.readHalves(block[48:])
		for i := range 4 {
			fifth := le.Uint64(block[16+8*i:])
			for s := range b.q {
				b.q[s][i] |= fifth >> s & ones << 4
			}
		}
	case tensor.Q6_K:
		b.d = le.Uint16(block[208:])
		copy(b.scales[:], block[192:208])
		b.readQ6(block)
	case tensor.IQ4_XS:
		b.d = le.Uint16(block)
		upper, lower := uint32(le.Uint16(block[2:])), le.Uint32(block[4:])
		for s := range b.q {
			b.scales[s] = uint8(lower>>(4*s)&15|upper>>(2*s)&3<<4) - 32
			for i := range 2 {
				v := le.Uint64(block[8+16*s+8*i:])
				b.q[s][i], b.q[s][i+2] = v&low4, v>>4&low4
			}
		}
	case tensor.Q3_K:
		b.d = le.Uint16(block[108:])
		b.readScales3(block[96:])
		b.readQuarters(block[32:])
		for i := range 4 {
			third := le.Uint64(block[8*i:])
			for s := range b.q {
				b.q[s][i] |= third >> s & ones << 2
			}
		}
	case tensor.Q2_K:
		b.d, b.m = le.Uint16(block[80:]), le.Uint16(block[82:])
		copy(b.scales[:], block[:16]) // offsets included
		b.readQuarters(block[16:])
	}
	f.putSuper(panelRows, r, column, &b)
}

// Bits of the bytes of a word.
const (
	ones = 0x0101010101010101
	low2 = 0x0303030303030303
	low4 = 0x0f0f0f0f0f0f0f0f
)

// readScales6 reads d, m and the 6-bit scales and offsets of a q4_K or q5_K block.
func (b *superBlock) readScales6(block []byte) {
	le := binary.LittleEndian
	b.d, b.m = le.Uint16(block), le.Uint16(block[2:])
	scale, offset, last := le.Uint32(block[4:]), le.Uint32(block[8:]), le.Uint32(block[12:])
	const low4, low6, bits45 = low4 & 0xffffffff, 0x3f3f3f3f, 0x30303030
	le.PutUint32(b.scales[:], scale&low6)
	le.PutUint32(b.scales[4:], last&low4|scale>>2&bits45)
	le.PutUint32(b.offsets[:], offset&low6)
	le.PutUint32(b.offsets[4:], last>>4&low4|offset>>2&bits45)
}

// readScales3 reads the 6-bit scales of a q3_K block, less 32.
func (b *superBlock) readScales3(from []byte) {
	le := binary.LittleEndian
	first, second, upper := le.Uint32(from), le.Uint32(from[4:]), le.Uint32(from[8:])
	const low4, bits45 = low4 & 0xffffffff, 0x30303030
	for i, v := range [4]uint32{
		first&low4 | upper<<4&bits45, second&low4 | upper<<2&bits45,
		first>>4&low4 | upper&bits45, second>>4&low4 | upper>>2&bits45,
	} {
		// Less 32, with a sign of 8 bits: byte by byte nothing is borrowed.
		le.PutUint32(b.scales[4*i:], (v|0x80808080)-0x20202020^0x80808080)
	}
}

// readHalves reads codes of 4 bits: 32 bytes for each two blocks, one in the low and
// one in the high halves.
func (b *superBlock) readHalves(from []byte) {
	for pair := range superBlocks / 2 {
		for i := range 4 {
			v := binary.LittleEndian.Uint64(from[32*pair+8*i:])
			b.q[2*pair][i], b.q[2*pair+1][i] = v&low4, v>>4&low4
		}
	}
}

// readQuarters reads codes of 2 bits: 32 bytes for each four blocks.
func (b *superBlock) readQuarters(from []byte) {
	for four := range superBlocks / 4 {
		for i := range 4 {
			v := binary.LittleEndian.Uint64(from[32*four+8*i:])
			for s := range 4 {
				b.q[4*four+s][i] = v >> (2 * s) & low2
			}
		}
	}
}

// readQ6 reads the codes of a q6_K block.
func (b *superBlock) readQ6(from []byte) {
	le := binary.LittleEndian
	for half := range 2 {
		for i := range 4 {
			first, second, high := le.Uint64(from[64*half+8*i:]), le.Uint64(from[64*half+32+8*i:]), le.Uint64(from[128+32*half+8*i:])
			q := b.q[4*half:]
			q[0][i] = first&low4 | high&low2<<4
			q[1][i] = second&low4 | high>>2&low2<<4
			q[2][i] = first>>4&low4 | high>>4&low2<<4
			q[3][i] = second>>4&low4 | high>>6&low2<<4
		}
	}
}

// putSuper writes b as row r of column, in the layout of panelFormat.
func (f *panelFormat) putSuper(panelRows, r int, column []byte, b *superBlock) {
	le, slice := binary.LittleEndian, 4*panelRows
	le.PutUint16(column[2*r:], b.d)
	if f.offset {
		le.PutUint16(column[2*(panelRows+r):], b.m)
	}
	column = column[f.head(panelRows):]
	offsets, high, quants, size := f.offsets(panelRows), f.high(panelRows), f.quants(panelRows), f.size(panelRows)
	for i := range b.q {
		q := &b.q[i]
		if f.halves {
			column[2*r], column[2*r+1] = b.scales[2*i], b.scales[2*i+1]
		} else {
			column[r] = b.scales[i]
			if f.offset {
				column[offsets+r] = b.offsets[i]
			}
		}
		planes, slices := column[high+4*r:], column[quants+4*r:]
		switch f.bits {
		case 3:
			le.PutUint32(planes, plane(q, 2))
		case 5:
			le.PutUint32(planes, plane(q, 4))
		case 6:
			le.PutUint32(planes, fold(q[0]>>4&low2|q[2]>>4&low2<<4))
			le.PutUint32(planes[slice:], fold(q[1]>>4&low2|q[3]>>4&low2<<4))
		}
		if f.bits < 4 {
			le.PutUint32(slices, fold(q[0]&low2|q[1]&low2<<4))
			le.PutUint32(slices[slice:], fold(q[2]&low2|q[3]&low2<<4))
		} else {
			putCodes(slices, slice, q[0]&low4|q[2]&low4<<4, q[1]&low4|q[3]&low4<<4)
		}
		column = column[size:]
	}
}

// putHalves is readHalves and putSuper in one, for q4_K: the codes go from where they
// are to where they belong.
func (f *panelFormat) putHalves(panelRows, r int, column []byte, b *superBlock, from []byte) {
	le, slice := binary.LittleEndian, 4*panelRows
	le.PutUint16(column[2*r:], b.d)
	le.PutUint16(column[2*(panelRows+r):], b.m)
	column = column[f.head(panelRows):]
	offsets, quants, size := f.offsets(panelRows), f.quants(panelRows), f.size(panelRows)
	for i := 0; i < superBlocks; i += 2 {
		v := (*[32]byte)(from[16*i:])
		v0, v1, v2, v3 := le.Uint64(v[0:]), le.Uint64(v[8:]), le.Uint64(v[16:]), le.Uint64(v[24:])
		column[r], column[offsets+r] = b.scales[i], b.offsets[i]
		putCodes(column[quants+4*r:], slice, v0&low4|v2&low4<<4, v1&low4|v3&low4<<4)
		column = column[size:]
		column[r], column[offsets+r] = b.scales[i+1], b.offsets[i+1]
		putCodes(column[quants+4*r:], slice, v0>>4&low4|v2&^low4, v1>>4&low4|v3&^low4)
		column = column[size:]
	}
}

// putCodes writes four words of codes, one to each slice.
func putCodes(slices []byte, slice int, first, second uint64) {
	le := binary.LittleEndian
	slices = slices[:3*slice+4]
	le.PutUint32(slices, uint32(first))
	le.PutUint32(slices[slice:], uint32(first>>32))
	le.PutUint32(slices[2*slice:], uint32(second))
	le.PutUint32(slices[3*slice:], uint32(second>>32))
}

// plane takes one bit of each code: that of byte i of half-word s to bit s of byte i.
func plane(q *[4]uint64, bit int) uint32 {
	v := q[0]>>bit&ones | q[1]>>bit&ones<<2 | q[2]>>bit&ones<<4 | q[3]>>bit&ones<<6
	return uint32(v) | uint32(v>>32)<<1
}

// fold puts the upper half of v, two bits of each four, between the bits of the lower.
func fold(v uint64) uint32 { return uint32(v) | uint32(v>>32)<<2 }
