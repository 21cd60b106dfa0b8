package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"loupe/engine"
	"loupe/engine/chat"
	"loupe/repl"
)

// generateFlags are the flags of `loupe generate`.
type generateFlags struct {
	loadFlags
	engine.GenerateConfig
	prompt, file string
	system       string
	chat, json   bool
	bias         []string

	grammarFile, schemaFile string
}

// biases reads --logit-bias: "15043+1.5", "198-inf".
func (g *generateFlags) biases() error {
	for _, text := range g.bias {
		at := strings.LastIndexAny(text, "+-")
		if at < 1 {
			return usageError{fmt.Errorf("--logit-bias %q; write ID+NUMBER, ID-NUMBER or ID-inf", text)}
		}
		id, errID := strconv.Atoi(text[:at])
		x, errX := strconv.ParseFloat(text[at:], 64)
		if errID != nil || errX != nil {
			return usageError{fmt.Errorf("--logit-bias %q; write ID+NUMBER, ID-NUMBER or ID-inf", text)}
		}
		if g.LogitBias == nil {
			g.LogitBias = map[int]float64{}
		}
		g.LogitBias[id] = x
	}
	return nil
}

func newGenerateCmd() *cobra.Command {
	var g generateFlags
	cmd := &cobra.Command{
		Use:   "generate [-m MODEL] -p TEXT",
		Short: "Continue a prompt, or answer a message",
		Long: `Continue a prompt and print the text as it comes; the account of the call goes to
standard error. Sampling is greedy (--temp 0) unless asked otherwise, so the same
call prints the same text. With --json, one object says everything: prompt ids,
ids, text, the best logits of each step, statistics and effective settings.
A grammar (--grammar, in llama.cpp's GBNF) or a JSON schema (-j) says what the text
must be; it then is that, also where -n ends it.`,
		Example: `  loupe generate -p "Once there was a rabbit" -n 120
  loupe generate -m smollm2 -p "Once upon a time" -n 40
  loupe generate -m smollm2 --chat -p "What is a rabbit?" --temp 0.8 --seed 7
  loupe generate -m smollm2 -f prompt.txt -n 1 --json --top 5 --exact
  loupe generate -m smollm2 --chat -p "A fox, as JSON" -j '{"properties": {"name": {"type": "string"}, "legs": {"type": "integer"}}, "required": ["name", "legs"]}'
  loupe generate -m smollm2 -p "Is a rabbit a bird? " --grammar 'root ::= "yes" | "no"'
  echo "Write a haiku." | loupe generate -m smollm2 --chat -f -`,
		Args: noArguments("the prompt goes behind -p, in quotes"),
		RunE: func(cmd *cobra.Command, _ []string) error { return g.run(cmd) },
	}
	g.loadFlags.add(cmd)
	f := cmd.Flags()
	f.StringVarP(&g.prompt, "prompt", "p", "", "the prompt")
	f.StringVarP(&g.file, "file", "f", "", "file to read the prompt from; - is standard input")
	f.BoolVar(&g.chat, "chat", false, "send the prompt as a user message, through the model's chat template")
	f.StringVar(&g.system, "system", "", "system message, with --chat")
	f.IntVarP(&g.MaxTokens, "predict", "n", 64, "most tokens to generate; 0 or -1: until the model ends or the context is full")
	f.Float64Var(&g.Temperature, "temp", 0, "temperature; 0 is greedy")
	f.IntVar(&g.TopK, "top-k", 0, "keep the k likeliest tokens; 0: all")
	f.Float64Var(&g.TopP, "top-p", 0, "keep the likeliest tokens that together reach p; 0 or 1: all")
	f.Float64Var(&g.MinP, "min-p", 0, "keep tokens at least this fraction as likely as the likeliest; 0: all")
	f.StringVar((*string)(&g.ContextOverflowPolicy), "context-overflow", "", `when the context is full: "" refuses and stops, or stopAtLimit, truncateMiddle, rollingWindow`)
	f.IntVar(&g.KeepTokens, "keep", 0, "first tokens that rollingWindow keeps (0: 4)")
	f.Float64Var(&g.Typical, "typical", 0, "keep the tokens nearest to the entropy, up to this probability; 0 or 1: all")
	f.Float64Var(&g.XTCProbability, "xtc-probability", 0, "how often the likeliest tokens are taken out; 0: never")
	f.Float64Var(&g.XTCThreshold, "xtc-threshold", 0, "probability from which a token is one of them (0: 0.1)")
	f.Float64Var(&g.TailFree, "tfs", 0, "drop the tail after which probabilities bend no more, keeping this part of the bend; 0 or 1: all")
	f.IntVar(&g.Mirostat, "mirostat", 0, "1 or 2: keep the surprise of the text at --mirostat-ent, instead of --top-k and the others; 0: off")
	f.Float64Var(&g.MirostatTau, "mirostat-ent", 0, "surprise that Mirostat aims at, in bits a token (0: 5)")
	f.Float64Var(&g.MirostatEta, "mirostat-lr", 0, "how fast Mirostat learns (0: 0.1)")
	f.StringArrayVarP(&g.bias, "logit-bias", "l", nil, "add to the logit of a token, as `ID+1.5` or ID-2; ID-inf forbids it; may be given several times")
	f.Float64Var(&g.RepeatPenalty, "repeat-penalty", 0, "divide the logits of recent tokens; 0 or 1: no")
	f.Float64Var(&g.FrequencyPenalty, "frequency-penalty", 0, "lower logits for each recent occurrence")
	f.Float64Var(&g.PresencePenalty, "presence-penalty", 0, "lower logits of tokens that occurred recently")
	f.IntVar(&g.RepeatLastN, "repeat-last-n", 0, "how many recent tokens the penalties see (0: 64)")
	f.Uint64VarP(&g.Seed, "seed", "s", 0, "seed of the random choice")
	f.StringArrayVar(&g.Stop, "stop", nil, "end before this text; may be given several times")
	f.StringVar(&g.Grammar, "grammar", "", "what the text must be, in GBNF")
	f.StringVar(&g.grammarFile, "grammar-file", "", "file to read that from; - is standard input")
	f.StringVarP(&g.JSONSchema, "json-schema", "j", "", "what the text must be, as a JSON schema")
	f.StringVar(&g.schemaFile, "json-schema-file", "", "file to read that from (-jf); - is standard input")
	f.BoolVar(&g.json, "json", false, "print one JSON object")
	f.IntVar(&g.TopLogits, "top", 0, "with --json: how many of the best logits to list for each step")
	return cmd
}

