package chain

import (
	"context"
	"fmt"
	"html"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"loupe/engine"
	"loupe/stdlib/nb"
)

// Span is a figure from low to high; what happened has both the same. What nobody
// knows is not a number.
type Span struct{ Low, High float64 }

var unknown = Span{math.NaN(), math.NaN()}

func (s Span) known() bool { return !math.IsNaN(s.Low + s.High) }

// Row is the account of the steps of one name, or of all. A run's leaves out
// what came from the journal, which cost nothing.
type Row struct {
	Step            string
	Calls           Span // answers drawn
	PromptTokens    Span
	ReusedTokens    Span // of these, found in the cache
	GeneratedTokens Span
	Batched         Span    // of these, decoded together with other steps
	Seconds         Span    // what ran together has its share; of a Runner of its own: of all calls, also at once
	TTFT            float64 // mean, in seconds; 0 in a plan
	Refused         int     // answers that Check refused
	Resumed         int     // answers from the journal
}

// Account is what a chain costs, by step: planned, or as it happened.
type Account struct {
	Rows      []Row
	Total     Row
	PeakBytes Span     // most that cells of the cache took at once; memory is taken in pages, so a little more
	Together  int      // most steps that decoded together; 0: not known
	Wall      float64  // seconds of the whole run; 0 in a plan
	Problems  []string // what will not fit, or failed
	Unknown   []string // what a plan does not count
	Planned   *Account // beside what happened: the plan, if one was made
	Saved     float64  // seconds that the reused tokens would have taken to read, about; 0 in a plan
}

// Plan is an account from before.
type Plan struct {
	Account
	docs  []Document
	steps int // how many there are at most
}

// Plan says what the work on these documents will take. It counts every token
// that is known, and takes answers to be from one token to MaxTokens long; those
// that the Journal holds are known. No step runs; if none has yet, Plan reads a
// few hundred tokens to know the model's speed.
//
// An error of the work itself comes back beside the plan up to there.
func (c *Chain) Plan(docs ...Document) (*Plan, error) { return c.PlanContext(nb.Context(), docs...) }

// PlanContext is Plan under ctx.
func (c *Chain) PlanContext(ctx context.Context, docs ...Document) (*Plan, error) {
	first, err := c.newRun(ctx, docs)
	if err != nil {
		return nil, err
	}
	if c.Model != nil {
		if err := c.rates.measure(ctx, c.Model, first.waves.most); err != nil {
			return nil, err
		}
	}
	var journal *journal
	if _, err := os.Stat(c.Journal); c.Journal != "" && err == nil {
		if journal, err = openJournal(ctx, c.Journal, c.Model, first.about); err != nil {
			return nil, err
		}
		defer journal.close()
	}
	var passes [2]*Run
	var failed error
	words := units(c.Model)
	for i := range passes {
		r := first
		if i == 1 && c.Runner != nil { // nothing is asked of it twice
			r = &Run{Docs: docs, chain: c, ctx: ctx, start: time.Now(), about: first.about, context: first.context}
		} else if i == 1 {
			r, _ = c.newRun(ctx, docs)
		}
		r.dry = &dry{about: r.about, waves: r.waves, units: words, high: i == 1, overflow: map[string]*overflow{}}
		r.runner, r.journal = r.dry, journal
		if err := c.Do(r); err != nil && failed == nil {
			failed = err
		}
		passes[i] = r
	}
	p := &Plan{docs: slices.Clone(docs), steps: len(passes[1].Results)}
	low, high := passes[0].tally(), passes[1].tally()
	p.Total = c.between(low.Total, high.Total)
	for _, row := range high.Rows {
		other := Row{}
		for _, l := range low.Rows {
			if l.Step == row.Step {
				other = l
			}
		}
		p.Rows = append(p.Rows, c.between(other, row))
	}
	p.PeakBytes, p.Together = span(low.PeakBytes, high.PeakBytes), max(low.Together, high.Together)
	p.Problems, p.Unknown = problems(passes[0].dry, passes[1].dry), passes[1].dry.unknown
	if c.Runner != nil {
		p.Unknown = append(p.Unknown, c.cannotKnow(first.about, p)...)
	}
	if failed == nil {
		c.plan = p
	}
	return p, failed
}

// between is a row of a plan, from its two passes.
func (c *Chain) between(low, high Row) Row {
	read := span(minus(low), minus(high))
	r := Row{Step: high.Step, Calls: span(low.Calls, high.Calls), PromptTokens: span(low.PromptTokens, high.PromptTokens),
		ReusedTokens: span(low.ReusedTokens, high.ReusedTokens), GeneratedTokens: span(low.GeneratedTokens, high.GeneratedTokens),
		Batched: span(low.Batched, high.Batched), Resumed: min(low.Resumed, high.Resumed)}
	r.Seconds = c.rates.seconds(read, r.GeneratedTokens, r.Batched)
	return r
}

