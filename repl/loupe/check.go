package main

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"loupe/engine/chat"
	"loupe/engine/gguf"
	"loupe/engine/model"
	"loupe/engine/token"
)

// checked is what `loupe show --check` adds.
type checked struct {
	model.Report
	Seconds float64 `json:"seconds"`
}

// checkModel looks for all that is wrong with a file.
func checkModel(cmd *cobra.Command, f *gguf.File) (*checked, error) {
	bar, began := newWorkBar(cmd), time.Now()
	r, err := model.Check(cmd.Context(), f, runtime.GOMAXPROCS(0), bar.show)
	bar.line("")
	if err != nil {
		return nil, err
	}
	if _, err := token.FromGGUF(f); err != nil {
		r.Problems = append(r.Problems, strings.TrimPrefix(err.Error(), "token: "))
	}
	if err := checkTemplate(f); err != nil {
		r.Problems = append(r.Problems, err.Error())
	}
	return &checked{r, time.Since(began).Seconds()}, nil
}

// checkTemplate reports a chat template that cannot be used. A model without one is
// whole.
func checkTemplate(f *gguf.File) error {
	const key = "tokenizer.chat_template"
	source, ok, err := f.Text(key)
	if !ok || err != nil {
		return err
	}
	if _, err := chat.Parse(source); err != nil && !errors.Is(err, chat.ErrNoTemplate) {
		return fmt.Errorf("%s: %s", key, strings.TrimPrefix(err.Error(), "chat: "))
	}
	return nil
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