func (g *generateFlags) run(cmd *cobra.Command) error {
	if err := g.biases(); err != nil {
		return err
	}
	prompt, err := g.readPrompt(cmd)
	if err != nil {
		return err
	}
	if g.TopLogits > 0 && !g.json {
		return usageError{fmt.Errorf("--top lists logits in the JSON; say --json too")}
	}
	if g.MaxTokens == -1 {
		g.MaxTokens = 0 // llama.cpp's way to say: no limit
	}
	if err := g.readForm(cmd); err != nil {
		return err
	}
	if err := g.Check(); err != nil {
		return usageError{err}
	}
	if g.json && g.TopLogits == 0 {
		g.TopLogits = 1 // steps carry at least the winner
	}
	m, err := g.load(cmd)
	if err != nil {
		return err
	}
	defer m.Close()
	out := cmd.OutOrStdout()
	cfg := g.GenerateConfig
	if !g.json {
		cfg.OnText = func(s string) { io.WriteString(out, s) }
	}
	cfg.OnPromptProgress = promptBar(progressLine(cmd))
	reply, err := g.generate(cmd.Context(), m.NewSession(), prompt, cfg)
	if reply == nil {
		return err
	}
	if g.json {
		if err != nil {
			return err
		}
		return writeJSON(out, g.report(m, reply))
	}
	fmt.Fprintln(out)
	fmt.Fprintln(cmd.ErrOrStderr(), reply.Stats)
	return err
}

