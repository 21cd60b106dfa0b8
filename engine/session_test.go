package engine

import (
	"context"
	"errors"
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"loupe/engine/chat"
	"loupe/engine/enginetest"
	"loupe/engine/observe"
	"loupe/engine/tensor"
)

// tiny loads a small random model.
func tiny(t testing.TB, cfg LoadConfig, edit ...func(*enginetest.Tiny)) *Model {
	t.Helper()
	c := enginetest.DefaultTiny()
	c.Type = tensor.Q8_0
	for _, e := range edit {
		e(&c)
	}
	m, err := Load(c.Write(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func generate(t testing.TB, s *Session, prompt string, cfg GenerateConfig) *Reply {
	t.Helper()
	r, err := s.Generate(prompt, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const prompt = "the man and the hen"

func TestGenerateAccountsForItself(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 2})
	s := m.NewSession()
	var streamed strings.Builder
	r := generate(t, s, prompt, GenerateConfig{MaxTokens: 20, TopLogits: 3, OnText: func(x string) { streamed.WriteString(x) }})
	st := r.Stats
	ids := m.Tokenize(prompt)
	if !slices.Equal(r.PromptIDs, ids) || st.PromptTokens != len(ids) || st.ReusedTokens != 0 {
		t.Errorf("prompt: %v, %+v; want ids %v", r.PromptIDs, st, ids)
	}
	if st.GeneratedTokens != len(r.IDs) || len(r.IDs) == 0 || len(r.IDs) > 20 {
		t.Errorf("%d ids, %d counted", len(r.IDs), st.GeneratedTokens)
	}
	if st.StopReason == MaxPredictedTokensReached && len(r.IDs) != 20 {
		t.Errorf("stopped at the limit of 20 with %d tokens", len(r.IDs))
	}
	if streamed.String() != r.Text {
		t.Errorf("streamed %q, text %q", streamed.String(), r.Text)
	}
	if st.CacheCells != s.Len() || s.Len() != len(ids)+len(r.IDs)-1 {
		t.Errorf("%d cells counted, %d in the session, want %d", st.CacheCells, s.Len(), len(ids)+len(r.IDs)-1)
	}
	if want := int64(s.Len() * m.Settings().CellBytes); st.CacheBytes != want || s.Bytes() != want {
		t.Errorf("%d and %d bytes of cache, want %d", st.CacheBytes, s.Bytes(), want)
	}
	if st.TTFT <= 0 || st.PromptTime <= 0 || st.TTFT < st.PromptTime || st.PromptRate() <= 0 {
		t.Errorf("times: %+v", st)
	}
	if len(r.Steps) != len(r.IDs) {
		t.Fatalf("%d steps for %d ids", len(r.Steps), len(r.IDs))
	}
	for i, step := range r.Steps {
		if step.ID != r.IDs[i] || step.Top[0].ID != step.ID || len(step.Top) != 3 {
			t.Errorf("step %d: %+v, id %d (greedy takes the best)", i, step, r.IDs[i])
		}
		if step.Top[0].Logit < step.Top[1].Logit || float64(step.Top[0].Logit) > step.LogSumExp {
			t.Errorf("step %d: logits %v, log-sum-exp %v", i, step.Top, step.LogSumExp)
		}
	}
	if got := append(slices.Clone(ids), r.IDs...); !slices.Equal(s.Tokens(), got[:s.Len()]) {
		t.Errorf("cache holds %v, want %v", s.Tokens(), got[:s.Len()])
	}
}

// A second prompt reuses exactly the common prefix and answers as a fresh
// session does.
func TestPrefixIsReused(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1})
	a, b := "the hen and the man and the other hen", "the hen and the man in the rain"
	common := 0
	for ia, ib := m.Tokenize(a), m.Tokenize(b); ia[common] == ib[common]; {
		common++
	}
	s := m.NewSession()
	generate(t, s, a, GenerateConfig{MaxTokens: 4})
	got := generate(t, s, b, GenerateConfig{MaxTokens: 8, TopLogits: 2})
	if got.Stats.ReusedTokens != common {
		t.Errorf("%d tokens reused, want %d", got.Stats.ReusedTokens, common)
	}
	want := generate(t, m.NewSession(), b, GenerateConfig{MaxTokens: 8, TopLogits: 2})
	if !slices.Equal(got.IDs, want.IDs) {
		t.Errorf("with a reused prefix %v, fresh %v", got.IDs, want.IDs)
	}
	// The whole prompt again: all but the last token, whose logits are needed.
	again := generate(t, s, b, GenerateConfig{MaxTokens: 8})
	if n := len(m.Tokenize(b)) - 1; again.Stats.ReusedTokens != n || !slices.Equal(again.IDs, want.IDs) {
		t.Errorf("asked again: %d of %d reused, ids %v, want %v", again.Stats.ReusedTokens, n, again.IDs, want.IDs)
	}

	off := tiny(t, LoadConfig{Threads: 1, ReusePrefix: Off})
	s = off.NewSession()
	generate(t, s, a, GenerateConfig{MaxTokens: 4})
	if r := generate(t, s, b, GenerateConfig{MaxTokens: 8}); r.Stats.ReusedTokens != 0 || !slices.Equal(r.IDs, want.IDs) {
		t.Errorf("ReusePrefix off: %d reused, ids %v, want %v", r.Stats.ReusedTokens, r.IDs, want.IDs)
	}
}

// A prompt of 4,000 tokens that the cache holds, or that of the session it was
// forked from, brings the first token at least 100 times sooner than reading it.
// (About 400 times, as reading takes some 4,000 tokens' work instead of one.)
func TestPrefixHitCostsNothing(t *testing.T) {
	m, err := Load("lesson", LoadConfig{Threads: 1, ContextLength: 4096})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	ids := make([]int, 4000)
	for i := range ids {
		ids[i] = 100 + i*i%389
	}
	s := m.NewSession()
	defer s.Close()
	one := GenerateConfig{MaxTokens: 1}
	read, err := s.GenerateIDs(context.Background(), ids, one)
	if err != nil {
		t.Fatal(err)
	}
	for name, next := range map[string]func() *Session{"again": func() *Session { return s }, "fork": s.Fork} {
		best := time.Hour // of several: the machine may be busy with something else
		for range 10 {
			start := time.Now()
			hit, err := next().GenerateIDs(context.Background(), ids, one)
			if err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(start))
			if hit.Stats.EvaluatedTokens != 1 || !slices.Equal(hit.IDs, read.IDs) {
				t.Fatalf("%s: %+v, ids %v and %v", name, hit.Stats, hit.IDs, read.IDs)
			}
		}
		if ratio := float64(read.Stats.TTFT) / float64(best); ratio < 100 {
			t.Errorf("%s: the first token comes %.0f times sooner, want 100", name, ratio)
		} else {
			t.Logf("%s: the first token comes %.0f times sooner", name, ratio)
		}
	}
}

