package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"loupe/engine/gguf"
	"loupe/engine/model"
	"loupe/engine/token"
)

// checked is what `loupe show --check` adds.
type checked struct {
	model.Report
	Seconds float64 `json:"seconds"`
}

// checkModel looks for all that is wrong with a file. What takes over a second shows
// how far it is.
func checkModel(cmd *cobra.Command, f *gguf.File) (*checked, error) {
	line, began := progressLine(cmd), time.Now()
	r, err := model.Check(cmd.Context(), f, runtime.GOMAXPROCS(0), func(done, total int64) {
		if time.Since(began) > time.Second {
			line(barLine(done, total, done, time.Since(began)))
		}
	})
	line("")
	if err != nil {
		return nil, err
	}
	if _, err := token.FromGGUF(f); err != nil {
		r.Problems = append(r.Problems, strings.TrimPrefix(err.Error(), "token: "))
	}
	return &checked{r, time.Since(began).Seconds()}, nil
}

func (c *checked) print(b *strings.Builder) {
	if c == nil {
		return
	}
	fmt.Fprintf(b, "\nchecked: %s tensors, %s values, %.1f s: ", number(int64(c.Tensors)), number(c.Values), c.Seconds)
	switch len(c.Problems) {
	case 0:
		b.WriteString("nothing is wrong\n")
	case 1:
		b.WriteString("1 problem\n")
	default:
		fmt.Fprintf(b, "%d problems\n", len(c.Problems))
	}
	for _, p := range c.Problems {
		fmt.Fprintf(b, "  %s\n", printable(p, 400))
	}
}
