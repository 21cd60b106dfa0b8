package sample

import (
	"fmt"
	"math"
)

// bias adds to the logits of some tokens; -Inf forbids one.
type bias map[int]float64

func (bias) Name() string { return "logit_bias" }

func (b bias) Apply(c *Candidates) {
	if c.Sorted {
		panic("sample: logit_bias comes first")
	}
	for id, x := range b { // before anything was dropped or sorted, item i is token i
		if id < len(c.Items) {
			c.Items[id].Logit += float32(x)
		}
	}
}

func (b bias) check() error {
	for id, x := range b {
		if id < 0 || math.IsNaN(x) || math.IsInf(x, 1) || math.Abs(x) > 1e6 && !math.IsInf(x, -1) {
			return fmt.Errorf("sample: LogitBias of token %d is %v: it must be a number up to 1e6, or -Inf to forbid the token, of a token from 0 on", id, x)
		}
	}
	return nil
}