// cannotKnow says what a plan for a Runner leaves open.
func (c *Chain) cannotKnow(about About, p *Plan) []string {
	what := []string{"what its cache holds"}
	if about.Reader == nil {
		what = append([]string{"how many tokens its prompts have"}, what...)
	}
	if about.ContextLength == 0 {
		what = append(what, "how long its context is")
	}
	if !p.Total.Seconds.known() {
		what = append(what, "how fast it is")
	}
	return []string{fmt.Sprintf("%s: what a plan cannot know: %s", about.Model, strings.Join(what, ", "))}
}

// minus is how many tokens a row has to read.
func minus(r Row) Span {
	return Span{r.PromptTokens.Low - r.ReusedTokens.Low, r.PromptTokens.High - r.ReusedTokens.High}
}

func span(a, b Span) Span { return Span{min(a.Low, b.Low), max(a.High, b.High)} }

func (s *Span) add(x float64) { s.Low, s.High = s.Low+x, s.High+x }

// Account is what the steps so far have cost, beside the plan if one was made of
// the same documents before this run.
func (r *Run) Account() *Account {
	a := r.tally()
	a.Wall = r.seconds
	if a.Wall == 0 {
		a.Wall = time.Since(r.start).Seconds()
	}
	if r.plan != nil {
		a.Planned = &r.plan.Account
	}
	for _, x := range r.Results {
		if x.Err != nil {
			a.Problems = append(a.Problems, strings.TrimPrefix(x.Err.Error(), "chain: "))
		}
	}
	return a
}

// tally counts results.
func (r *Run) tally() *Account {
	a := &Account{Total: Row{Step: "all"}}
	at := map[string]int{}
	var read, reading float64
	blind := 0
	for _, x := range r.Results {
		i, ok := at[x.Step]
		if !ok {
			i = len(a.Rows)
			at[x.Step] = i
			a.Rows = append(a.Rows, Row{Step: x.Step})
		}
		for _, row := range []*Row{&a.Rows[i], &a.Total} {
			for _, c := range x.Calls {
				row.count(c)
			}
		}
		for _, c := range x.Calls {
			if c.blind && !c.Resumed {
				blind++
			} else if !c.Resumed {
				read, reading = read+float64(c.Stats.EvaluatedTokens), reading+c.Stats.PromptTime.Seconds()
			}
		}
	}
	for i := range a.Rows {
		a.Rows[i].mean()
	}
	a.Total.mean()
	if read > 0 {
		a.Saved = a.Total.ReusedTokens.High * reading / read
	}
	if blind > 0 && !r.Planning() {
		a.Unknown = append(a.Unknown, fmt.Sprintf("%d of %s answers came without token counts", blind, a.Total.Calls.tokens()))
	}
	if a.PeakBytes = unknown; r.waves != nil {
		bytes := float64(r.waves.cache.peak) * float64(r.waves.cellBytes)
		a.PeakBytes, a.Together = Span{bytes, bytes}, r.waves.widest
	}
	return a
}

func (w *Row) count(c Call) {
	if c.Refused != "" {
		w.Refused++
	}
	if c.Resumed {
		w.Resumed++
		return
	}
	w.Calls.add(1)
	if c.blind {
		w.PromptTokens, w.ReusedTokens = unknown, unknown
	}
	if c.Stats.GeneratedTokens == 0 { // a server that does not count
		w.GeneratedTokens = unknown
	}
	w.PromptTokens.add(float64(c.Stats.PromptTokens))
	w.ReusedTokens.add(float64(c.Stats.ReusedTokens))
	w.GeneratedTokens.add(float64(c.Stats.GeneratedTokens))
	if c.Stats.Batch > 1 {
		w.Batched.add(float64(c.Stats.GeneratedTokens))
	}
	w.Seconds.add((c.Stats.PromptTime + c.Stats.GenShare()).Seconds())
	w.TTFT += c.Stats.TTFT.Seconds() // a sum until mean
}

func (w *Row) mean() {
	if w.Calls.High > 0 {
		w.TTFT /= w.Calls.High
	}
}

func (s Span) tokens() string {
	if !s.known() {
		return "?"
	}
	if low, high := thousands(s.Low), thousands(s.High); low != high {
		return low + " - " + high
	}
	return thousands(s.High)
}

func (s Span) seconds() string {
	if !s.known() {
		return "?"
	}
	if s.Low != s.High {
		return duration(s.Low) + " - " + duration(s.High)
	}
	return duration(s.High)
}