func TestForkGoesItsOwnWay(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1})
	s := m.NewSession()
	first := generate(t, s, prompt, GenerateConfig{MaxTokens: 10})
	before := s.Tokens()
	f := s.Fork()
	if n := f.Cache().SharedCells; n != s.Len() {
		t.Errorf("%d of %d cells shared", n, s.Len())
	}
	generate(t, f, "another thing", GenerateConfig{MaxTokens: 10})
	if !slices.Equal(s.Tokens(), before) {
		t.Error("the fork changed the session it came from")
	}
	if r := generate(t, s, prompt, GenerateConfig{MaxTokens: 10}); !slices.Equal(r.IDs, first.IDs) {
		t.Errorf("after a fork the session says %v, before %v", r.IDs, first.IDs)
	}
}

func TestRewind(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1})
	s := m.NewSession()
	ids := m.Tokenize("the hen and the man and the hen and the man")
	want, err := s.Eval(ids)
	if err != nil {
		t.Fatal(err)
	}
	s.Rewind(5)
	if s.Len() != 5 || !slices.Equal(s.Tokens(), ids[:5]) {
		t.Fatalf("after Rewind(5): %v", s.Tokens())
	}
	got, err := s.Eval(ids[5:])
	if err != nil {
		t.Fatal(err)
	}
	var diff float64
	for i := range want {
		diff = max(diff, float64(max(got[i]-want[i], want[i]-got[i])))
	}
	if !(diff <= 1e-1) {
		t.Errorf("logits differ by %v after a rewind", diff)
	}
	s.Rewind(100)
	if s.Len() != len(ids) {
		t.Errorf("Rewind past the end left %d of %d", s.Len(), len(ids))
	}
	s.Rewind(-1)
	if s.Len() != 0 {
		t.Errorf("Rewind(-1) left %d", s.Len())
	}
}

func TestStopStringAcrossTokens(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1})
	whole := generate(t, m.NewSession(), prompt, GenerateConfig{MaxTokens: 30})
	text := whole.Text
	if len(text) < 12 {
		t.Fatalf("the model says only %q", text)
	}
	from := len(text) / 2
	for from > 0 && text[from]&0xC0 == 0x80 {
		from--
	}
	stop := strings.ToValidUTF8(text[from:from+5], "")
	at := strings.Index(text, stop)
	r := generate(t, m.NewSession(), prompt, GenerateConfig{MaxTokens: 30, Stop: []string{"never in there", stop}})
	if r.Text != text[:at] || r.Stats.StopReason != StopStringFound || r.Stats.StopString != stop {
		t.Errorf("stopped at %q: %q, %s %q; want %q", stop, r.Text, r.Stats.StopReason, r.Stats.StopString, text[:at])
	}
}

