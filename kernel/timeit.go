package kernel

import (
	"context"
	"fmt"
	"go/parser"
	"slices"
	"strings"
	"time"
)

const (
	timeitRuns = 3                      // measured rounds
	timeitTime = 100 * time.Millisecond // the least that one round takes
	timeitMost = 1 << 26                // runs in one round
)

// timeit runs code often and says what one run of it takes.
func (k *Kernel) timeit(ctx context.Context, c Cell, code string) *Error {
	n, round := 1, time.Duration(0)
	for {
		var err *Error
		if round, err = k.timed(ctx, c, code, n); err != nil {
			return err
		}
		if round >= timeitTime || n >= timeitMost {
			break
		}
		n = min(max(2*n, int(1.2*float64(n)*float64(timeitTime)/float64(max(round, time.Microsecond)))), 100*n, timeitMost)
	}
	rounds := []time.Duration{round}
	for range timeitRuns - 1 {
		if round > 2*time.Second {
			break
		}
		d, err := k.timed(ctx, c, code, n)
		if err != nil {
			return err
		}
		rounds = append(rounds, d)
	}
	slices.Sort(rounds)
	per := func(d time.Duration) string { return perRun(float64(d) / float64(n)) }
	text := fmt.Sprintf("%s a run (best of %d rounds of %d; slowest %s)", per(rounds[0]), len(rounds), n, per(rounds[len(rounds)-1]))
	if len(rounds) == 1 {
		text = fmt.Sprintf("%s a run (%d of them)", per(rounds[0]), n)
	}
	k.text1(text)
	return nil
}

// perRun words a time in nanoseconds.
func perRun(ns float64) string {
	switch {
	case ns < 1e3:
		return fmt.Sprintf("%.0f ns", ns)
	case ns < 1e6:
		return fmt.Sprintf("%.3g µs", ns/1e3)
	case ns < 1e9:
		return fmt.Sprintf("%.3g ms", ns/1e6)
	}
	return fmt.Sprintf("%.3g s", ns/1e9)
}

// timed is what n runs of code take. What the code declares is forgotten.
func (k *Kernel) timed(ctx context.Context, c Cell, code string, n int) (time.Duration, *Error) {
	line, col := max(c.Line, 1), 1
	if i := strings.Index(c.Source, code); i >= 0 {
		line += strings.Count(c.Source[:i], "\n")
		col = i - strings.LastIndexByte(c.Source[:i], '\n')
	}
	inner := Cell{Name: c.Name, File: c.File, Line: c.Line, text: c.Source}
	wrap := func(before string) {
		inner.Source = fmt.Sprintf("for range %d {%s\n//line %s:%d:%d\n%s\n}", n, before, c.name(), line, col, code)
	}
	wrap("")
	p, err := (*prepared)(nil), (*Error)(nil)
	if _, bad := parser.ParseExpr(code); bad == nil {
		wrap("_ =") // a value, unless it is a call without one
		if p, err = k.prepare(ctx, inner); err != nil {
			wrap("")
		}
	}
	if p == nil {
		if p, err = k.prepare(ctx, inner); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	err = k.execute(ctx, c.name(), p.programs, func() {})
	took := time.Since(start)
	k.mu.Lock()
	forget(k.interp, p.dead)
	k.mu.Unlock()
	return took, err
}