// promptBar shows how far a prompt is that takes over a second.
func promptBar(line func(string)) func(engine.PromptProgress) {
	show := stepBar(line)
	return func(p engine.PromptProgress) {
		show("prompt", int64(p.EvaluatedTokens), int64(p.EvaluatedTokens+p.Unread()), "tokens")
	}
}

// stepBar shows how far steps are that take over a second.
func stepBar(line func(string)) func(label string, done, total int64, unit string) {
	const pause = 100 * time.Millisecond
	var bar repl.ProgressLine
	stands, last := false, time.Time{}
	return func(label string, done, total int64, unit string) {
		now := time.Now()
		text := bar.Text(label, unit, done, total, now)
		switch {
		case done < total && bar.Shown(now):
			if now.Sub(last) >= pause {
				line(text)
				stands, last = true, now
			}
		case stands:
			line("")
			stands = false
		}
	}
}

func (g *generateFlags) readPrompt(cmd *cobra.Command) (string, error) {
	given := cmd.Flags().Changed("prompt")
	switch {
	case given && g.file != "":
		return "", usageError{fmt.Errorf("both -p and -f give a prompt; give one")}
	case given:
		return g.prompt, nil
	case g.file == "":
		return "", usageError{fmt.Errorf("no prompt; give one with -p TEXT or -f FILE")}
	}
	return readText(cmd, g.file)
}

// readForm reads the files of grammar and schema.
func (g *generateFlags) readForm(cmd *cobra.Command) error {
	for _, form := range []struct {
		text *string
		file string
		flag string
	}{{&g.Grammar, g.grammarFile, "--grammar"}, {&g.JSONSchema, g.schemaFile, "--json-schema"}} {
		if form.file == "" {
			continue
		}
		if *form.text != "" {
			return usageError{fmt.Errorf("both %s and %s-file are given; give one", form.flag, form.flag)}
		}
		if form.file == "-" && (g.file == "-" || g.grammarFile == g.schemaFile) {
			return usageError{errors.New("standard input is to be two things; give one of them as a file")}
		}
		text, err := readText(cmd, form.file)
		if err != nil {
			return err
		}
		if *form.text = text; strings.TrimSpace(text) == "" {
			return usageError{fmt.Errorf("%s is empty; it says what the text must be", form.file)}
		}
	}
	return nil
}

// readText reads a file, or standard input for "-".
func readText(cmd *cobra.Command, name string) (string, error) {
	var data []byte
	var err error
	if name == "-" {
		data, err = io.ReadAll(cmd.InOrStdin())
	} else {
		data, err = os.ReadFile(name)
	}
	return string(data), err
}

func (g *generateFlags) generate(ctx context.Context, s *engine.Session, prompt string, cfg engine.GenerateConfig) (*engine.Reply, error) {
	if !g.chat {
		if g.system != "" {
			return nil, usageError{fmt.Errorf("--system goes with --chat only")}
		}
		return s.GenerateContext(ctx, prompt, cfg)
	}
	var messages []chat.Message
	if g.system != "" {
		messages = append(messages, chat.Message{Role: "system", Content: g.system})
	}
	return s.SendContext(ctx, append(messages, chat.Message{Role: "user", Content: prompt}), cfg)
}

