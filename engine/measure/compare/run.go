package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// record is a row of either tool's JSON.
type record struct {
	Commit string  `json:"build_commit"`
	Number int     `json:"build_number"`
	CPU    string  `json:"cpu_info"`
	Type   string  `json:"model_type"`
	Prompt int     `json:"n_prompt"`
	Gen    int     `json:"n_gen"`
	Depth  int     `json:"n_depth"`
	Rate   float64 `json:"avg_ts"`
	// What loupe alone tells.
	Kernels  string  `json:"kernels"`
	ReadRate float64 `json:"memory_read_rate"`
}

// cell is a place in the table: a test, under threads and cache type, of a side.
type cell struct {
	test    test
	threads int
	cache   string
	side    side
}

// comparison is a run at work.
type comparison struct {
	model, llama, loupe string
	rounds              int
	groups              []group
	say                 func(format string, args ...any)

	rates map[cell][]float64 // tokens per second, a round each
	last  map[side]record    // for versions
	reads map[int][]float64  // memory read rates, by threads
	// broken are the sides that fail for a group, with the reason: they are not
	// run again.
	broken map[string]string
}

func newComparison() *comparison {
	return &comparison{rates: map[cell][]float64{}, last: map[side]record{}, reads: map[int][]float64{}, broken: map[string]string{}, say: func(string, ...any) {}}
}

// run does all rounds. When ctx ends first, it returns its error; what was
// measured stays.
func (c *comparison) run(ctx context.Context) error {
	for round := range c.rounds {
		for i, g := range c.groups {
			sides := g.sides()
			if (round+i)%2 == 1 {
				slices.Reverse(sides)
			}
			for _, s := range sides {
				key := g.String() + s.name
				if c.broken[key] != "" {
					continue
				}
				began := time.Now()
				err := c.process(ctx, g, s)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err != nil {
					c.broken[key] = fmt.Sprintf("%s: %s: %v", s.name, g, err)
					c.say("%s", c.broken[key])
					continue
				}
				c.say("round %d of %d: %s: %s: %.0f s", round+1, c.rounds, s.name, g, time.Since(began).Seconds())
			}
		}
	}
	return nil
}

// process runs one tool once. Rows that it prints count, though it may fail.
func (c *comparison) process(ctx context.Context, g group, s side) error {
	args := g.args(c.model, s.flash)
	program := c.llama
	if s == ours {
		program, args = c.loupe, append([]string{"bench"}, args...)
	}
	cmd := newCommand(ctx, program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	found := 0
	lines := bufio.NewScanner(&stdout)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r record
		if e := json.Unmarshal(lines.Bytes(), &r); e != nil {
			return fmt.Errorf("%s printed %.60q: %w", program, lines.Text(), e)
		}
		t := test{r.Prompt, r.Gen, r.Depth}
		if !slices.Contains(g.tests, t) || r.Rate <= 0 {
			return fmt.Errorf("%s printed a row of %s at %v t/s, which nobody asked for", program, t, r.Rate)
		}
		at := cell{t, g.threads, g.cache, s}
		c.rates[at] = append(c.rates[at], r.Rate)
		c.last[s] = r
		if found++; found == 1 && r.ReadRate > 0 {
			c.reads[g.threads] = append(c.reads[g.threads], r.ReadRate)
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, lastLine(stderr.String()))
	}
	if found != len(g.tests) {
		return fmt.Errorf("%s printed %d rows of %d", program, found, len(g.tests))
	}
	return nil
}

// newCommand is a program that the end of ctx interrupts, as Ctrl-C does, and
// kills if it does not end.
func newCommand(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error {
		if err := cmd.Process.Signal(os.Interrupt); err != nil { // Windows has no such signal
			return cmd.Process.Kill()
		}
		return nil
	}
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// lastLine is what a program said at the end.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
