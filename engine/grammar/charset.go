package grammar

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// charset is ranges of characters, in order and apart once it is normal.
type charset [][2]rune

// The code points that no UTF-8 text has.
const surrogateMin, surrogateMax = 0xD800, 0xDFFF

// normal sorts and joins the ranges, without surrogates.
func (s charset) normal() charset {
	var out charset
	for _, r := range s {
		if r[0] < surrogateMin {
			out = append(out, [2]rune{r[0], min(r[1], surrogateMin-1)})
		}
		if r[1] > surrogateMax {
			out = append(out, [2]rune{max(r[0], surrogateMax+1), r[1]})
		}
	}
	slices.SortFunc(out, func(a, b [2]rune) int { return int(a[0] - b[0]) })
	n := 0
	for _, r := range out {
		if n > 0 && r[0] <= out[n-1][1]+1 {
			out[n-1][1] = max(out[n-1][1], r[1])
			continue
		}
		out[n] = r
		n++
	}
	return out[:n]
}

// not is all other characters; s is normal.
func (s charset) not() charset {
	var out charset
	next := rune(0)
	for _, r := range s {
		if r[0] > next {
			out = append(out, [2]rune{next, r[0] - 1})
		}
		next = r[1] + 1
	}
	if next <= utf8.MaxRune {
		out = append(out, [2]rune{next, utf8.MaxRune})
	}
	return out.normal()
}

func (s charset) key() string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r[0])
		b.WriteRune(r[1])
	}
	return b.String()
}

// byteRange goes from a place inside a character to the next one.
type byteRange struct {
	lo, hi byte
	next   int32 // whole: the character ends
}

const whole = -1

// byteNode is a place inside a character, before a byte.
type byteNode []byteRange

// sequences cuts a range of characters into ranges of bytes: any bytes of the
// first, second... range in a row are a character of it (the way of RE2's compiler).
func sequences(lo, hi rune, emit func(seq [][2]byte)) {
	for _, last := range []rune{0x7F, 0x7FF, 0xFFFF} { // of 1, 2, 3 bytes
		if lo <= last && last < hi {
			sequences(lo, last, emit)
			sequences(last+1, hi, emit)
			return
		}
	}
	var a, b [utf8.UTFMax]byte
	n := utf8.EncodeRune(a[:], lo)
	for i := 1; i < n; i++ { // the last i bytes must be free, or all the rest alike
		free := rune(1)<<(6*i) - 1
		if lo&^free == hi&^free {
			continue
		}
		if lo&free != 0 {
			sequences(lo, lo|free, emit)
			sequences((lo|free)+1, hi, emit)
			return
		}
		if hi&free != free {
			sequences(lo, hi&^free-1, emit)
			sequences(hi&^free, hi, emit)
			return
		}
	}
	utf8.EncodeRune(b[:], hi)
	seq := make([][2]byte, n)
	for i := range seq {
		seq[i] = [2]byte{a[i], b[i]}
	}
	emit(seq)
}

// dagBuilder makes the nodes of classes; equal ones are one.
type dagBuilder struct {
	nodes []byteNode
	ids   map[string]int32
}

// add gives the node at which a character of the class begins.
func (d *dagBuilder) add(s charset) int32 {
	var all [][][2]byte
	for _, r := range s {
		sequences(r[0], r[1], func(seq [][2]byte) { all = append(all, seq) })
	}
	return d.node(all)
}

// node makes the node of sequences, which are in order: those that begin with the
// same range stand together, and other ranges do not overlap it.
func (d *dagBuilder) node(all [][][2]byte) int32 {
	var n byteNode
	for len(all) > 0 {
		same := 1
		for same < len(all) && all[same][0] == all[0][0] {
			same++
		}
		r := byteRange{all[0][0][0], all[0][0][1], whole}
		if len(all[0]) > 1 {
			rest := make([][][2]byte, same)
			for i := range rest {
				rest[i] = all[i][1:]
			}
			r.next = d.node(rest)
		}
		if k := len(n) - 1; k >= 0 && n[k].next == r.next && n[k].hi+1 == r.lo {
			n[k].hi = r.hi
		} else {
			n = append(n, r)
		}
		all = all[same:]
	}
	var key strings.Builder
	for _, r := range n {
		key.Write([]byte{r.lo, r.hi, byte(r.next), byte(r.next >> 8), byte(r.next >> 16), byte(r.next >> 24)})
	}
	id, ok := d.ids[key.String()]
	if !ok {
		id = int32(len(d.nodes))
		d.nodes = append(d.nodes, n)
		d.ids[key.String()] = id
	}
	return id
}

// groupBytes numbers the bytes so that those no node tells apart have one number.
func groupBytes(nodes []byteNode) (groups [256]uint8, first []byte) {
	var cut [257]bool // a group begins here
	for _, n := range nodes {
		for _, r := range n {
			cut[r.lo], cut[int(r.hi)+1] = true, true
		}
	}
	// Bytes between the same cuts are alike; so may be others, by what they lead to.
	byRow := map[string]uint8{}
	for b := 0; b < 256; b++ {
		if b > 0 && !cut[b] {
			groups[b] = groups[b-1]
			continue
		}
		var row strings.Builder
		for i, n := range nodes {
			for _, r := range n {
				if r.lo <= byte(b) && byte(b) <= r.hi {
					row.Write([]byte{byte(i), byte(i >> 8), byte(i >> 16), byte(r.next), byte(r.next >> 8), byte(r.next >> 16), byte(r.next >> 24)})
				}
			}
		}
		g, ok := byRow[row.String()]
		if !ok {
			g = uint8(len(first))
			byRow[row.String()] = g
			first = append(first, byte(b))
		}
		groups[b] = g
	}
	return groups, first
}
