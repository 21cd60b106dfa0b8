// Pictures: every kind that there is, of what one text does in a model. In pages and
// Jupyter they are drawn, and the view of heads can be played with. Run it with
//
//	go run ./repl/loupe run examples/inside/08_pictures/main.go
//	go run ./repl/loupe export examples/inside/08_pictures/main.go -o pictures.html
//	go run ./examples/inside/08_pictures
//
// "-p model=smollm2" behind run or export takes another model.
package main

import (
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"loupe/engine"
	"loupe/engine/picture"
	"loupe/stdlib/nb"
)

// must ends the program when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// chances is the probability of each token, given their logits.
func chances(logits []float32) []float64 {
	out, sum := make([]float64, len(logits)), 0.0
	most := slices.Max(logits)
	for i, x := range logits {
		out[i] = math.Exp(float64(x - most))
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

func main() {
	// %% parameters
	model, layer, head := "lesson", 1, 0

	// %% A text
	m, err := engine.Load(model, engine.LoadConfig{Threads: 1})
	must(err)
	ids := m.Tokenize("Mia the fox found a red key near the mill. Tom the owl found a blue key near the pond.")
	s := m.NewSession()
	var surprise []float32
	var last []float32
	for i, id := range ids {
		if i > 0 {
			surprise = append(surprise, float32(-math.Log(chances(last)[id])))
		}
		last, err = s.Eval([]int{id})
		must(err)
	}
	fmt.Println(len(surprise) == s.Len()-1, "and the next token is one of", len(last))

	// %% Heat: a matrix
	// Colours part at 0. At a prompt it has the terminal's colours, here characters.
	//nb:skip keys differ by processor
	k, err := s.K(layer, 0)
	must(err)
	nb.Show(k.Heat())

	// %% Grid: many on one scale
	//nb:skip weights differ by processor
	all, err := s.AttentionLayer(layer)
	must(err)
	nb.Show(all.Grid())

	// %% Arrows: from each token to what it looks at
	//nb:skip weights differ by processor
	nb.Show(all.Heads[head].Arrows())

	// %% HeadView: pick layers, heads and tokens
	//nb:skip weights differ by processor
	view, err := s.HeadView()
	must(err)
	nb.Show(view)

	// %% Spark: a curve in a line
	//nb:mask numbers
	//nb:mask [▁▂▃▄▅▆▇█]+
	nb.Show(picture.Spark{Name: "surprise, nats", Values: surprise})

	// %% Lines: curves over common axes
	// What the heads look at, from the first layer to the last.
	//nb:skip curves differ by processor
	first, near, self := picture.Series{Name: "first token"}, picture.Series{Name: "last 8"}, picture.Series{Name: "itself"}
	for i := range view.Layers {
		l, err := s.AttentionLayer(i)
		must(err)
		var sum [3]float64
		for _, a := range l.Heads {
			f, n, me, _ := a.Share()
			sum[0], sum[1], sum[2] = sum[0]+f, sum[1]+n, sum[2]+me
		}
		heads := float64(len(l.Heads))
		first.Y, near.Y, self.Y = append(first.Y, 100*sum[0]/heads), append(near.Y, 100*sum[1]/heads), append(self.Y, 100*sum[2]/heads)
	}
	nb.Show(picture.Lines{Title: "attention by layer", XName: "layer", YName: "%", Series: []picture.Series{first, near, self}, YMax: 100})

	// %% Logarithmic axes
	// The probabilities of the next token, from the likeliest on.
	//nb:skip curves differ by processor
	next := chances(last)
	slices.Sort(next)
	slices.Reverse(next)
	ranks := picture.Series{Name: "next token"}
	for i, p := range next[:1000] {
		ranks.X, ranks.Y = append(ranks.X, float64(i+1)), append(ranks.Y, p)
	}
	nb.Show(picture.Lines{Title: "probabilities of the 1,000 likeliest tokens", XName: "rank", YName: "probability", Series: []picture.Series{ranks}, LogX: true, LogY: true})

	// %% Bars: values with names
	//nb:skip weights differ by processor
	bars := picture.Bars{Title: fmt.Sprintf("on the first token in layer %d", layer), Name: "%"}
	for _, a := range all.Heads {
		f, _, _, _ := a.Share()
		bars.Labels, bars.Values = append(bars.Labels, fmt.Sprint("head ", a.Head)), append(bars.Values, 100*f)
	}
	nb.Show(bars)

	// %% Histogram: how often
	//nb:skip keys differ by processor
	nb.Show(picture.Histogram("elements of the keys", k.Values, 16))

	// %% As files
	dir, err := os.MkdirTemp("", "pictures")
	must(err)
	must(k.Heat().WritePNG(filepath.Join(dir, "keys.png")))
	must(all.Grid().WriteSVG(filepath.Join(dir, "heads.svg")))
	must(view.WriteHTML(filepath.Join(dir, "view.html")))
	for _, name := range []string{"keys.png", "heads.svg", "view.html"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		must(err)
		fmt.Println(name, "is more than 5,000 bytes:", len(data) > 5000)
	}
	must(os.RemoveAll(dir))

	// %% For a terminal
	// Of a width and a number of colours: 1<<24, 256, 16, or none.
	for _, colors := range []int{0, 16, 256, 1 << 24} {
		lines := strings.Split(all.Heads[head].Terminal(60, colors), "\n")
		fmt.Println(colors, "colours:", strings.Count(lines[len(lines)-2], "\x1b[") > 0)
	}
}