func TestContextFull(t *testing.T) {
	m := tiny(t, LoadConfig{ContextLength: 40, Threads: 1})
	s := m.NewSession()
	r := generate(t, s, prompt, GenerateConfig{})
	if r.Stats.StopReason == ContextLengthReached && s.Len() != 40 {
		t.Errorf("context of 40 reached at %d cells", s.Len())
	} else if r.Stats.StopReason != ContextLengthReached && r.Stats.StopReason != EOSFound {
		t.Errorf("stopped for %s", r.Stats.StopReason)
	}
	ids := make([]int, 40)
	_, err := s.GenerateIDs(context.Background(), ids)
	var full *ContextError
	if !errors.As(err, &full) || full.PromptTokens != 40 || full.ContextLength != 40 || full.Over() != 1 {
		t.Fatalf("a prompt of 40 in a context of 40: %v", err)
	}
	for _, part := range []string{"40 tokens", "context 40", "1 too many", "larger ContextLength", "shorten"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
	if _, err := s.GenerateIDs(context.Background(), ids[:39], GenerateConfig{MaxTokens: 5}); err != nil {
		t.Errorf("a prompt of 39 in a context of 40: %v", err)
	}
}

func TestBadCallsAreRefused(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1})
	s := m.NewSession()
	for _, bad := range []struct {
		name, prompt string
		cfg          []GenerateConfig
		want         string
	}{
		{"empty prompt", "", nil, "no tokens"},
		{"not UTF-8", "abc\xff", nil, "not valid UTF-8 (byte 3)"},
		{"negative limit", "x", []GenerateConfig{{MaxTokens: -1}}, "MaxTokens"},
		{"two configs", "x", []GenerateConfig{{}, {}}, "one is enough"},
		{"penalty", "x", []GenerateConfig{{RepeatPenalty: -1}}, "-1"},
		{"top-p", "x", []GenerateConfig{{Temperature: 1, TopP: 1.5}}, "1.5"},
		{"empty stop", "x", []GenerateConfig{{Stop: []string{""}}}, "stop"},
	} {
		_, err := s.Generate(bad.prompt, bad.cfg...)
		if err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%s: error %v does not say %q", bad.name, err, bad.want)
		}
		if s.Len() != 0 {
			t.Errorf("%s: %d cells left in the session", bad.name, s.Len())
		}
	}
}

// What cannot be read whole is refused before any of it is read.
func TestBadIDsLeaveTheCache(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1, ContextLength: 40, EvalBatchSize: 8})
	s := m.NewSession()
	ids := m.Tokenize("zebra zebra zebra")
	if _, err := s.Eval(ids); err != nil {
		t.Fatal(err)
	}
	stranger := make([]int, 20)
	stranger[17] = m.tok.Len()
	for _, bad := range []struct {
		name string
		ids  []int
		want string
	}{
		{"none", nil, "no tokens"},
		{"too many", make([]int, 40-len(ids)+1), fmt.Sprintf("%d tokens behind the %d in the cache are 1 too many for the context of 40; Rewind", 40-len(ids)+1, len(ids))},
		{"outside the vocabulary", stranger, "token 17 of 20 is 269; the vocabulary has 269"},
		{"negative", []int{1, -1}, "token 1 of 2 is -1"},
	} {
		if logits, err := s.Eval(bad.ids); err == nil || logits != nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("Eval of %s: %d logits, error %v, which does not say %q", bad.name, len(logits), err, bad.want)
		}
		if bad.name != "too many" { // to Generate they are a whole prompt, and fit
			if _, err := s.GenerateIDs(context.Background(), bad.ids); err == nil || !strings.Contains(err.Error(), bad.want) {
				t.Errorf("Generate from %s: error %v does not say %q", bad.name, err, bad.want)
			}
		}
		if !slices.Equal(s.Tokens(), ids) {
			t.Fatalf("%s: the cache holds %v, held %v", bad.name, s.Tokens(), ids)
		}
	}
	if _, err := s.Eval(make([]int, 40-len(ids))); err != nil || s.Len() != 40 {
		t.Errorf("filling the context: %v, %d cells", err, s.Len())
	}
}

func TestReplyHasItsOwnPromptIDs(t *testing.T) {
	ids := []int{1, 2, 3}
	r, err := tiny(t, LoadConfig{Threads: 1}).NewSession().GenerateIDs(context.Background(), ids, GenerateConfig{MaxTokens: 1})
	if err != nil {
		t.Fatal(err)
	}
	if ids[0] = 9; !slices.Equal(r.PromptIDs, []int{1, 2, 3}) {
		t.Errorf("the caller's change to its slice made the prompt %v", r.PromptIDs)
	}
}

