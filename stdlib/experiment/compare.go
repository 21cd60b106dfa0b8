package experiment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"loupe/engine"
	"loupe/engine/chat"
	"loupe/stdlib/nb"
)

// Compare runs a prompt under every setting of a grid, and says what each costs
// and changes. A setting that is refused is a row with the reason.
//
// Settings take turns (A B C, A B C), each run in a session of its own with an
// empty cache, after a short run that is not measured. In the first turn each
// also reads the reference's text once, for its divergence.
//
// The weights are loaded once for each setting, and those of all settings stay
// loaded while they take less than 1 GiB beside the mapped file; otherwise one
// copy is there at a time, loaded anew for each run. Loading is not in the times.
//
// The context is the notebook cell's: Ctrl-C ends it, the comparison so far is
// shown, and comes back beside the context's error.
func Compare(model, prompt string, grid Grid) (*Comparison, error) {
	c, err := CompareContext(nb.Context(), model, prompt, grid)
	if err != nil && c != nil && c.Stopped {
		nb.Show(c) // an interrupted cell gets no further than this call
	}
	return c, err
}

// CompareContext is Compare under ctx. It shows nothing.
func CompareContext(ctx context.Context, model, prompt string, grid Grid) (*Comparison, error) {
	grid, err := grid.check()
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(prompt) == "" {
		return nil, errors.New("experiment: the prompt is empty; give some text")
	}
	if !utf8.ValidString(prompt) {
		return nil, errors.New("experiment: the prompt is not valid UTF-8; convert it, or use strings.ToValidUTF8")
	}
	b := newBench(ctx, model, prompt, grid)
	defer b.unload()
	return b.Comparison, b.run()
}

func newBench(ctx context.Context, model, prompt string, grid Grid) *bench {
	b := &bench{Comparison: &Comparison{Model: model, Prompt: prompt, Grid: grid, Reference: -1}, ctx: ctx, keep: keepBytes}
	for _, cfg := range grid.settings() {
		b.Rows = append(b.Rows, Row{Setting: cfg, Differs: -1})
	}
	b.series = make([]series, len(b.Rows))
	b.models = make([]*engine.Model, len(b.Rows))
	return b
}

// keepBytes is what weights of loaded settings may take together, beside the
// file, before only one of them stays loaded.
const keepBytes = 1 << 30

// bench is a comparison at work.
type bench struct {
	*Comparison
	ctx    context.Context
	keep   int64
	series []series        // of each row
	models []*engine.Model // of each row, nil if it is not loaded
	text   []int           // the reference's, prompt first
	base   *predictions    // of it
}

// series are the measurements of one row.
type series struct{ prompt, gen, ttft []float64 }

func (b *bench) run() error {
	for rep := range b.Grid.Repetitions {
		for i := range b.Rows {
			if b.Rows[i].Err != nil {
				continue
			}
			err := b.one(i, rep)
			if b.ctx.Err() != nil {
				b.Stopped = true
				return b.ctx.Err()
			}
			if err != nil {
				b.Rows[i].Err = err
			}
		}
	}
	if b.Reference < 0 {
		return fmt.Errorf("experiment: none of the %d settings runs; the first one: %w", len(b.Rows), b.Rows[0].Err)
	}
	return nil
}

// one measures row i once.
func (b *bench) one(i, rep int) error {
	m, err := b.load(i)
	if err != nil {
		return err
	}
	ids, err := b.prompt(m)
	if err != nil {
		return err
	}
	b.PromptTokens = len(ids)
	if err := b.warmUp(m, ids); err != nil {
		return err
	}
	r, x := &b.Rows[i], &b.series[i]
	s := m.NewSession()
	defer s.Close()
	out, err := b.generate(s, ids, (rep*len(b.Rows)+i)*b.Grid.Generate.MaxTokens)
	if err != nil {
		return err
	}
	if rep == 0 {
		table := s.Cache()
		r.IDs, r.Text, r.Tokens, r.StopReason = out.ids, out.text, len(out.ids), out.stop
		r.KBytes, r.VBytes = table.KBytes, table.VBytes
		if r.ScoreBytes, err = scoreBytes(m, len(ids)+len(out.ids)); err != nil {
			return err
		}
		s.Close()
		if err := b.judge(i, m, ids); err != nil {
			return err
		}
	} else if !slices.Equal(r.IDs, out.ids) {
		r.Unsteady = true
	}
	x.prompt, x.gen, x.ttft = append(x.prompt, out.promptRate), append(x.gen, out.genRate), append(x.ttft, out.ttft)
	r.PromptRate, r.GenRate, r.TTFT = figure(x.prompt), figure(x.gen), figure(x.ttft)
	b.Runs++
	return nil
}

