// Command logo draws the logos of the Jupyter kernel: a loupe over cells, one
// of them lit. It writes logo-32x32.png, logo-64x64.png and logo-svg.svg into
// the folder that it is run in; go generate ./jupyter runs it.
package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"
	"math"
	"os"
)

// The drawing, in units of a 64 by 64 square.
const (
	lensX, lensY, lensR = 27, 27, 19 // the middle of the rim
	rim                 = 5
	handleFrom          = 42.5 // both coordinates of its ends
	handleTo            = 56
	handleWidth         = 8
	cell, gap           = 7, 2
)

var (
	ink   = color.NRGBA{0x24, 0x3b, 0x53, 0xff}
	glass = color.NRGBA{0xe6, 0xf6, 0xfb, 0xff}
	quiet = color.NRGBA{0x9c, 0xd9, 0xea, 0xff}
	lit   = color.NRGBA{0xf2, 0x8c, 0x28, 0xff}
)

// cells are the upper left corners of the nine cells, and which one is lit.
func cells(f func(x, y float64, c color.NRGBA)) {
	const first = lensX - (3*cell+2*gap)/2.0
	for row := range 3 {
		for column := range 3 {
			c := quiet
			if row == 1 && column == 2 {
				c = lit
			}
			f(first+float64(column*(cell+gap)), first+float64(row*(cell+gap)), c)
		}
	}
}

// at is the colour of a point; ok is false outside of the drawing.
func at(x, y float64) (c color.NRGBA, ok bool) {
	d := math.Hypot(x-lensX, y-lensY)
	switch {
	case math.Abs(d-lensR) <= rim/2.0:
		return ink, true
	case d < lensR:
		c = glass
		cells(func(cx, cy float64, of color.NRGBA) {
			if x >= cx && x < cx+cell && y >= cy && y < cy+cell {
				c = of
			}
		})
		return c, true
	}
	// The distance from the handle's axis, which runs down the diagonal.
	t := min(max((x+y)/2, handleFrom), handleTo)
	if math.Hypot(x-t, y-t) <= handleWidth/2.0 {
		return ink, true
	}
	return c, false
}

// draw makes the picture with size pixels a side, each the mean of 8 by 8
// points.
func draw(size int) *image.NRGBA {
	const fine = 8
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for py := range size {
		for px := range size {
			var r, g, b, n int
			for sy := range fine {
				for sx := range fine {
					scale := 64 / float64(size)
					c, ok := at((float64(px)+(float64(sx)+.5)/fine)*scale, (float64(py)+(float64(sy)+.5)/fine)*scale)
					if ok {
						r, g, b, n = r+int(c.R), g+int(c.G), b+int(c.B), n+1
					}
				}
			}
			if n > 0 {
				img.SetNRGBA(px, py, color.NRGBA{uint8(r / n), uint8(g / n), uint8(b / n), uint8(n * 255 / (fine * fine))})
			}
		}
	}
	return img
}

// svg is the same drawing in vectors.
func svg() []byte {
	var b bytes.Buffer
	hex := func(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\">\n")
	fmt.Fprintf(&b, "<path d=\"M%g %gL%d %d\" stroke=\"%s\" stroke-width=\"%d\" stroke-linecap=\"round\"/>\n", handleFrom, handleFrom, handleTo, handleTo, hex(ink), handleWidth)
	fmt.Fprintf(&b, "<clipPath id=\"c\"><circle cx=\"%d\" cy=\"%d\" r=\"%d\"/></clipPath>\n", lensX, lensY, lensR)
	fmt.Fprintf(&b, "<g clip-path=\"url(#c)\"><path fill=\"%s\" d=\"M0 0h64v64H0z\"/>\n", hex(glass))
	cells(func(x, y float64, c color.NRGBA) {
		fmt.Fprintf(&b, "<path fill=\"%s\" d=\"M%g %gh%dv%dh-%dz\"/>\n", hex(c), x, y, cell, cell, cell)
	})
	fmt.Fprintf(&b, "</g>\n<circle cx=\"%d\" cy=\"%d\" r=\"%d\" fill=\"none\" stroke=\"%s\" stroke-width=\"%d\"/>\n</svg>\n", lensX, lensY, lensR, hex(ink), rim)
	return b.Bytes()
}

func main() {
	log.SetFlags(0)
	for _, size := range []int{32, 64} {
		var b bytes.Buffer
		if err := png.Encode(&b, draw(size)); err != nil {
			log.Fatal("logo: ", err)
		}
		if err := os.WriteFile(fmt.Sprintf("logo-%dx%d.png", size, size), b.Bytes(), 0o644); err != nil {
			log.Fatal("logo: ", err)
		}
	}
	if err := os.WriteFile("logo-svg.svg", svg(), 0o644); err != nil {
		log.Fatal("logo: ", err)
	}
}