// An embedding may have more rows than there are tokens; they have no logits.
func TestLogitsAreOfTheVocabulary(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1}, func(c *enginetest.Tiny) {
		tokens, _, kinds := c.Vocab()
		c.Meta = map[string]any{"tokenizer.ggml.tokens": tokens[:266], "tokenizer.ggml.token_type": kinds[:266],
			"tokenizer.ggml.bos_token_id": nil, "tokenizer.ggml.eos_token_id": nil}
	})
	logits, err := m.NewSession().Eval([]int{1})
	if err != nil || len(logits) != 266 {
		t.Errorf("%d logits of 266 tokens, error %v", len(logits), err)
	}
	if _, err := m.NewSession().Eval([]int{266}); err == nil {
		t.Error("a row of the embedding without a token was read")
	}
}

// The rows that EvalEach hands on are those that Eval gives for each prefix.
func TestEvalEach(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1, PhysicalBatchSize: 16, Exact: true})
	ids := m.Tokenize("the hen and the man and the other hen in the rain")
	rows := map[int][]float32{}
	if err := m.NewSession().EvalEach(context.Background(), ids, func(i int, row []float32) {
		rows[i] = slices.Clone(row)
	}, 5); err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(ids)-5 || len(ids) < 20 {
		t.Fatalf("%d rows of %d tokens from number 5 on", len(rows), len(ids))
	}
	for i, row := range rows {
		want, err := m.NewSession().Eval(ids[:i+1])
		if err != nil {
			t.Fatal(err)
		}
		for j := range want {
			if d := math.Abs(float64(row[j] - want[j])); !(d <= 1e-3) {
				t.Fatalf("token %d: logit %d is %v, by Eval %v", i, j, row[j], want[j])
			}
		}
	}
}

// The error of a cancelled call is that of its context, wherever it was at work.
func TestCancelBetweenLogits(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1})
	s := m.NewSession()
	ctx, cancel := context.WithCancelCause(context.Background())
	last := -1
	err := s.EvalEach(ctx, make([]int, 32), func(i int, _ []float32) {
		if last = i; i == 0 {
			cancel(errors.New("enough"))
			for !m.cpu.Canceled() {
				runtime.Gosched()
			}
		}
	}, 0)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while it hands on logits: %v", err)
	}
	if last >= 31 {
		t.Errorf("%d rows were handed on after the cancel", last)
	}
	if s.Len() != 32 {
		t.Errorf("%d tokens in the cache; the 32 were read before the cancel", s.Len())
	}
}

func TestLogSumExp(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		x    []float32
		want float64
	}{
		{[]float32{3}, 3},
		{[]float32{0, 0, 0, 0}, math.Log(4)},
		{[]float32{3e38, 3e38}, float64(float32(3e38))},
		{[]float32{float32(-inf), 2}, 2},
		{[]float32{float32(-inf), float32(-inf)}, -inf},
		{[]float32{float32(inf), 2}, inf},
		{nil, -inf},
	} {
		if got := LogSumExp(c.x); got != c.want && !(math.Abs(got-c.want) <= 1e-12*math.Abs(c.want)) {
			t.Errorf("LogSumExp(%v) = %v, want %v", c.x, got, c.want)
		}
	}
	if got := LogSumExp([]float32{1, float32(math.NaN())}); got == got {
		t.Errorf("LogSumExp with a NaN = %v", got)
	}
}

func TestBadSettingsAreRefused(t *testing.T) {
	c := enginetest.DefaultTiny()
	path := c.Write(t)
	for _, bad := range []struct {
		cfg  LoadConfig
		want string
	}{
		{LoadConfig{ContextLength: -1}, "ContextLength is -1"},
		{LoadConfig{Threads: 5000}, "Threads is 5000"},
		{LoadConfig{KCacheType: "q8_9"}, "KCacheType is q8_9; it may be one of f32, f16, bf16, q8_0, q5_1, q5_0, q4_1, q4_0"},
		{LoadConfig{VCacheType: "f17"}, "VCacheType is f17"},
		{LoadConfig{RopeFrequencyScale: -2}, "RopeFrequencyScale is -2"},
	} {
		m, err := Load(path, bad.cfg)
		if err == nil {
			m.Close()
			t.Errorf("%+v was accepted", bad.cfg)
		} else if !strings.Contains(err.Error(), bad.want) {
			t.Errorf("error %q does not say %q", err, bad.want)
		}
	}
}

func TestBadFilesAreRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole, err := os.ReadFile(enginetest.DefaultTiny().Write(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []struct{ path, want string }{
		{filepath.Join(dir, "nothing.gguf"), "nothing.gguf"},
		{write("text.gguf", "this is not a model, it is a text file"), "GGUF"},
		{write("cut.gguf", string(whole[:len(whole)-100])), "cut"},
		{write("empty.gguf", ""), "empty.gguf"},
		{dir + "/", "is a folder"},
		{"smolm2", "smollm2"},
	} {
		m, err := Load(bad.path, LoadConfig{})
		if err == nil {
			m.Close()
			t.Errorf("%s was accepted", bad.path)
		} else if !strings.Contains(err.Error(), bad.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q does not say %q in one line", bad.path, err, bad.want)
		}
	}
}

func TestInterruptKeepsTheSession(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 2})
	s := m.NewSession()
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	r, err := s.GenerateContext(ctx, prompt, GenerateConfig{Temperature: 1, Seed: 3, OnText: func(string) {
		if n++; n == 5 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || r == nil || r.Stats.StopReason != UserStopped || r.Text == "" {
		t.Fatalf("interrupted: reply %+v, error %v", r, err)
	}
	// What is in the cache is what was said, and the session goes on.
	all := append(slices.Clone(r.PromptIDs), r.IDs...)
	if got := s.Tokens(); !slices.Equal(got, all[:len(got)]) || len(got) < len(r.PromptIDs) {
		t.Errorf("cache %v, said %v", got, all)
	}
	want := generate(t, m.NewSession(), prompt, GenerateConfig{MaxTokens: 5})
	if again := generate(t, s, prompt, GenerateConfig{MaxTokens: 5}); !slices.Equal(again.IDs, want.IDs) {
		t.Errorf("after an interrupt %v, fresh %v", again.IDs, want.IDs)
	}
	// Interrupted while it reads: what was not read is not counted as read.
	part := tiny(t, LoadConfig{Threads: 1, PhysicalBatchSize: 8, EvalBatchSize: 8})
	stop, cancel := context.WithCancel(context.Background())
	restore := SetHost(&Host{Progress: func(_ string, done, _ int64, _ string) {
		if done >= 16 {
			cancel()
		}
	}})
	r, err = part.NewSession().GenerateContext(stop, strings.Repeat("z", 100), GenerateConfig{MaxTokens: 5})
	restore()
	if !errors.Is(err, context.Canceled) || r.Stats.PromptTokens != 100 || r.Stats.EvaluatedTokens != 16 || !strings.Contains(r.Stats.String(), "(84 unread)") {
		t.Errorf("interrupted after 16 of 100 prompt tokens: %v, %v", r.Stats, err)
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.GenerateContext(done, prompt); !errors.Is(err, context.Canceled) {
		t.Errorf("a call under a finished context: %v", err)
	}
}

// Sessions that generate at once, some cancelled, do not disturb each other.
func TestSessionsInParallel(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 2})
	want := make([][]int, 4)
	for i := range want {
		want[i] = generate(t, m.NewSession(), fmt.Sprint("number ", i), GenerateConfig{MaxTokens: 20}).IDs
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			s := m.NewSession()
			defer s.Close()
			ctx := context.Background()
			if i%4 == 3 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, time.Duration(i)*200*time.Microsecond)
				defer cancel()
			}
			r, err := s.GenerateContext(ctx, fmt.Sprint("number ", i%4), GenerateConfig{MaxTokens: 20})
			switch {
			case err != nil && i%4 != 3:
				t.Error(err)
			case err == nil && !slices.Equal(r.IDs, want[i%4]):
				t.Errorf("session %d said %v, alone %v", i, r.IDs, want[i%4])
			}
		}()
	}
	wg.Wait()
}

func TestChatKeepsTheConversation(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1})
	s := m.NewSession()
	a, err := s.Chat("the hen", GenerateConfig{MaxTokens: 6})
	if err != nil {
		t.Fatal(err)
	}
	want := []chat.Message{{Role: "user", Content: "the hen"}, {Role: "assistant", Content: a.Text}}
	if !slices.Equal(s.Messages, want) {
		t.Errorf("messages %v, want %v", s.Messages, want)
	}
	if got := m.Detokenize(a.PromptIDs); got != "<|im_start|>user\nthe hen<|im_end|>\n<|im_start|>assistant\n" {
		t.Errorf("prompt %q", got)
	}
	b, err := s.Chat("and the man", GenerateConfig{MaxTokens: 6})
	if err != nil {
		t.Fatal(err)
	}
	if b.Stats.ReusedTokens < a.Stats.PromptTokens {
		t.Errorf("the second turn reused %d tokens of the first's %d", b.Stats.ReusedTokens, a.Stats.PromptTokens)
	}
	before := len(s.Messages)
	if _, err := s.Chat("bad \xff"); err == nil || len(s.Messages) != before {
		t.Errorf("a bad message: error %v, %d messages", err, len(s.Messages))
	}
	bare := tiny(t, LoadConfig{Threads: 1}, func(c *enginetest.Tiny) { c.Meta = map[string]any{"tokenizer.chat_template": nil} })
	if _, err := bare.NewSession().Chat("hello"); err == nil || !strings.Contains(err.Error(), "no chat template") {
		t.Errorf("a model without a template: %v", err)
	}
}