// The JSON of `loupe generate`: a contract, fields are only ever added.
type (
	generateReport struct {
		PromptIDs []int          `json:"prompt_ids"`
		IDs       []int          `json:"ids"`
		Text      string         `json:"text"`
		Steps     []stepReport   `json:"steps"`
		Stats     statsReport    `json:"stats"`
		Settings  settingsReport `json:"settings"`
	}
	stepReport struct {
		ID        int      `json:"id"`
		Top       [][2]any `json:"top"` // [id, logit], best first
		LogSumExp float64  `json:"logsumexp"`
	}
	statsReport struct {
		PromptTokens    int     `json:"prompt_tokens"`
		ReusedTokens    int     `json:"reused_tokens"`
		EvaluatedTokens int     `json:"evaluated_tokens"`
		DroppedTokens   int     `json:"dropped_tokens,omitempty"`
		Shifts          int     `json:"shifts,omitempty"`
		ShiftedTokens   int     `json:"shifted_tokens,omitempty"`
		RereadTokens    int     `json:"reread_tokens,omitempty"`
		GeneratedTokens int     `json:"generated_tokens"`
		TTFT            float64 `json:"ttft_ms"`
		PromptRate      float64 `json:"prompt_rate"`
		GenRate         float64 `json:"gen_rate"`
		StopReason      string  `json:"stop_reason"`
		StopString      string  `json:"stop_string,omitempty"`
		CacheCells      int     `json:"cache_cells"`
		CacheBytes      int64   `json:"cache_bytes"`
	}
	settingsReport struct {
		Model              string  `json:"model"`
		Architecture       string  `json:"architecture"`
		Quantisation       string  `json:"quantisation"`
		ContextLength      int     `json:"context_length"`
		TrainedContext     int     `json:"trained_context"`
		EvalBatchSize      int     `json:"eval_batch_size"`
		PhysicalBatchSize  int     `json:"physical_batch_size"`
		RopeFrequencyBase  float64 `json:"rope_frequency_base"`
		RopeFrequencyScale float64 `json:"rope_frequency_scale"`
		FlashAttention     string  `json:"flash_attention"`
		KCacheType         string  `json:"k_cache_type"`
		VCacheType         string  `json:"v_cache_type"`
		Threads            int     `json:"threads"`
		BatchThreads       int     `json:"batch_threads"`
		Exact              bool    `json:"exact"`
		Kernels            string  `json:"kernels"`
		Temperature        float64 `json:"temperature"`
		Seed               uint64  `json:"seed"`
		LoadMillis         float64 `json:"load_ms"`
	}
)

func (g *generateFlags) report(m *engine.Model, r *engine.Reply) generateReport {
	rep := generateReport{
		PromptIDs: r.PromptIDs, IDs: r.IDs, Text: r.Text, Steps: make([]stepReport, 0, len(r.Steps)),
		Stats:    newStatsReport(r.Stats),
		Settings: newSettingsReport(m.Settings()),
	}
	rep.Settings.Temperature, rep.Settings.Seed = g.Temperature, g.Seed
	for _, s := range r.Steps {
		step := stepReport{ID: s.ID, LogSumExp: s.LogSumExp, Top: make([][2]any, 0, len(s.Top))}
		for _, t := range s.Top {
			step.Top = append(step.Top, [2]any{t.ID, t.Logit})
		}
		rep.Steps = append(rep.Steps, step)
	}
	return rep
}

func newStatsReport(st engine.Stats) statsReport {
	return statsReport{
		PromptTokens: st.PromptTokens, ReusedTokens: st.ReusedTokens, EvaluatedTokens: st.EvaluatedTokens, GeneratedTokens: st.GeneratedTokens,
		DroppedTokens: st.DroppedTokens, Shifts: st.Shifts, ShiftedTokens: st.ShiftedTokens, RereadTokens: st.RereadTokens,
		TTFT: milliseconds(st.TTFT), PromptRate: st.PromptRate(), GenRate: st.GenRate(),
		StopReason: string(st.StopReason), StopString: st.StopString, CacheCells: st.CacheCells, CacheBytes: st.CacheBytes,
	}
}

func newSettingsReport(s engine.Settings) settingsReport {
	return settingsReport{
		Model: s.Model, Architecture: s.Architecture, Quantisation: s.Quantisation,
		ContextLength: s.ContextLength, TrainedContext: s.TrainedContext,
		EvalBatchSize: s.EvalBatchSize, PhysicalBatchSize: s.PhysicalBatchSize,
		RopeFrequencyBase: s.RopeFrequencyBase, RopeFrequencyScale: s.RopeFrequencyScale,
		FlashAttention: s.FlashAttention.String(), KCacheType: string(s.KCacheType), VCacheType: string(s.VCacheType),
		Threads: s.Threads, BatchThreads: s.BatchThreads, Exact: s.Exact, Kernels: s.Kernels,
		LoadMillis: milliseconds(s.LoadTime),
	}
}

// writeJSON writes v on one line, text as it is: <|im_end|> stays readable.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
