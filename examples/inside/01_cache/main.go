// The K/V cache as a value: its cells, keys and values as matrices, the bytes of one
// cell, selections and files. Run it with
//
//	go run ./repl/loupe run examples/inside/01_cache/main.go
//	go run ./examples/inside/01_cache
//
// "-p model=smollm2" behind run takes another model.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"loupe/engine"
	"loupe/stdlib/nb"
)

// must ends the program when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	// %% parameters
	model, text := "lesson", "Once there was a rabbit who lived under the old mill. The rabbit had a red key."

	// %% A model that stores keys in q8_0 and values in f16
	m, err := engine.Load(model, engine.LoadConfig{Threads: 1, KCacheType: engine.Q8_0})
	must(err)
	s := m.NewSession()
	_, err = s.Eval(m.Tokenize(text))
	must(err)
	fmt.Println(s.Len(), "tokens were read")

	// %% Which token sits in which cell, and what it costs
	nb.Show(s.Cache())
	nb.Show(s.Cache().ByLayer) // what each layer takes

	// %% The keys of one head
	// A row for each cell: what is stored, dequantised.
	k, err := s.K(0, 0)
	must(err)
	nb.Show(k)

	// %% Before RoPE
	// The same keys with their positions taken out: now the rows of one token are alike.
	raw, err := s.RawK(0, 0)
	must(err)
	a, b := k.Tokens(" rabbit"), raw.Tokens(" rabbit")
	fmt.Printf("two rabbits, at positions %v: their keys differ by %.2f with RoPE, by %.2f without\n", a.Positions, distance(a.Row(0), a.Row(1)), distance(b.Row(0), b.Row(1)))

	// %% Cells by position, by text, and by head
	c := s.Cache()
	nb.Show(c.Tokens(" rabbit"))
	v, err := c.Between(2, 6).V(0, 0)
	must(err)
	fmt.Printf("%d values of %d elements: %q\n", v.Rows, v.Cols, v.Labels)

	// %% One cell as it lies in memory
	// The 34 bytes of 32 elements of q8_0 taken apart into a scale and quants.
	cell, err := c.Stored(0, 3)
	must(err)
	nb.Show(cell)
	block, head := cell.K[0].Blocks[0], cell.K[0]
	fmt.Println(len(head.Bytes), "bytes; scale times quant is the value:", block.Scale*float32(block.Quants[5]) == head.Values[5])

	// %% Files for other programs
	dir, err := os.MkdirTemp("", "inside")
	must(err)
	must(k.WriteNPY(filepath.Join(dir, "k.npy")))
	must(v.WriteCSV(filepath.Join(dir, "v.csv")))
	files, err := os.ReadDir(dir)
	must(err)
	for _, f := range files {
		info, err := f.Info()
		must(err)
		fmt.Println(f.Name(), info.Size() > int64(k.Rows))
	}
	must(os.RemoveAll(dir))
	must(m.Close())
}

// distance is the mean difference of two rows.
func distance(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += max(float64(a[i]-b[i]), float64(b[i]-a[i]))
	}
	return sum / float64(len(a))
}
