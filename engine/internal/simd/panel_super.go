package simd

import (
	"encoding/binary"

	"loupe/engine/tensor"
)

// superBlock is a block of 256 weights, taken apart.
type superBlock struct {
	d, m            uint16                 // f16
	scales, offsets [16]uint8              // of blocks of 32, or of their halves
	q               [superBlocks][8]uint32 // codes, four to a word
}

// packSuper writes block as row r of column, 8 block columns.
func (f *panelFormat) packSuper(panelRows, r int, column, block []byte) {
	le := binary.LittleEndian
	var b superBlock
	switch f.typ {
	case tensor.Q4_K:
		b.readScales6(block)
		b.readHalves(block[16:])
	case tensor.Q5_K:
		b.readScales6(block)
		b.readHalves(block[48:])
		for i := range 8 {
			fifth := le.Uint32(block[16+4*i:])
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
			for i := range 4 {
				v := le.Uint32(block[8+16*s+4*i:])
				b.q[s][i], b.q[s][i+4] = v&low4, v>>4&low4
			}
		}
	case tensor.Q3_K:
		b.d = le.Uint16(block[108:])
		b.readScales3(block[96:])
		b.readQuarters(block[32:])
		for i := range 8 {
			third := le.Uint32(block[4*i:])
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
	ones = 0x01010101
	low2 = 0x03030303
	low4 = 0x0f0f0f0f
)

// readScales6 reads d, m and the 6-bit scales and offsets of a q4_K or q5_K block.
func (b *superBlock) readScales6(block []byte) {
	le := binary.LittleEndian
	b.d, b.m = le.Uint16(block), le.Uint16(block[2:])
	scale, offset, last := le.Uint32(block[4:]), le.Uint32(block[8:]), le.Uint32(block[12:])
	const low6, bits45 = 0x3f3f3f3f, 0x30303030
	le.PutUint32(b.scales[:], scale&low6)
	le.PutUint32(b.scales[4:], last&low4|scale>>2&bits45)
	le.PutUint32(b.offsets[:], offset&low6)
	le.PutUint32(b.offsets[4:], last>>4&low4|offset>>2&bits45)
}

// readScales3 reads the 6-bit scales of a q3_K block, less 32.
func (b *superBlock) readScales3(from []byte) {
	le := binary.LittleEndian
	first, second, upper := le.Uint32(from), le.Uint32(from[4:]), le.Uint32(from[8:])
	const bits45 = 0x30303030
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
		for i := range 8 {
			v := binary.LittleEndian.Uint32(from[32*pair+4*i:])
			b.q[2*pair][i], b.q[2*pair+1][i] = v&low4, v>>4&low4
		}
	}
}

// readQuarters reads codes of 2 bits: 32 bytes for each four blocks.
func (b *superBlock) readQuarters(from []byte) {
	for four := range superBlocks / 4 {
		for i := range 8 {
			v := binary.LittleEndian.Uint32(from[32*four+4*i:])
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
		for i := range 8 {
			first, second, high := le.Uint32(from[64*half+4*i:]), le.Uint32(from[64*half+32+4*i:]), le.Uint32(from[128+32*half+4*i:])
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
		var bits uint32
		switch f.bits {
		case 3:
			for s, v := range q {
				bits |= v >> 2 & ones << s
			}
			le.PutUint32(planes, bits)
		case 5:
			for s, v := range q {
				bits |= v >> 4 & ones << s
			}
			le.PutUint32(planes, bits)
		case 6:
			for p := range 2 {
				le.PutUint32(planes[p*slice:], q[2*p]>>4&low2|q[2*p+1]>>4&low2<<2|q[2*p+4]>>4&low2<<4|q[2*p+5]>>4&low2<<6)
			}
		}
		if f.bits < 4 {
			for h := range 2 {
				le.PutUint32(slices[h*slice:], q[4*h]&low2|q[4*h+1]&low2<<2|q[4*h+2]&low2<<4|q[4*h+3]&low2<<6)
			}
		} else {
			for s := range 4 {
				le.PutUint32(slices[s*slice:], q[s]&low4|q[s+4]&low4<<4)
			}
		}
		column = column[size:]
	}
}
