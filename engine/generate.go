package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"loupe/engine/grammar"
	"loupe/engine/kvcache"
	"loupe/engine/sample"
	"loupe/engine/token"
)

// GenerateConfig are the settings of one generation, under LM Studio's names.
// The zero value generates greedily, without penalties, until the model ends or
// the context is full: the same text every time.
type GenerateConfig struct {
	MaxTokens        int             // 0: until the model ends or the context is full
	Stop             []string        // the text ends before the first of these
	Temperature      float64         // 0: greedy, the likeliest token always
	TopK             int             // keep the k likeliest tokens; 0: all
	TopP             float64         // keep the likeliest tokens that together reach p; 0 or 1: all
	MinP             float64         // keep tokens at least this fraction as likely as the likeliest; 0: all
	Typical          float64         // keep the tokens whose information is nearest to the entropy, up to this probability; 0 or 1: all
	XTCProbability   float64         // how often the likeliest tokens are taken out; 0: never
	XTCThreshold     float64         // the probability from which a token is one of them; 0: 0.1
	TailFree         float64         // drop the tokens after which probabilities bend no more, keeping this part of the bend; 0 or 1: all
	Mirostat         int             // 1 or 2: keep the surprise of the text around MirostatTau, instead of TopK and the others; 0: off
	MirostatTau      float64         // in bits a token; 0: 5
	MirostatEta      float64         // how fast Mirostat learns; 0: 0.1
	LogitBias        map[int]float64 // added to the logits of these ids; -Inf forbids one
	RepeatPenalty    float64         // divides the logits of recent tokens; 0 or 1: none
	FrequencyPenalty float64         // taken from the logit per recent occurrence
	PresencePenalty  float64         // taken from the logit if it occurred recently
	RepeatLastN      int             // how many recent tokens the penalties see; 0: 64, -1: all
	Seed             uint64          // of the random choice; the same seed gives the same text
	// ContextOverflowPolicy says what to do when the context is full. KeepTokens is
	// how many of the first tokens RollingWindow keeps; 0: 4.
	ContextOverflowPolicy ContextOverflowPolicy
	KeepTokens            int
	// Grammar is what the text must be, in GBNF, llama.cpp's form of grammars; ""
	// is anything. JSONSchema is the same as a JSON schema; it takes the place of
	// Grammar. Either way the text always ends as the grammar says, also where MaxTokens
	// or the context ends it: the last tokens are then spent on closing what is open.
	// Only Stop cuts it anywhere.
	Grammar    string `json:",omitempty"`
	JSONSchema string `json:",omitempty"`
	// OnText gets the text as it comes, whole characters only. It runs on the
	// calling goroutine while the session is at work: it must not call methods
	// of that session, which would wait for ever.
	OnText func(s string)
	// OnPromptProgress hears how far the prompt is: before the first physical batch and
	// after each. What is true of OnText is true of it.
	OnPromptProgress func(p PromptProgress) `json:"-"`
	// TopLogits asks for the n best logits and the log-sum-exp of every step.
	TopLogits int
	// NoCache reads all tokens anew for each one that is generated, as a model without
	// a K/V cache has to (use_cache=False in Hugging Face's generate): the baseline that
	// a cache is measured against. Stats.TokenPasses counts what that takes.
	NoCache bool `json:",omitempty"`
}

// Reply is what one generation produced.
type Reply struct {
	Text      string // without special tokens and without the stop string
	PromptIDs []int  // the prompt as tokens
	IDs       []int  // the tokens sampled, a closing end-of-generation token included
	// Times are when each of IDs was known, from the call's turn on the session: the
	// first is TTFT, and two differ by what the token between them took.
	Times []time.Duration `json:"-"`
	Steps []Step          // one for each of IDs, if TopLogits asked for them
	Stats Stats
}

// Step is what the model offered at one step.
type Step struct {
	ID        int          // the token chosen
	Top       []TokenLogit // the best logits, best first, before any sampler
	LogSumExp float64      // of all logits: logit - LogSumExp is a log-probability
}

