package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"loupe/engine/tables"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"loupe/engine/ops"
)

// Profile is where the time of a call went, phase by phase, as the thread that
// runs the model saw it.
type Profile struct {
	Wall   time.Duration
	Phases []Phase // the longest first; together they are Wall
}

// Phase is one kind of work.
type Phase struct {
	Name  string
	Calls int
	Time  time.Duration
}

// Profile runs f and says where its time went: matrix products by weights,
// attention, norms and the like without what the thread waited for the others
// ("barrier"), sampling, and what is none of these ("outside the operations").
// Everything that the model does meanwhile counts, whoever asks for it. Keeping
// the profile costs about a hundredth of the time.
func (m *Model) Profile(f func() error) (Profile, error) {
	if err := m.profiling(true, nil); err != nil {
		return Profile{}, err
	}
	start := time.Now()
	err := f()
	wall := time.Since(start)
	var kept *ops.Profile
	if stop := m.profiling(false, &kept); err == nil {
		err = stop
	}
	if kept == nil {
		return Profile{}, err
	}
	p := Profile{Wall: wall}
	rest := wall - kept.Wait
	for _, x := range kept.Phases {
		p.Phases = append(p.Phases, Phase(x))
		rest -= x.Time
	}
	p.Phases = append(p.Phases, Phase{Name: "barrier", Time: kept.Wait}, Phase{Name: "outside the operations", Time: rest})
	slices.SortStableFunc(p.Phases, func(a, b Phase) int { return int(b.Time - a.Time) })
	return p, err
}

// profiling begins a profile, or ends it, between two passes.
func (m *Model) profiling(on bool, kept **ops.Profile) error {
	t := m.begin(context.Background())
	defer m.end(t)
	if err := m.take(t); err != nil {
		return err
	}
	defer m.give()
	if !on {
		*kept = m.cpu.StopProfile()
		m.profiled = false
		return nil
	}
	if m.profiled {
		return errors.New("engine: this model's profile is being taken already")
	}
	m.profiled = true
	m.cpu.StartProfile()
	return nil
}

// table has times per call of something that was done so many times, such as a
// token; 0 and 1 show the whole.
func (p Profile) table(times int) table.Writer {
	times = max(times, 1)
	w := tables.New()
	w.AppendHeader(table.Row{"phase", "share", "µs", "calls"})
	row := func(x Phase, calls string) {
		w.AppendRow(table.Row{x.Name, fmt.Sprintf("%.1f %%", 100*float64(x.Time)/float64(max(p.Wall, 1))),
			fmt.Sprintf("%.1f", float64(x.Time.Nanoseconds())/1e3/float64(times)), calls})
	}
	for _, x := range p.Phases {
		calls := ""
		if x.Calls > 0 {
			calls = strings.TrimSuffix(fmt.Sprintf("%.1f", float64(x.Calls)/float64(times)), ".0")
		}
		row(x, calls)
	}
	row(Phase{Name: "all", Time: p.Wall}, "")
	right := func(n int) table.ColumnConfig {
		return table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight}
	}
	w.SetColumnConfigs([]table.ColumnConfig{right(2), right(3), right(4)})
	return w
}

// Per is the profile as a table with times and calls for each of so many things
// that were done, such as tokens.
func (p Profile) Per(n int) string { return p.table(n).Render() }

// String is the profile as a table.
func (p Profile) String() string { return p.Per(1) }

// Display is the table as text, Markdown and HTML.
func (p Profile) Display() map[string]string {
	return map[string]string{
		"text/plain":    p.String(),
		"text/markdown": p.table(1).RenderMarkdown(),
		"text/html":     p.table(1).RenderHTML(),
	}
}
