package ops

import (
	"strings"
	"time"

	"loupe/engine/internal/pool"
)

// Profile is where the time of operations went, as the calling thread saw it.
// While one is kept, operations read the clock and the first of each kind
// allocates.
type Profile struct {
	Phases []Phase       // in the order in which they first came
	Wait   time.Duration // with nothing left to do but other threads still at work
	at     map[string]int
	label  map[*Weight]string // of the products whose first weight it is
}

// Phase is one kind of work.
type Phase struct {
	Name  string
	Calls int
	Time  time.Duration // without waiting
}

// StartProfile begins a profile; it ends the one before.
func (c *CPU) StartProfile() {
	c.profile = &Profile{at: map[string]int{}, label: map[*Weight]string{}}
	c.pool.TakeWait(true)
}

// StopProfile ends the profile and gives it, nil if there is none.
func (c *CPU) StopProfile() *Profile {
	p := c.profile
	c.profile = nil
	c.pool.TakeWait(false)
	return p
}

// Spent notes, if there is a profile, that the caller worked since start at
// something that is no operation.
func (c *CPU) Spent(name string, start time.Time) {
	if c.profile != nil {
		c.profile.add(name, time.Since(start))
	}
}

func (p *Profile) add(name string, d time.Duration) {
	i, ok := p.at[name]
	if !ok {
		i = len(p.Phases)
		p.at[name] = i
		p.Phases = append(p.Phases, Phase{Name: name})
	}
	p.Phases[i].Calls++
	p.Phases[i].Time += d
}

// do runs a region.
func (c *CPU) do(t pool.Task, chunks int) {
	if c.profile == nil {
		c.pool.DoOn(t, chunks, c.threads)
		return
	}
	start := time.Now()
	c.pool.DoOn(t, chunks, c.threads)
	took, wait := time.Since(start), c.pool.TakeWait(true)
	c.profile.Wait += wait
	c.profile.add(c.profile.name(t), took-wait)
}

// name says what a task does.
func (p *Profile) name(t pool.Task) string {
	switch t := t.(type) {
	case *matMulTask:
		return p.matMul(t)
	case *attentionTask:
		return "attention"
	case *quantizeTask:
		return "quantise activations"
	case *normTask:
		return "norm"
	case *ropeTask, *ropeHalvesTask:
		return "RoPE"
	case *swiGLUTask:
		return "SwiGLU"
	case *geGLUTask:
		return "GeGLU"
	case *addTask:
		return "residual"
	}
	return "other operations"
}

// matMul is "matmul attn_q attn_k attn_v": the weights without block numbers.
func (p *Profile) matMul(t *matMulTask) string {
	first := t.outs[0].W
	label, ok := p.label[first]
	if !ok {
		label = "matmul"
		for _, o := range t.outs[:t.n] {
			name := strings.TrimSuffix(o.W.Name, ".weight")
			label += " " + name[strings.LastIndexByte(name, '.')+1:]
		}
		p.label[first] = label
	}
	return label
}