// Two chats at once on one session follow one another: the second is about what
// the first left.
func TestChatsTakeTurns(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1})
	s := m.NewSession()
	var second sync.WaitGroup
	var once sync.Once
	chat := func(text string, cfg GenerateConfig) {
		cfg.MaxTokens = 8
		if _, err := s.Chat(text, cfg); err != nil {
			t.Error(err)
		}
	}
	chat("the hen", GenerateConfig{OnText: func(string) {
		once.Do(func() {
			second.Add(1)
			go func() {
				defer second.Done()
				chat("the man", GenerateConfig{})
			}()
			time.Sleep(50 * time.Millisecond) // so that it is under way
		})
	}})
	second.Wait()
	var said []string
	for _, msg := range s.Messages {
		said = append(said, msg.Role)
	}
	if want := []string{"user", "assistant", "user", "assistant"}; !slices.Equal(said, want) {
		t.Errorf("after two chats the messages are of %v", said)
	}
}

func TestCacheTable(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1, KCacheType: F32})
	s := m.NewSession()
	ids := m.Tokenize("the hen")
	if _, err := s.Eval(ids); err != nil {
		t.Fatal(err)
	}
	c := s.Cache()
	if len(c.Cells) != len(ids) {
		t.Fatalf("%d cells, want %d", len(c.Cells), len(ids))
	}
	var text strings.Builder
	for i, cell := range c.Cells {
		if cell.Pos != i || cell.ID != ids[i] {
			t.Errorf("cell %d: %+v", i, cell)
		}
		text.WriteString(cell.Text)
		// 2 layers x 2 K/V heads x 32 elements, K in f32 and V in f16.
		if cell.KBytes != 2*2*32*4 || cell.VBytes != 2*2*32*2 {
			t.Errorf("cell %d: %d bytes of K, %d of V", i, cell.KBytes, cell.VBytes)
		}
	}
	if text.String() != "the hen" {
		t.Errorf("cells hold %q", text.String())
	}
	for _, form := range []string{"text/plain", "text/markdown", "text/html"} {
		if d := c.Display()[form]; strings.Count(html.UnescapeString(d), strconv.Quote(m.TokenText(ids[0]))) != 1 {
			t.Errorf("%s form: %q", form, d)
		}
	}
	long := m.NewSession()
	if _, err := long.Eval(make([]int, 200)); err != nil {
		t.Fatal(err)
	}
	if out := long.Cache().String(); !strings.Contains(out, "160 more") || strings.Count(out, "\n") > 60 {
		t.Errorf("a table of 200 cells:\n%s", out)
	}
}

func TestSeedAndTemperature(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1})
	cfg := GenerateConfig{MaxTokens: 20, Temperature: 20, Seed: 11}
	a := generate(t, m.NewSession(), prompt, cfg)
	b := generate(t, m.NewSession(), prompt, cfg)
	if !slices.Equal(a.IDs, b.IDs) {
		t.Errorf("one seed, two texts: %v %v", a.IDs, b.IDs)
	}
	cfg.Seed = 12
	if c := generate(t, m.NewSession(), prompt, cfg); slices.Equal(a.IDs, c.IDs) {
		t.Error("two seeds gave the same 20 tokens at temperature 20")
	}
}

func TestCloseEndsEverything(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 2})
	s := m.NewSession()
	generate(t, s, prompt, GenerateConfig{MaxTokens: 3})
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Generate(prompt); !errors.Is(err, ErrClosed) {
		t.Errorf("generating on a closed model: %v", err)
	}
	if _, err := s.Eval([]int{1}); !errors.Is(err, ErrClosed) {
		t.Errorf("evaluating on a closed model: %v", err)
	}
	if err := m.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("closing twice: %v", err)
	}
	s.Close() // gives the pages back, though the model is gone
	if m.Bytes() != 0 {
		t.Errorf("a closed model holds %d bytes", m.Bytes())
	}
}

// A session that is no longer reachable gives its pages back.
func TestForgottenSessionsAreFreed(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1})
	base := m.cells.MappedBytes()
	// None is collected before all were made, and they fill several slabs: one that
	// is still reachable from a register then keeps a small part.
	percent := debug.SetGCPercent(-1)
	for range 200 {
		if _, err := m.NewSession().Eval([]int{1}); err != nil {
			t.Fatal(err)
		}
	}
	taken := m.cells.MappedBytes() - base
	debug.SetGCPercent(percent)
	for i := 0; i < 200 && m.cells.MappedBytes()-base > taken/2; i++ {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	if left := m.cells.MappedBytes() - base; left > taken/2 {
		t.Errorf("%d of %d bytes are still held after 200 sessions were forgotten", left, taken)
	}
}

// holder is an observer that holds its session, as one that a script writes may.
type holder struct{ session *Session }