// TokenLogit is a token with its logit.
type TokenLogit struct {
	ID    int
	Logit float32
}

// String is the text.
func (r *Reply) String() string { return r.Text }

// Generate continues prompt. The prompt is the whole text: what it shares with
// the cache is reused (Stats.ReusedTokens says how much), the rest of the cache
// is dropped.
//
// When the context of the call ends first, Generate returns both the reply so
// far, with StopReason UserStopped, and the context's error.
func (s *Session) Generate(prompt string, cfg ...GenerateConfig) (*Reply, error) {
	return s.GenerateContext(hostContext(), prompt, cfg...)
}

// GenerateContext is Generate under ctx.
func (s *Session) GenerateContext(ctx context.Context, prompt string, cfg ...GenerateConfig) (*Reply, error) {
	if i := invalidUTF8(prompt); i >= 0 {
		return nil, &Utf8Error{i}
	}
	return s.GenerateIDs(ctx, s.model.Tokenize(prompt), cfg...)
}

// GenerateIDs is GenerateContext with the prompt as tokens.
func (s *Session) GenerateIDs(ctx context.Context, ids []int, cfg ...GenerateConfig) (*Reply, error) {
	if err := s.mu.LockContext(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	return s.generate(ctx, ids, cfg, false)
}

// Continue generates on from what the cache holds, however that came about: after
// Remove, Drop and the like, from what these left. The prompt of the reply is the
// tokens in the cache; the last of them is read again.
func (s *Session) Continue(cfg ...GenerateConfig) (*Reply, error) {
	return s.ContinueContext(hostContext(), cfg...)
}

// ContinueContext is Continue under ctx.
func (s *Session) ContinueContext(ctx context.Context, cfg ...GenerateConfig) (*Reply, error) {
	if err := s.mu.LockContext(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	ids := make([]int, s.seq.Len())
	for i, c := range s.seq.Cells() {
		ids[i] = c.Token
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("engine: Continue: the session has read nothing yet; Generate or Eval first")
	}
	if len(cfg) > 0 && cfg[0].NoCache {
		return nil, fmt.Errorf("engine: Continue: NoCache reads everything anew, and what the cache holds would be lost; use Generate")
	}
	return s.generate(ctx, ids, cfg, true)
}

// generate is GenerateIDs in a locked session, or, asItIs, Continue.
func (s *Session) generate(ctx context.Context, ids []int, cfg []GenerateConfig, asItIs bool) (*Reply, error) {
	var c GenerateConfig
	switch len(cfg) {
	case 0:
	case 1:
		c = cfg[0]
	default:
		return nil, fmt.Errorf("engine: %d GenerateConfigs given; one is enough", len(cfg))
	}
	g, err := s.newGeneration(ctx, ids, c)
	if over := (*ContextError)(nil); errors.As(err, &over) && c.ContextOverflowPolicy == StopAtLimit {
		g.reply.Stats.StopReason = ContextLengthReached
		return g.reply, nil
	}
	if err != nil {
		return nil, err
	}
	if g.asItIs = asItIs; asItIs && len(g.prompt) < len(ids) {
		return nil, &ContextError{PromptTokens: len(ids), ContextLength: s.model.cfg.ContextLength}
	}
	return g.run()
}

// slowPrompt is when the host begins to hear of a short prompt, too.
const slowPrompt = 250 * time.Millisecond

// generation is one call of Generate at work.
type generation struct {
	s       *Session
	ctx     context.Context
	cfg     GenerateConfig
	chain   *sample.Chain
	stopper *sample.Stopper
	form    *grammar.Matcher // what the text must be, or nil
	stream  *token.Stream
	emit    func(string)
	reply   *Reply
	prompt  []int // what is read of PromptIDs
	asItIs  bool  // that is in the cache, whatever stands there
	anew    int   // what the session had reread before
	text    []byte
	start   time.Time
	first   time.Time // when the first token was known
	next    int       // the token chosen last
	reread  int       // tokens read anew for NoCache
}

func (s *Session) newGeneration(ctx context.Context, ids []int, cfg GenerateConfig) (*generation, error) {
	m := s.model
	if m.closed.Load() {
		return nil, ErrClosed
	}
	chain, stopper, err := cfg.build()
	if err != nil {
		return nil, err
	}
	if err := m.checkIDs(ids); err != nil {
		return nil, err
	}
	emit := cfg.OnText
	if emit == nil {
		emit = hostText()
	}
	g := &generation{
		s: s, ctx: ctx, cfg: cfg, chain: chain, stopper: stopper, stream: m.tok.NewStream(), emit: emit,
		reply: &Reply{PromptIDs: slices.Clone(ids), Stats: Stats{PromptTokens: len(ids), ContextLength: m.cfg.ContextLength}},
	}
	if g.prompt, err = g.fit(g.reply.PromptIDs); err != nil {
		return g, err
	}
	return g, g.constrain()
}

// Check refuses settings that cannot be used, as Generate does.
func (cfg GenerateConfig) Check() error {
	if _, _, err := cfg.build(); err != nil {
		return err
	}
	_, err := cfg.grammar()
	return err
}

// build makes what the settings ask for.
func (cfg GenerateConfig) build() (*sample.Chain, *sample.Stopper, error) {
	for _, x := range []struct {
		name    string
		value   int
		max     int
		allowed string
	}{
		{"MaxTokens", cfg.MaxTokens, math.MaxInt32, "or 0 for no limit"},
		{"KeepTokens", cfg.KeepTokens, maxContext, "or 0 for 4"},
		{"TopLogits", cfg.TopLogits, maxContext, "or 0 for none"},
		{"TopK", cfg.TopK, math.MaxInt32, "or 0 for all"},
	} {
		if x.value < 0 || x.value > x.max {
			return nil, nil, &SettingError{x.name, fmt.Sprint(x.value), fmt.Sprintf("from 1 to %d, %s", x.max, x.allowed)}
		}
	}
	// Past these, logits leave the range of float32.
	for _, x := range []struct {
		name     string
		value    float64
		min, max float64
		off      string
	}{
		{"Temperature", cfg.Temperature, -1e3, 1e3, "0 or less is greedy"},
		{"RepeatPenalty", cfg.RepeatPenalty, 0, 1e3, "0 or 1 is off"},
		{"FrequencyPenalty", cfg.FrequencyPenalty, -1e3, 1e3, "0 is off"},
		{"PresencePenalty", cfg.PresencePenalty, -1e3, 1e3, "0 is off"},
	} {
		if !(x.value >= x.min && x.value <= x.max) {
			return nil, nil, &SettingError{x.name, fmt.Sprint(x.value), fmt.Sprintf("from %g to %g; %s", x.min, x.max, x.off)}
		}
	}
	if cfg.RepeatLastN < -1 || cfg.RepeatLastN > maxContext {
		return nil, nil, &SettingError{"RepeatLastN", fmt.Sprint(cfg.RepeatLastN), fmt.Sprintf("from 1 to %d, 0 for 64, or -1 for all", maxContext)}
	}
	if err := cfg.ContextOverflowPolicy.check(); err != nil {
		return nil, nil, err
	}
	chain, err := sample.New(sample.Config{
		Temperature: cfg.Temperature, TopK: cfg.TopK, TopP: cfg.TopP, MinP: cfg.MinP,
		Typical: cfg.Typical, XTCProbability: cfg.XTCProbability, XTCThreshold: cfg.XTCThreshold, LogitBias: cfg.LogitBias,
		RepeatPenalty: cfg.RepeatPenalty, FrequencyPenalty: cfg.FrequencyPenalty, PresencePenalty: cfg.PresencePenalty,
		RepeatLastN: cfg.RepeatLastN, Seed: cfg.Seed,
		TailFree: cfg.TailFree, Mirostat: cfg.Mirostat, MirostatTau: cfg.MirostatTau, MirostatEta: cfg.MirostatEta,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("engine: %w", err)
	}
	stopper, err := sample.NewStopper(cfg.Stop)
	if err != nil {
		return nil, nil, fmt.Errorf("engine: %w", err)
	}
	return chain, stopper, nil
}

// run reads the prompt and generates.
func (g *generation) run() (*Reply, error) {
	t := g.s.model.begin(g.ctx)
	defer g.s.model.end(t)
	err := g.read(t)
	if err == nil {
		err = g.loop(t)
	}
	return g.finish(err)
}

// read reads the prompt and chooses the first token.
func (g *generation) read(t *turn) error {
	m, seq, st := g.s.model, g.s.seq, &g.reply.Stats
	g.start, g.anew = time.Now(), g.s.reread

	ids, same := g.prompt, 0
	if g.asItIs {
		st.ReusedTokens = len(ids) - 1
		seq.Skip(seq.Cells()[len(ids)-1].Pos)
	} else if m.cfg.ReusePrefix == On && !g.cfg.NoCache {
		// Past a gap that Remove left, cells are not what reading ids would make.
		for i := 0; i < min(seq.Len(), len(ids)-1) && seq.Cells()[i] == (kvcache.Cell{Pos: i, Token: ids[i]}); i++ {
			same++
		}
		st.ReusedTokens = seq.WholeAt(same)
		st.WindowTokens = same - st.ReusedTokens
	}
	if !g.asItIs {
		g.noteDifference(ids, same)
	}
	seq.Truncate(st.ReusedTokens)
	for _, id := range ids {
		g.chain.Accept(id)
	}

	rest := ids[st.ReusedTokens:]
	report := func(done int, part float64) {
		if len(rest) > m.cfg.EvalBatchSize || time.Since(g.start) > slowPrompt {
			hostProgress("prompt", done+int(part), len(rest))
		}
		if part == 0 && g.cfg.OnPromptProgress != nil {
			g.cfg.OnPromptProgress(newPromptProgress(st, done, time.Since(g.start)))
		}
	}
	err := g.s.read(t, rest, report, func(from, n int) (err error) {
		if from+n == len(rest) {
			err = g.choose(n - 1)
		}
		return err
	})
	g.first = time.Now()
	st.PromptTime = g.first.Sub(g.start)
	st.EvaluatedTokens = seq.Len() - st.ReusedTokens
	if d := st.Differs; d != nil && st.EvaluatedTokens > 0 {
		d.Cost = st.PromptTime * time.Duration(min(d.Lost, st.EvaluatedTokens)) / time.Duration(st.EvaluatedTokens)
	}
	if err == nil {
		st.TTFT = st.PromptTime
	}
	return err
}

// loop takes chosen tokens until something ends the generation.
func (g *generation) loop(t *turn) error {
	one := make([]int, 1)
	for !g.accept() {
		if err := g.room(t); err != nil {
			return err
		}
		one[0] = g.next
		if g.cfg.NoCache {
			if err := g.readAll(t); err != nil {
				return err
			}
			continue
		}
		if err := g.s.pass(t, one, nil, func() error { return g.choose(0) }); err != nil {
			return err
		}
	}
	return nil
}

// readAll reads all tokens and the chosen one anew, and chooses the next.
func (g *generation) readAll(t *turn) error {
	var ids []int
	for _, c := range g.s.seq.Cells() {
		ids = append(ids, c.Token)
	}
	ids = append(ids, g.next)
	g.s.seq.Truncate(0)
	g.reread += len(ids)
	return g.s.read(t, ids, nil, func(from, n int) error {
		if from+n < len(ids) {
			return nil
		}
		return g.choose(n - 1)
	})
}

// accept takes the chosen token and reports whether the generation ends with it.
func (g *generation) accept() (over bool) {
	m, st := g.s.model, &g.reply.Stats
	g.reply.IDs = append(g.reply.IDs, g.next)
	st.GenTime = time.Since(g.first)
	g.reply.Times = append(g.reply.Times, time.Since(g.start))
	if m.tok.IsEOG(g.next) {
		st.StopReason = EOSFound
		return true
	}
	g.chain.Accept(g.next)
	text, stopped, which := g.stopper.Push(g.stream.Push(g.next))
	g.put(text)
	switch {
	case g.formEnded():
		st.StopReason = EOSFound
	case stopped:
		st.StopReason, st.StopString = StopStringFound, which
	case len(g.reply.IDs) == g.cfg.MaxTokens:
		st.StopReason = MaxPredictedTokensReached
	case g.full() && !g.cfg.ContextOverflowPolicy.shifts():
		st.StopReason = ContextLengthReached
	default:
		return false
	}
	return true
}

func (g *generation) full() bool { return g.s.seq.Len() == g.s.model.cfg.ContextLength }

// room makes room for one more token, where the policy drops some for it.
func (g *generation) room(t *turn) error {
	if !g.full() {
		return nil
	}
	return g.shift(t)
}

// choose samples the token after token i of the last batch. The model's turn
// is held.
func (g *generation) choose(i int) error {
	m := g.s.model
	logits := m.known(m.pass.Logits(i, 1))
	if m.cpu.Canceled() {
		return g.ctx.Err()
	}
	return g.pick(logits)
}

// pick samples a token.
func (g *generation) pick(logits []float32) error {
	m := g.s.model
	start := time.Now()
	id, err := g.sample(logits)
	m.cpu.Spent("sampling", start)
	if err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	if g.cfg.TopLogits > 0 {
		g.reply.Steps = append(g.reply.Steps, newStep(id, logits, g.cfg.TopLogits))
	}
	g.next = id
	return nil
}

func (g *generation) put(text string) {
	if text == "" {
		return
	}
	g.text = append(g.text, text...)
	if g.emit != nil {
		g.emit(text)
	}
}

// finish completes the reply.
func (g *generation) finish(err error) (*Reply, error) {
	st := &g.reply.Stats
	if err != nil && !errors.Is(err, g.ctx.Err()) {
		return nil, err
	}
	if err != nil {
		st.StopReason = UserStopped
	}
	if st.StopReason != StopStringFound {
		text, stopped, which := g.stopper.Push(g.stream.Flush())
		g.put(text)
		if stopped {
			st.StopReason, st.StopString = StopStringFound, which
		} else {
			g.put(g.stopper.Flush())
		}
	}
	g.reply.Text = string(g.text)
	st.GeneratedTokens = len(g.reply.IDs)
	st.RereadTokens += g.s.reread - g.anew
	if st.TokenPasses = st.EvaluatedTokens + st.RereadTokens + g.reread; g.reread == 0 {
		st.TokenPasses += max(st.GeneratedTokens-1, 0)
	}
	st.CacheCells, st.CacheBytes = g.s.seq.Len(), g.s.seq.UsedBytes()
	hostDone(*st)
	noteCall(Call{g.s.model, g.cfg, g.reply})
	return g.reply, err
}

// newStep notes the n best of logits.
func newStep(id int, logits []float32, n int) Step {
	return Step{ID: id, Top: topLogits(logits, n), LogSumExp: LogSumExp(logits)}
}

// topLogits is the n largest, the largest first; of equals the first comes first.
func topLogits(logits []float32, n int) []TokenLogit {
	n = min(n, len(logits))
	top := make([]TokenLogit, 0, n+1)
	if n == 0 {
		return top
	}
	least := float32(math.Inf(-1)) // the smallest in top, once that is full
	for i, x := range logits {
		if x <= least && len(top) == n {
			continue
		}
		at := sort.Search(len(top), func(j int) bool { return top[j].Logit < x })
		top = append(top, TokenLogit{})
		copy(top[at+1:], top[at:])
		top[at] = TokenLogit{i, x}
		top = top[:min(len(top), n)]
		if len(top) == n {
			least = top[n-1].Logit
		}
	}
	return top
}

// LogSumExp is the logarithm of the sum of the exponentials of x, computed in
// float64 without overflow.
func LogSumExp(x []float32) float64 {
	top := math.Inf(-1)
	for _, v := range x {
		top = max(top, float64(v))
	}
	if math.IsInf(top, 0) {
		return top // of all -Inf, or with +Inf: no differences to sum
	}
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(float64(v) - top)
	}
	return top + math.Log(sum)
}
