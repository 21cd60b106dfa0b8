package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// panelsVNNI are the panels of 8 rows for AVX-VNNI: AVX2 with VPDPBUSD.
func (g *generator) panelsVNNI() {
	for _, f := range panelFormats {
		for _, n := range columns256 {
			g.panel256(f, n, false, true)
		}
		g.panel256(f, 2, true, true)
	}
}

// started are the sums of the columns at hand before the first weight: what the centre
// takes from them.
func (p *kernel256) started() []reg.VecVirtual {
	sum := make([]reg.VecVirtual, len(p.group))
	for i, t := range p.group {
		sum[i] = p.YMM()
		if p.offset {
			p.VPXOR(sum[i], sum[i], sum[i])
			continue
		}
		p.VPBROADCASTD(p.e(t), sum[i])
		p.VPSLLD(operand.U8(p.shift()), sum[i], sum[i])
	}
	return sum
}

// dots adds the products of slice s.
func (p *kernel256) dots(sum []reg.VecVirtual, s int) {
	u := p.slice(s)
	for i, t := range p.group {
		x := p.YMM()
		p.VPBROADCASTD(p.q(t, s), x)
		p.VPDPBUSD(x, u, sum[i])
	}
}

// halvesVNNI is what blockHalves does once the scales are unpacked.
func (p *kernel256) halvesVNNI(pair reg.VecVirtual) {
	for i := range 2 {
		d := p.YMM()
		if i == 0 {
			p.VPSLLD(operand.U8(16), pair, d)
			p.VPSRAD(operand.U8(16), d, d)
		} else {
			p.VPSRAD(operand.U8(16), pair, d)
		}
		p.VCVTDQ2PS(d, d)
		p.VMULPS(p.slot(slotD), d, d)
		p.VMOVUPS(d, p.slot(slotHalf+32*i))
	}
	centre := [2]operand.Mem{}
	for i := range centre {
		if p.centre > 0 {
			centre[i] = p.words(fmt.Sprintf("centre%dx%d", p.centre, i), uint32(p.centre)<<(16*i))
		}
	}
	p.groups(func() {
		var sum [2][]reg.VecVirtual
		for half := range sum {
			sum[half] = make([]reg.VecVirtual, len(p.group))
			for i, t := range p.group {
				v := p.YMM()
				sum[half][i] = v
				if p.offset {
					p.VPXOR(v, v, v)
				} else {
					p.VPBROADCASTD(p.e(t), v)
					p.VPMADDWD(centre[half], v, v)
				}
			}
		}
		for s := range 8 {
			p.dots(sum[s/4], s)
		}
		for i, t := range p.group {
			p.accumulate(t, func(acc reg.VecVirtual) {
				a, b, x := sum[0][i], sum[1][i], p.YMM()
				p.VCVTDQ2PS(a, a)
				p.VMULPS(p.slot(slotHalf), a, a)
				p.VCVTDQ2PS(b, b)
				p.VFMADD231PS(p.slot(slotHalf+32), b, a)
				if p.offset {
					p.VPBROADCASTD(p.e(t), b)
					p.VPMADDWD(p.slot(slotPair), b, b)
					p.VCVTDQ2PS(b, b)
					p.VFMADD231PS(p.slot(slotM), b, a)
				}
				p.VBROADCASTSS(p.d(t), x)
				p.VFMADD231PS(x, a, acc)
			})
		}
	})
}

var dotLine = regexp.MustCompile(`(?m)^\tVPDPBUSD\s+Y(\d+), Y(\d+), Y(\d+)$`)

// withoutEVEX writes VPDPBUSD in the encoding that needs no AVX-512, for which the
// assembler has no word: VEX.256.66.0F38.W0 50 /r.
func withoutEVEX(asm []byte) []byte {
	asm = dotLine.ReplaceAllFunc(asm, func(line []byte) []byte {
		var v [3]uint8 // signed, unsigned, sum
		for i, m := range dotLine.FindSubmatch(line)[1:] {
			n, err := strconv.Atoi(string(m))
			if err != nil || n > 15 {
				panic(fmt.Sprintf("register %s in %s", m, line))
			}
			v[i] = uint8(n)
		}
		rm, middle, dst := v[0], v[1], v[2]
		code := []uint8{0xc4, ^dst>>3&1<<7 | 1<<6 | ^rm>>3&1<<5 | 2, ^middle&15<<3 | 1<<2 | 1, 0x50, 3<<6 | dst&7<<3 | rm&7}
		var b bytes.Buffer
		for i, c := range code {
			if i > 0 {
				b.WriteString("; ")
			} else {
				b.WriteString("\t")
			}
			fmt.Fprintf(&b, "BYTE $0x%02x", c)
		}
		fmt.Fprintf(&b, " // %s", bytes.TrimSpace(line))
		return b.Bytes()
	})
	return bytes.ReplaceAll(asm, []byte("AVX512VL, AVX512VNNI"), []byte("AVXVNNI"))
}