func (holder) Wants(int, observe.Point) bool { return false }
func (holder) Observe(observe.Event)         {}

// A model that is no longer reachable is collected, though its last pass was
// watched by what holds it.
func TestForgottenModelsAreClosed(t *testing.T) {
	path, gone := enginetest.DefaultTiny().Write(t), make(chan bool, 1)
	func() {
		m, err := Load(path, LoadConfig{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		runtime.AddCleanup(m, func(c chan bool) { c <- true }, gone)
		s := m.NewSession()
		s.Observe(holder{s})
		if _, err := s.Eval([]int{1, 2, 3}); err != nil {
			t.Fatal(err)
		}
	}()
	for range 200 {
		runtime.GC()
		select {
		case <-gone:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Error("a forgotten model is still there after 200 collections")
}

func TestHostHearsWhatCallsDo(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1, EvalBatchSize: 16})
	var text strings.Builder
	var progress []int
	var stats []Stats
	ctx, cancel := context.WithCancel(context.Background())
	restore := SetHost(&Host{
		Context:  func() context.Context { return ctx },
		Text:     func(s string) { text.WriteString(s) },
		Progress: func(_ string, done, total int64, _ string) { progress = append(progress, int(done)) },
		Done:     func(s Stats) { stats = append(stats, s) },
	})
	defer restore()
	r := generate(t, m.NewSession(), strings.Repeat("zebra ", 8), GenerateConfig{MaxTokens: 5})
	if text.String() != r.Text || len(stats) != 1 || stats[0] != r.Stats {
		t.Errorf("host heard %q and %v; reply %q %v", text.String(), stats, r.Text, r.Stats)
	}
	if n := r.Stats.PromptTokens; len(progress) != 1+(n+15)/16*2 || progress[len(progress)-1] != n {
		t.Errorf("progress %v of %d tokens in batches of 16, two layers", progress, n)
	}
	cancel()
	if _, err := m.NewSession().Generate(prompt); !errors.Is(err, context.Canceled) {
		t.Errorf("under the host's cancelled context: %v", err)
	}
	restore()
	if _, err := m.NewSession().Generate(prompt, GenerateConfig{MaxTokens: 1}); err != nil {
		t.Errorf("without the host: %v", err)
	}
}

// A call that waits for its session gives up when its context ends.
func TestWaitingEndsWithTheContext(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1})
	s := m.NewSession()
	s.mu.Lock() // another call is at work
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	for name, call := range map[string]func() error{
		"Generate": func() error { _, err := s.GenerateContext(ctx, prompt); return err },
		"Chat":     func() error { _, err := s.ChatContext(ctx, "hi"); return err },
		"Send":     func() error { _, err := s.SendContext(ctx, nil); return err },
		"Eval":     func() error { _, err := s.EvalContext(ctx, []int{1}); return err },
	} {
		if err := call(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A call that was about to wait for its turn when the model was closed does not
// wait for ever.
func TestCloseLeavesNobodyWaiting(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1})
	turn := m.begin(context.Background())
	defer m.end(turn)
	if err := m.take(turn); err != nil {
		t.Fatal(err)
	}
	waits := &closesOnDone{Context: context.Background(), m: m}
	late := &turnOf{waits}
	if err := late.take(m); !errors.Is(err, ErrClosed) {
		t.Errorf("the late call got %v", err)
	}
}

// closesOnDone ends the turn and closes the model when somebody asks how long to
// wait, which is between looking at closed and waiting.
type closesOnDone struct {
	context.Context
	m    *Model
	once sync.Once
}

func (c *closesOnDone) Done() <-chan struct{} {
	c.once.Do(func() {
		c.m.give()
		c.m.Close()
	})
	return c.Context.Done()
}

type turnOf struct{ ctx context.Context }

func (w *turnOf) take(m *Model) error { return m.take(&turn{ctx: w.ctx}) }

// Settings that contradict themselves are refused, not changed.
func TestContradictions(t *testing.T) {
	path := enginetest.DefaultTiny().Write(t)
	for _, bad := range []struct {
		cfg  LoadConfig
		want string
	}{
		{LoadConfig{FlashAttention: Switch(-3)}, "FlashAttention is -3; it may be Auto, On or Off"},
		{LoadConfig{ReusePrefix: Switch(9)}, "ReusePrefix is 9"},
		{LoadConfig{EvalBatchSize: 100, PhysicalBatchSize: 600}, "PhysicalBatchSize is 600; it may be at most EvalBatchSize, 100"},
		{LoadConfig{ContextLength: 1}, "ContextLength is 1"},
	} {
		if _, err := Load(path, bad.cfg); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%+v: %v", bad.cfg, err)
		}
	}
}

