package picture_test

import (
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"strings"

	"loupe/engine/picture"
)

// done ends an example where a call fails; a program looks at the error.
func done(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// A matrix as colours; here as characters, the denser the larger.
func ExampleHeat() {
	h := picture.Heat{
		Title: "sums", RowName: "x", ColName: "y", Rows: 3, Cols: 4,
		Values: []float32{0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5},
	}
	fmt.Println(h)
	// Output:
	// sums
	//   0 1 2 3
	// 0   ..--++
	// 1 ..--++##
	// 2 --++##@@
	// 0   ..::--==++**##%%@@ 5 · down: x, right: y
}

// Every form of a picture: text of some width and colours, SVG, PNG, and files.
func ExampleHeat_WriteSVG() {
	h := picture.Heat{Rows: 2, Cols: 2, Values: []float32{-1, 0.5, 1, float32(math.NaN())}, Diverging: true}
	fmt.Println(h.Check(), picture.Heat{Rows: 2, Cols: 2}.Check())
	fmt.Println(strings.Contains(h.Terminal(40, 256), "\x1b["), strings.HasPrefix(h.SVG(), "<svg"))
	dir, err := os.MkdirTemp("", "picture")
	done(err)
	defer os.RemoveAll(dir)
	done(h.WriteSVG(filepath.Join(dir, "h.svg")))
	done(h.WritePNG(filepath.Join(dir, "h.png"))) // with labels and a scale, as the SVG
	whole, err := h.PNG()
	done(err)
	cells, err := h.CellsPNG() // the cells alone
	done(err)
	fmt.Println(len(cells) < len(whole))
	// Output:
	// <nil> picture: Heat "": Rows 2 x Cols 2 do not fit 0 Values; give one value a cell, row by row
	// true true
	// true
}

// Many matrices on one scale.
func ExampleGrid() {
	g := picture.Grid{Title: "two heads", Heats: []picture.Heat{
		{Title: "0", Rows: 2, Cols: 2, Values: []float32{1, 0, 0.5, 0.5}},
		{Title: "1", Rows: 2, Cols: 2, Values: []float32{1, 0, 0.1, 0.9}},
	}}
	done(g.Check())
	dir, err := os.MkdirTemp("", "picture")
	done(err)
	defer os.RemoveAll(dir)
	done(g.WriteSVG(filepath.Join(dir, "g.svg")))
	done(g.WritePNG(filepath.Join(dir, "g.png")))
	png, err := g.PNG()
	done(err)
	fmt.Println(len(png) > 0, len(g.SVG()) > 0)
	fmt.Println(g.Terminal(40, 0))
	// Output:
	// true true
	// two heads
	// 0
	//   0 @@
	//     ====
	// 1
	//   0 @@
	//       %%
	// 0   .:-==+*#%@@ 1
}

// Curves over common axes.
func ExampleLines() {
	l := picture.Lines{Title: "two ways to grow", XName: "n", YName: "tokens read", LogY: true}
	for _, s := range []picture.Series{{Name: "n"}, {Name: "n squared"}} {
		for x := 1.0; x <= 64; x *= 2 {
			y := x
			if s.Name != "n" {
				y = x * x
			}
			s.X, s.Y = append(s.X, x), append(s.Y, y)
		}
		l.Series = append(l.Series, s)
	}
	done(l.Check())
	dir, err := os.MkdirTemp("", "picture")
	done(err)
	defer os.RemoveAll(dir)
	done(l.WriteSVG(filepath.Join(dir, "l.svg")))
	done(l.WritePNG(filepath.Join(dir, "l.png")))
	png, err := l.PNG()
	done(err)
	fmt.Println(len(png) > 0, len(l.SVG()) > 0)
	fmt.Println(l.Terminal(50, 0))
	// Output:
	// true true
	// two ways to grow
	// o n · x n squared
	//    │                                       xxxxxx
	//    │                        xxxxxxxxxxxxxxx
	//    │               xxxxxxxxx
	//    │         xxxxxxx
	// 100┤     xxxx                                oooo
	//    │   xx           ooooooooooooooooooooooooo
	//    │ xx   ooooooooooo
	//    │xxoooo
	//    │oo
	//   1┤o
	//    └──────────────────────────────────┬──────────
	//                                      50
	// up: tokens read · right: n
}

// A value for each of some names, with the range of its measurements.
func ExampleBars() {
	b := picture.Bars{
		Title: "generation", Name: "tokens/s", Labels: []string{"off", "on"},
		Values: []float64{67, 92.5}, Low: []float64{64, 90}, High: []float64{70, 95},
	}
	done(b.Check())
	dir, err := os.MkdirTemp("", "picture")
	done(err)
	defer os.RemoveAll(dir)
	done(b.WriteSVG(filepath.Join(dir, "b.svg")))
	done(b.WritePNG(filepath.Join(dir, "b.png")))
	png, err := b.PNG()
	done(err)
	fmt.Println(len(png) > 0, len(b.SVG()) > 0)
	fmt.Println(b.Terminal(40, 0))
	// Output:
	// true true
	// generation
	// off  ████████████████████▒▒         67
	// on   ████████████████████████████▒▒ 92.5
	// tokens/s
}

// How many values lie where.
func ExampleHistogram() {
	fmt.Println(picture.Histogram("norms", []float32{1, 1.2, 1.4, 2, 2.1, 5}, 4))
	// Output:
	// norms
	// 1 to 2  ████████████████████████████████████████ 3
	// 2 to 3  ███████████████████████████              2
	// 3 to 4                                           0
	// 4 to 5  █████████████                            1
	// values
}

// A curve in a line of text.
func ExampleSpark() {
	s := picture.Spark{Name: "loss", Values: []float32{6, 5, 3, 2, 1.5, 1.2, 1.1}}
	dir, err := os.MkdirTemp("", "picture")
	done(err)
	defer os.RemoveAll(dir)
	done(s.WriteSVG(filepath.Join(dir, "s.svg")))
	done(s.WritePNG(filepath.Join(dir, "s.png")))
	png, err := s.PNG()
	done(err)
	fmt.Println(len(png) > 0, len(s.SVG()) > 0, len(s.Terminal(20, 0)) > 0)
	fmt.Println(s)
	// Output:
	// true true true
	// loss █▇▄▂▁▁▁ 1.1 to 6
}

// Which token looks at which, as lines between two columns.
func ExampleArrows() {
	words := []string{"the", "red", "box"}
	a := picture.Arrows{Title: "head 2", From: words, To: words, Weights: []float32{1, 0, 0, 0.25, 0.75, 0, 0.125, 0.625, 0.25}}
	done(a.Check())
	dir, err := os.MkdirTemp("", "picture")
	done(err)
	defer os.RemoveAll(dir)
	done(a.WriteSVG(filepath.Join(dir, "a.svg")))
	fmt.Println(strings.Contains(a.SVG(), "<svg"))
	fmt.Println(a)
	// Output:
	// true
	// head 2
	//            the → the 1.00
	//            red → red 0.75 the 0.25
	//            box → red 0.62 box 0.25 the 0.12
}

// All heads of some layers in a page of its own, in which they are picked.
func ExampleHeadView() {
	v := picture.HeadView{Title: "a text", Tokens: []string{"the", "box"}, Layers: []picture.HeadLayer{
		{Name: "layer 0", Heads: []picture.HeadWeights{
			{Name: "0", Weights: []float32{1, 0, 0.25, 0.75}}, {Name: "1", Weights: []float32{1, 0, 0.875, 0.125}},
		}},
	}}
	done(v.Check())
	dir, err := os.MkdirTemp("", "picture")
	done(err)
	defer os.RemoveAll(dir)
	done(v.WriteHTML(filepath.Join(dir, "heads.html")))
	fmt.Println(strings.Contains(v.HTML(), picture.HeadViewScript)) // the only script, for a page's policy
	fmt.Println(len(v.Grid().Heats), "heads without a page", len(v.Terminal(40, 0)) > 0)
	// Output:
	// true
	// 2 heads without a page true
}
