package sample

// temperature divides logits by t. The largest is taken off first, which no
// probability depends on, so that a t near 0 cannot overflow into +Inf.
type temperature struct{ t float64 }

func (temperature) Name() string { return "temperature" }

func (s temperature) Apply(c *Candidates) {
	top := float64(c.Items[c.best()].Logit)
	for i := range c.Items {
		c.Items[i].Logit = float32((float64(c.Items[i].Logit) - top) / s.t)
	}
}
