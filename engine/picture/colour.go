package picture

import (
	"fmt"
	"image/color"
)

// Of the 256 colours of a scale some are for what has no place on it. The scale has an odd
// number, so that one is in the middle.
const (
	levels    = 251
	levelNaN  = levels
	levelPos  = levels + 1 // +Inf
	levelNeg  = levels + 2 // -Inf
	levelNone = levels + 3 // no cell at all: see Heat.Triangle
)

type rgb struct{ r, g, b uint8 }

func (c rgb) hex() string { return fmt.Sprintf("#%02x%02x%02x", c.r, c.g, c.b) }

var (
	viridis = []rgb{{0x44, 0x01, 0x54}, {0x48, 0x28, 0x78}, {0x3e, 0x49, 0x89}, {0x31, 0x68, 0x8e}, {0x26, 0x82, 0x8e},
		{0x1f, 0x9e, 0x89}, {0x35, 0xb7, 0x79}, {0x6d, 0xcd, 0x59}, {0xb4, 0xde, 0x2c}, {0xfd, 0xe7, 0x25}}
	blueOrange = []rgb{{12, 52, 120}, {58, 118, 186}, {150, 190, 224}, {246, 246, 244}, {244, 186, 120}, {214, 112, 28}, {124, 50, 0}}

	sequentialColours = colours(viridis)
	divergingColours  = colours(blueOrange)
)

// colours spreads points over the levels of a scale.
func colours(points []rgb) *[256]rgb {
	var out [256]rgb
	for i := range levels {
		at := float64(i) / (levels - 1) * float64(len(points)-1)
		k := min(int(at), len(points)-2)
		f := at - float64(k)
		mix := func(a, b uint8) uint8 { return uint8(float64(a) + (float64(b)-float64(a))*f + 0.5) }
		a, b := points[k], points[k+1]
		out[i] = rgb{mix(a.r, b.r), mix(a.g, b.g), mix(a.b, b.b)}
	}
	out[levelNaN], out[levelPos], out[levelNeg] = rgb{128, 128, 128}, rgb{230, 0, 110}, rgb{0, 0, 0}
	return &out
}

func palette(m *[256]rgb) color.Palette {
	p := make(color.Palette, len(m))
	for i, c := range m {
		p[i] = color.RGBA{c.r, c.g, c.b, 255}
	}
	p[levelNone] = color.RGBA{}
	return p
}

// Colours of terminals with 16 of them, from the lowest value to the highest.
var (
	sequential16 = []int{0, 4, 6, 2, 10, 11}
	diverging16  = []int{4, 12, 7, 11, 1}
)

// paint is the escape sequence parameters of a level as a background (or, with
// fore, as the colour of the character).
func (s scale) paint(level, colors int, fore bool) string {
	c := s.colours[level]
	base := 48
	if fore {
		base = 38
	}
	switch {
	case colors >= 1<<24:
		return fmt.Sprintf("%d;2;%d;%d;%d", base, c.r, c.g, c.b)
	case colors >= 256:
		return fmt.Sprintf("%d;5;%d", base, cube(c))
	}
	n := 8 // bright black: NaN
	switch {
	case level == levelPos:
		n = 13
	case level == levelNeg:
		n = 5
	case level < levels && s.diverging:
		n = diverging16[level*len(diverging16)/levels]
	case level < levels:
		n = sequential16[level*len(sequential16)/levels]
	}
	base -= 8 // 40, or 30
	if n >= 8 {
		base, n = base+60, n-8
	}
	return fmt.Sprint(base + n)
}

// cube is the nearest colour of the 6 x 6 x 6 cube of 256-colour terminals.
func cube(c rgb) int {
	steps := [6]int{0, 95, 135, 175, 215, 255}
	near := func(v uint8) int {
		best := 0
		for i, s := range steps {
			if d, b := s-int(v), steps[best]-int(v); d*d < b*b {
				best = i
			}
		}
		return best
	}
	return 16 + 36*near(c.r) + 6*near(c.g) + near(c.b)
}