// A factor without a type is linear scaling, under its old key too.
func TestRopeScalingKeys(t *testing.T) {
	for name, meta := range map[string]map[string]any{
		"factor":       {"llama.rope.scaling.factor": float32(4)},
		"scale_linear": {"llama.rope.scale_linear": float32(4)},
		"both":         {"llama.rope.scaling.factor": float32(4), "llama.rope.scale_linear": float32(8)},
		"none":         {"llama.rope.scaling.type": "none", "llama.rope.scaling.factor": float32(4)},
		"nothing":      {},
	} {
		want := 0.25
		if name == "none" || name == "nothing" {
			want = 1
		}
		m := tiny(t, LoadConfig{}, func(c *enginetest.Tiny) { c.Meta = meta })
		if got := m.Settings().RopeFrequencyScale; got != want {
			t.Errorf("%s: scale %g, want %g", name, got, want)
		}
	}
}

// Flash attention on and off say the same, for every pair of cache types, and
// looking at the pattern changes nothing.
func TestFlashAttentionAgrees(t *testing.T) {
	text := strings.Repeat("the man and the hen on the in and ", 20)
	for i, k := range CacheTypes() {
		v := CacheTypes()[(5*i+3)%len(CacheTypes())]
		var logits [2][]float32
		for on, flash := range []Switch{Off, On} {
			m := tiny(t, LoadConfig{Threads: 2, ContextLength: 600, KCacheType: k, VCacheType: v, FlashAttention: flash}, func(c *enginetest.Tiny) { c.Context = 600 })
			if got := m.Settings().FlashAttention; got != flash {
				t.Fatalf("flash attention is %s, want %s", got, flash)
			}
			ids := m.Tokenize(text)
			if len(ids) < 300 {
				t.Fatalf("only %d tokens", len(ids))
			}
			s := m.NewSession()
			var err error
			if logits[on], err = s.Eval(ids); err != nil {
				t.Fatal(err)
			}
			watched := m.NewSession()
			watched.Observe(wants(observe.AttnPattern))
			again, err := watched.Eval(ids)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(again, logits[on]) {
				t.Errorf("K %s, V %s, flash %s: the pattern looked at, other bits", k, v, flash)
			}
			s.Close()
			watched.Close()
		}
		scale, worst := 0.0, 0.0
		for j := range logits[0] {
			scale = max(scale, math.Abs(float64(logits[0][j])))
			worst = max(worst, math.Abs(float64(logits[0][j]-logits[1][j])))
		}
		// Rounding to 8 bits may fall the other way after a change of the last bit.
		if !(worst <= 0.02*scale) {
			t.Errorf("K %s, V %s: flash attention changes a logit by %g of %g", k, v, worst, scale)
		}
	}
}

// wants is an observer of one point that does nothing.
type wants observe.Point

func (w wants) Wants(_ int, p observe.Point) bool { return p == observe.Point(w) }
func (w wants) Observe(observe.Event)             {}

// A prompt tells how far it is, by batches, and the rest of a reused one.
func TestPromptProgress(t *testing.T) {
	m := lesson(t, LoadConfig{ContextLength: 512, EvalBatchSize: 64, Profile: BuiltIn})
	ids := make([]int, 200)
	for i := range ids {
		ids[i] = 100 + i
	}
	var host []int
	defer SetHost(&Host{Progress: func(label string, done, total int64, unit string) {
		if label != "prompt" || unit != "tokens" || total != 200 && total != 100 {
			t.Errorf("%s, %d of %d", label, done, total)
		}
		host = append(host, int(done))
	}})()
	var got []PromptProgress
	cfg := GenerateConfig{MaxTokens: 1, OnPromptProgress: func(p PromptProgress) { got = append(got, p) }}
	s := m.NewSession()
	if _, err := s.GenerateIDs(context.Background(), ids, cfg); err != nil {
		t.Fatal(err)
	}
	var done []int
	for i, p := range got {
		if done = append(done, p.EvaluatedTokens); p.PromptTokens != 200 || p.ReusedTokens != 0 || p.Unread() != 200-p.EvaluatedTokens || i > 0 && p.Elapsed <= got[i-1].Elapsed || (p.Left > 0) != (i > 0 && i < 4) {
			t.Errorf("%+v", p)
		}
	}
	if !slices.Equal(done, []int{0, 64, 128, 192, 200}) {
		t.Errorf("read %v", done)
	}
	if !slices.IsSorted(host) || len(host) < 4*m.net.Config.Layers || host[0] != 0 || host[len(host)-1] != 200 {
		t.Errorf("the host heard %v", host)
	}
	got = nil
	ids[100] = 50
	if _, err := s.GenerateIDs(context.Background(), ids, cfg); err != nil {
		t.Fatal(err)
	}
	if last := got[len(got)-1]; last.ReusedTokens != 100 || last.EvaluatedTokens != 100 || last.Unread() != 0 {
		t.Errorf("%+v", last)
	}
}