// load gives the model of row i.
func (b *bench) load(i int) (*engine.Model, error) {
	if m := b.models[i]; m != nil {
		return m, nil
	}
	var weights int64 // of one
	for _, m := range b.models {
		if m != nil {
			weights = m.PackedBytes()
		}
	}
	if weights*int64(len(b.Rows)) > b.keep {
		b.unload()
	}
	m, err := engine.Load(b.Model, b.Rows[i].Setting)
	if err != nil {
		return nil, err
	}
	b.models[i] = m
	set := m.Settings()
	b.Rows[i].Effective, b.Rows[i].Warnings, b.Quantisation = set.LoadConfig, set.Warnings, set.Quantisation
	if b.tokens == nil {
		words := make([]string, m.Vocabulary())
		for id := range words {
			words[id] = m.TokenText(id)
		}
		b.tokens = func(ids []int) string {
			var s strings.Builder
			for _, id := range ids {
				s.WriteString(words[id])
			}
			return s.String()
		}
	}
	return m, nil
}

func (b *bench) unload() {
	for i, m := range b.models {
		if m != nil {
			m.Close()
			b.models[i] = nil
		}
	}
}

// prompt is the prompt as tokens.
func (b *bench) prompt(m *engine.Model) ([]int, error) {
	if b.Grid.Raw {
		return m.Tokenize(b.Prompt), nil
	}
	text, err := m.ChatTemplate([]chat.Message{{Role: "user", Content: b.Prompt}})
	if err != nil {
		return nil, fmt.Errorf("%w; Grid.Raw sends the prompt as it stands", err)
	}
	if id, added := m.BOS(); added { // a template may write it itself
		text = strings.TrimPrefix(text, m.TokenText(id))
	}
	return m.Tokenize(text), nil
}

// warmUp wakes the threads and touches the weights.
func (b *bench) warmUp(m *engine.Model, ids []int) error {
	s := m.NewSession()
	defer s.Close()
	n := min(len(ids), 64, m.Settings().ContextLength-1)
	if _, err := s.EvalContext(b.ctx, ids[:n]); err != nil {
		return err
	}
	_, err := s.EvalContext(b.ctx, ids[:1])
	return err
}

// output is what one run generated.
type output struct {
	ids                       []int
	text                      string
	stop                      engine.StopReason
	promptRate, genRate, ttft float64
}

// generate runs the prompt. done is how many tokens went before, for progress.
func (b *bench) generate(s *engine.Session, ids []int, done int) (output, error) {
	cfg := b.Grid.Generate
	total := len(b.Rows) * b.Grid.Repetitions * cfg.MaxTokens
	seen := 0
	cfg.OnText = func(string) {
		seen++
		nb.Progress("compare", int64(done+min(seen, b.Grid.Generate.MaxTokens)), int64(total), "tokens")
	}
	var out output
	var took float64 // from the first token on
	for {
		reply, err := s.GenerateIDs(b.ctx, append(slices.Clone(ids), out.ids...), cfg)
		if err != nil {
			return out, err
		}
		if st := reply.Stats; out.ids == nil {
			out.promptRate, out.ttft = st.PromptRate(), st.TTFT.Seconds()
		} else {
			took += st.PromptTime.Seconds() // of the end token, which comes like any other
		}
		took += reply.Stats.GenTime.Seconds()
		out.ids, out.stop = append(out.ids, reply.IDs...), reply.Stats.StopReason
		out.text += reply.Text
		cfg.MaxTokens = b.Grid.Generate.MaxTokens - len(out.ids)
		if !b.Grid.PastEnd || out.stop != engine.EOSFound || cfg.MaxTokens == 0 {
			break
		}
		if last := reply.IDs[len(reply.IDs)-1]; last >= 0 {
			out.text += s.Model().TokenText(last)
		}
	}
	if n := len(out.ids) - 1; n > 0 && took > 0 {
		out.genRate = float64(n) / took
	}
	nb.Progress("compare", int64(done+b.Grid.Generate.MaxTokens), int64(total), "tokens")
	return out, nil
}