func (s Span) size() string {
	if low, high := engine.Size(int64(s.Low)), engine.Size(int64(s.High)); low != high {
		return low + " - " + high
	}
	return engine.Size(int64(s.High))
}

// duration is a time in the units that people read.
func duration(s float64) string {
	switch {
	case s == 0:
		return "0 s"
	case s < 0.01:
		return fmt.Sprintf("%.1f ms", s*1000)
	case s < 1:
		return fmt.Sprintf("%.0f ms", s*1000)
	case s < 100:
		return fmt.Sprintf("%.1f s", s)
	}
	return time.Duration(s * float64(time.Second)).Round(time.Second).String()
}

// thousands writes a number with commas: 10,240.
func thousands(x float64) string {
	s := strconv.FormatFloat(x, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// build lays the table out. Times stand at the end of a line without a border,
// in a column of fixed width, so that runs differ in nothing but their digits.
func (a *Account) build() table.Writer {
	style := table.StyleLight
	style.Format.Header, style.Format.Footer = text.FormatDefault, text.FormatDefault
	style.Options.DrawBorder = false
	w := table.NewWriter()
	w.SetStyle(style)
	w.SuppressTrailingSpaces()
	ran := a.Wall > 0
	times := "time"
	if ran {
		times = "time, mean TTFT"
	}
	w.AppendHeader(table.Row{"step", "calls", "prompt tok", "reused", "generated", fmt.Sprintf("%-24s", times)})
	line := func(r Row, name string, ran bool) table.Row {
		times := r.Seconds.seconds()
		if ran && r.TTFT == 0 && r.Calls.High > 0 {
			times += ", ?" // of an answer that did not stream
		} else if ran {
			times += ", " + duration(r.TTFT)
		}
		return table.Row{name, r.Calls.tokens(), r.PromptTokens.tokens(), r.ReusedTokens.tokens(), r.GeneratedTokens.tokens(), times}
	}
	add := func(planned []Row, r Row) {
		for _, p := range planned {
			if p.Step == r.Step {
				w.AppendRow(line(p, r.Step+", planned", false))
			}
		}
		w.AppendRow(line(r, r.Step, ran))
	}
	var rows, total []Row
	if a.Planned != nil {
		rows, total = a.Planned.Rows, []Row{a.Planned.Total}
	}
	for _, r := range a.Rows {
		add(rows, r)
	}
	w.AppendSeparator()
	add(total, a.Total)
	return w
}

// Summary is one line: "9 calls · 2,449 prompt tok, 16 reused · 28 generated · 337 ms".
func (a *Account) Summary() string {
	t := a.Total
	s := fmt.Sprintf("%s calls · %s prompt tok, %s reused · %s generated · %s",
		t.Calls.tokens(), t.PromptTokens.tokens(), t.ReusedTokens.tokens(), t.GeneratedTokens.tokens(), t.Seconds.seconds())
	if t.Resumed > 0 {
		s += fmt.Sprintf(" · %d from the journal", t.Resumed)
	}
	return s
}

// notes are the lines below the table.
func (a *Account) notes() []string {
	var n []string
	if a.PeakBytes.known() {
		peak := "cache at most " + a.PeakBytes.size()
		if a.Planned != nil && a.Planned.PeakBytes.known() {
			peak += ", planned " + a.Planned.PeakBytes.size()
		}
		n = append(n, peak)
	}
	if a.Together > 1 {
		n = append(n, fmt.Sprintf("up to %d steps decode together", a.Together))
	}
	if t := a.Total; t.ReusedTokens.High > 0 {
		s := fmt.Sprintf("reused %s of %s prompt tokens", t.ReusedTokens.tokens(), t.PromptTokens.tokens())
		if a.Saved > 0 {
			s += ", which saved about " + duration(a.Saved)
		}
		n = append(n, s)
	}
	if a.Total.Refused > 0 {
		n = append(n, fmt.Sprintf("%d answers were refused by a check", a.Total.Refused))
	}
	if a.Total.Resumed > 0 {
		n = append(n, fmt.Sprintf("%d answers came from the journal", a.Total.Resumed))
	}
	return append(append(n, a.Problems...), a.Unknown...)
}

// String is the table as text.
func (a *Account) String() string { return a.build().Render() + "\n" + strings.Join(a.notes(), "\n") }

// Display is the table as text, Markdown and HTML.
func (a *Account) Display() map[string]string {
	notes := a.notes()
	var list strings.Builder
	for _, n := range notes {
		list.WriteString("<li>" + html.EscapeString(n) + "</li>")
	}
	return map[string]string{
		"text/plain":    a.String(),
		"text/markdown": a.build().RenderMarkdown() + "\n\n- " + strings.Join(notes, "\n- "),
		"text/html":     a.build().RenderHTML() + "<ul>" + list.String() + "</ul>",
	}
}
