package openai

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"loupe/engine"
	"loupe/engine/chat"
	"loupe/stdlib/chain"
)

var long = flag.Bool("long", false, "run against the server that LOUPE_OPENAI_URL names")

const secret = "sk-very-secret"

// fake is a server with a model "m"; answer serves a completion.
type fake struct {
	*httptest.Server
	answer func(w http.ResponseWriter, q question)
	calls  atomic.Int64
	key    atomic.Value
}

type question struct {
	Path      string
	N         int64 // which call, from 1
	Model     string
	Messages  []chat.Message
	Prompt    string
	Stream    bool
	Max       int      `json:"max_tokens"`
	Temp      *float64 `json:"temperature"`
	Stop      []string
	Format    json.RawMessage `json:"response_format"`
	LogitBias map[string]int  `json:"logit_bias"`
	Options   struct {
		Usage bool `json:"include_usage"`
	} `json:"stream_options"`
}

// last is what was asked.
func (q question) last() string {
	if len(q.Messages) == 0 {
		return q.Prompt
	}
	return q.Messages[len(q.Messages)-1].Content
}

func serve(t *testing.T, answer func(w http.ResponseWriter, q question)) *fake {
	t.Helper()
	t.Setenv("OPENAI_API_KEY", secret)
	f := &fake{answer: answer}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, r *http.Request) {
		f.key.Store(r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"object":"list","data":[{"id":"m","object":"model","max_model_len":512}]}`)
	})
	mux.HandleFunc("POST /v1/", func(w http.ResponseWriter, r *http.Request) {
		q := question{Path: r.URL.Path, N: f.calls.Add(1)}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Error(err)
		}
		f.answer(w, q)
	})
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) server() *Server { return &Server{URL: f.URL + "/v1", Model: "m"} }

// say answers as servers do.
func say(w http.ResponseWriter, q question, model, text, finish string) {
	usage := `{"prompt_tokens":20,"completion_tokens":4,"total_tokens":24,"prompt_tokens_details":{"cached_tokens":5}}`
	quoted, _ := json.Marshal(text)
	if !q.Stream {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":"x","object":"chat.completion","model":%q,"choices":[{"index":0,"message":{"role":"assistant","content":%s},"text":%s,"finish_reason":%q}],"usage":%s}`, model, quoted, quoted, finish, usage)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for _, part := range strings.SplitAfter(text, " ") {
		quoted, _ := json.Marshal(part)
		fmt.Fprintf(w, "data: {\"id\":\"x\",\"model\":%q,\"choices\":[{\"index\":0,\"delta\":{\"content\":%s},\"text\":%s,\"finish_reason\":null}]}\n\n", model, quoted, quoted)
		w.(http.Flusher).Flush()
	}
	if finish == "" {
		return
	}
	fmt.Fprintf(w, "data: {\"id\":\"x\",\"model\":%q,\"choices\":[{\"index\":0,\"delta\":{},\"text\":\"\",\"finish_reason\":%q}]}\n\n", model, finish)
	if q.Options.Usage {
		fmt.Fprintf(w, "data: {\"id\":\"x\",\"model\":%q,\"choices\":[],\"usage\":%s}\n\n", model, usage)
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
}

// pieces are for Map: one for each text.
func pieces(texts ...string) []chain.Piece {
	var p []chain.Piece
	for i, text := range texts {
		p = append(p, chain.Piece{Index: i, Text: text})
	}
	return p
}

func mapping(step chain.Step, texts ...string) func(r *chain.Run) error {
	return func(r *chain.Run) error {
		_, err := r.Map(step, pieces(texts...))
		return err
	}
}

var ask = chain.Step{Name: "ask", System: "Be brief.", Prompt: "{text}?", Config: engine.GenerateConfig{MaxTokens: 9, Stop: []string{"\n"}}}

// A chain on a server: asked as set, answered, streamed, counted by the server's usage.
func TestAnswers(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, q question) {
		if q.Model != "m" || q.Max != 9 || q.Temp == nil || *q.Temp != 0 || len(q.Stop) != 1 || q.Path != "/v1/chat/completions" || q.Messages[0].Content != "Be brief." {
			t.Errorf("asked %+v", q)
		}
		say(w, q, "m", "you said "+q.last(), "stop")
	})
	ask := ask
	ask.Config.RepeatPenalty, ask.Config.Typical = 1, 1 // which is none
	for _, streams := range []bool{false, true} {
		c := &chain.Chain{Runner: f.server(), Do: mapping(ask, "a", "b", "c", "d", "e", "f", "g")}
		heard := map[*chain.Result]string{}
		if streams {
			c.OnEvent = func(e chain.Event) {
				if e.Kind == chain.Texted {
					heard[e.Result] += e.Text
				}
			}
		}
		p, err := c.Plan()
		if err != nil {
			t.Fatal(err)
		}
		if f.calls.Load() != 0 && !streams {
			t.Error("planning asked")
		}
		if text := p.String(); !strings.Contains(text, "m: what a plan cannot know: how many tokens its prompts have, what its cache holds") || !strings.Contains(text, "?") || p.Total.Calls.High != 7 || p.Total.GeneratedTokens.High != 63 {
			t.Errorf("the plan is\n%s", text)
		}
		r, err := c.Run()
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range r.Results {
			st := x.Calls[0].Stats
			if want := fmt.Sprintf("you said %c?", 'a'+i); x.Text != want || x.ID != i+1 || x.Piece.Index != i || streams != (heard[x] == want) {
				t.Errorf("step %d: %q, heard %q", i+1, x.Text, heard[x])
			}
			if st.PromptTokens != 20 || st.ReusedTokens != 5 || st.EvaluatedTokens != 15 || st.GeneratedTokens != 4 || st.StopReason != engine.EOSFound || streams != (st.TTFT > 0) {
				t.Errorf("step %d: %+v", i+1, st)
			}
		}
		a := r.Account()
		if a.Total.PromptTokens.High != 140 || a.Total.ReusedTokens.High != 35 || !strings.Contains(a.String(), "140") {
			t.Errorf("the account is\n%s", a)
		}
	}
	if got := f.key.Load(); got != "Bearer "+secret {
		t.Errorf("the key was sent as %q", got)
	}
}

func TestRawAndStructured(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, q question) {
		if q.Prompt != "" {
			if q.Path != "/v1/completions" || q.Prompt != "once" || q.LogitBias["7"] != -100 {
				t.Errorf("asked %+v", q)
			}
			say(w, q, "m", " more", "length")
			return
		}
		if !strings.Contains(string(q.Format), `"json_schema"`) || !strings.Contains(string(q.Format), `"Name"`) {
			t.Errorf("the format is %s", q.Format)
		}
		say(w, q, "m", `{"Name":"Ada"}`, "stop")
	})
	for _, on := range []func(chain.Event){nil, func(chain.Event) {}} {
		c := &chain.Chain{Runner: f.server(), OnEvent: on, Do: func(r *chain.Run) error {
			x, err := r.Do(chain.Step{Prompt: "once", Raw: true, Config: engine.GenerateConfig{LogitBias: map[int]float64{7: -1e6}}})
			if err != nil || r.Planning() {
				return err
			}
			if x.Text != "more" || x.Calls[0].Stats.StopReason != engine.MaxPredictedTokensReached {
				t.Errorf("%+v", x)
			}
			x, err = r.Do(chain.Step{Prompt: "who?", Structured: struct{ Name string }{}})
			if err == nil && x.Value.(struct{ Name string }).Name != "Ada" {
				t.Errorf("%+v", x.Value)
			}
			return err
		}}
		if _, err := c.Run(); err != nil {
			t.Fatal(err)
		}
	}
}

// No more requests at a time than set, and all of these.
func TestConcurrency(t *testing.T) {
	var now, most atomic.Int64
	f := serve(t, func(w http.ResponseWriter, q question) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(20 * time.Millisecond)
		now.Add(-1)
		say(w, q, "m", "x", "stop")
	})
	s := f.server()
	s.Concurrency = 3
	c := &chain.Chain{Runner: s, Do: mapping(ask, strings.Split("abcdefghijkl", "")...)}
	if _, err := c.Run(); err != nil || most.Load() != 3 {
		t.Errorf("%v, %d at a time", err, most.Load())
	}
}

// After 429 and 5xx a request is sent again, when the server says; not for ever, and
// not after 400.
func TestBackOff(t *testing.T) {
	var at []time.Time
	var mu sync.Mutex
	f := serve(t, nil)
	f.answer = func(w http.ResponseWriter, q question) {
		mu.Lock()
		at = append(at, time.Now())
		n := len(at)
		mu.Unlock()
		switch {
		case n == 1:
			w.Header().Set("Retry-After", "1")
			http.Error(w, `{"error":{"message":"slow down"}}`, 429)
		case n == 2:
			w.Header().Set("Retry-After-Ms", "30")
			http.Error(w, "busy", 503)
		default:
			say(w, q, "m", "x", "stop")
		}
	}
	c := &chain.Chain{Runner: f.server(), Do: mapping(ask, "a")}
	if _, err := c.Run(); err != nil || len(at) != 3 || at[1].Sub(at[0]) < 950*time.Millisecond || at[2].Sub(at[1]) < 30*time.Millisecond {
		t.Errorf("%v, at %v", err, at)
	}
	for status, want := range map[int]string{
		429: "the server answers 429: no sk-(OPENAI_API_KEY)-x, also after waiting; lower Server.Concurrency",
		500: "the server answers 500: no sk-",
		400: "the server answers 400: no sk-",
		401: "set the environment variable OPENAI_API_KEY to a key of this server",
		404: "check Server.URL",
	} {
		f.calls.Store(0)
		f.answer = func(w http.ResponseWriter, q question) {
			w.Header().Set("Retry-After-Ms", "1")
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"error":{"message":"no sk-%s-x"}}`, secret)
		}
		s := f.server()
		s.Retries = 2
		c := &chain.Chain{Runner: s, Do: mapping(ask, "a")}
		_, err := c.Run()
		calls := int64(1)
		if status == 429 || status >= 500 {
			calls = 3
		}
		var e *Error
		if !errors.As(err, &e) || e.Status != status || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "step 1 (ask, document 1 piece 1)") || f.calls.Load() != calls {
			t.Errorf("%d: %v after %d calls", status, err, f.calls.Load())
		}
		if all := fmt.Sprintf("%v %+v %#v", err, err, e); strings.Contains(all, secret) {
			t.Errorf("%d: the error holds the key: %s", status, all)
		}
	}
}

// What goes wrong in one step is said of that step, and the others are kept, in the
// journal too.
func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		fail func(w http.ResponseWriter, q question)
		want string
	}{
		"dies in a stream": {func(w http.ResponseWriter, q question) {
			say(w, q, "m", "half an", "")
			panic(http.ErrAbortHandler)
		}, "broke off after 7 bytes of an answer"},
		"ends early":    {func(w http.ResponseWriter, q question) { say(w, q, "m", "half an", "") }, "after 7 bytes without a finish_reason"},
		"another model": {func(w http.ResponseWriter, q question) { say(w, q, "other-7b", "x", "stop") }, `was asked for model "m" and its answer says that it is of "other-7b"`},
		"filtered":      {func(w http.ResponseWriter, q question) { say(w, q, "m", "x", "content_filter") }, `finish_reason "content_filter"`},
		"no protocol": {func(w http.ResponseWriter, q question) {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "data: <html>welcome</html>\n\n")
		}, "openai: asking"},
		"an error in a stream": {func(w http.ResponseWriter, q question) {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "data: {\"error\":{\"message\":\"out of memory\",\"code\":500}}\n\n")
		}, "out of memory"},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, nil)
			fails := true
			f.answer = func(w http.ResponseWriter, q question) {
				if fails && strings.HasPrefix(q.last(), "b") {
					c.fail(w, q)
				} else {
					say(w, q, "m", "fine", "stop")
				}
			}
			path := filepath.Join(t.TempDir(), "journal")
			job := &chain.Chain{Runner: f.server(), Journal: path, Do: mapping(ask, "a", "b", "c"), OnEvent: func(chain.Event) {}}
			r, err := job.Run()
			var failed *chain.MapError
			if !errors.As(err, &failed) || len(failed.Failed) != 1 || failed.Failed[0].ID != 2 || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "step 2 (ask, document 1 piece 2)") {
				t.Errorf("%v, want %q", err, c.want)
			}
			if texts := chain.Texts(chain.Good(r.Results)); fmt.Sprint(texts) != "[fine fine]" || len(r.Results) != 3 {
				t.Errorf("kept %q", texts)
			}
			fails = false
			before := f.calls.Load()
			again, err := job.Run()
			if err != nil || f.calls.Load() != before+1 || again.Account().Total.Resumed != 2 {
				t.Errorf("again: %v after %d calls", err, f.calls.Load()-before)
			}
			if data, _ := os.ReadFile(path); strings.Contains(string(data), secret) || strings.Contains(fmt.Sprintf("%+v", err), secret) {
				t.Error("the key is in the journal or in an error")
			}
		})
	}
}

// Time runs out for a step, for the server, or the run is stopped.
func TestTimes(t *testing.T) {
	hang := make(chan struct{})
	f := serve(t, func(w http.ResponseWriter, q question) {
		if !strings.HasPrefix(q.last(), "a") {
			<-hang
		}
		say(w, q, "m", "x", "stop")
	})
	defer close(hang)
	step := ask
	step.Timeout = 50 * time.Millisecond
	c := &chain.Chain{Runner: f.server(), Do: mapping(step, "a", "b")}
	if r, err := c.Run(); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within the Timeout of 50ms") || len(chain.Good(r.Results)) != 1 {
		t.Error(err)
	}
	s := f.server()
	s.Timeout = 50 * time.Millisecond
	c = &chain.Chain{Runner: s, Do: mapping(ask, "a", "b")}
	if _, err := c.Run(); !strings.Contains(fmt.Sprint(err), "gave no answer within 50ms (Server.Timeout)") {
		t.Error(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s = f.server()
	s.Concurrency = 2
	c = &chain.Chain{Runner: s, Do: mapping(ask, "a", "b", "c", "d", "e"), OnEvent: func(e chain.Event) {
		if e.Kind == chain.Done {
			time.AfterFunc(30*time.Millisecond, stop)
		}
	}}
	if r, err := c.RunContext(ctx); !errors.Is(err, context.Canceled) || len(chain.Good(r.Results)) != 1 || len(r.Results) != 3 {
		t.Errorf("%v with %d results", err, len(r.Results))
	}
}

func TestRefuses(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, q question) { say(w, q, "m", "x", "stop") })
	down := httptest.NewServer(nil)
	down.Close()
	for _, c := range []struct {
		server Server
		step   chain.Step
		want   string
	}{
		{Server{URL: "nowhere"}, ask, "Server.URL is no address"},
		{Server{URL: "http://me:" + secret + "@host/v1"}, ask, "holds a name, a password or a query"},
		{Server{URL: f.URL + "/v1", Model: "other"}, ask, `has no model "other"; it has: m`},
		{Server{URL: f.URL + "/v1", Concurrency: -1}, ask, "Concurrency is -1"},
		{Server{URL: f.URL + "/v1", Retries: -1}, ask, "Retries is -1"},
		{Server{URL: f.URL + "/v1", Timeout: -1}, ask, "Timeout is -1ns"},
		{Server{URL: f.URL + "/v1", ContextLength: -1}, ask, "ContextLength is -1"},
		{Server{URL: f.URL + "/v1"}, chain.Step{Prompt: "a", Config: engine.GenerateConfig{TopK: 3}}, "TopK is set"},
		{Server{URL: f.URL + "/v1"}, chain.Step{Prompt: "a", Config: engine.GenerateConfig{RepeatPenalty: 1.1}}, "RepeatPenalty is set"},
		{Server{URL: f.URL + "/v1"}, chain.Step{Prompt: "a", Config: engine.GenerateConfig{Grammar: `root ::= "a"`}}, "Grammar is set"},
		{Server{URL: f.URL + "/v1"}, chain.Step{Prompt: "a", Config: engine.GenerateConfig{LogitBias: map[int]float64{3: 0.5}}}, "LogitBias of token 3 is 0.5"},
		{Server{URL: down.URL + "/v1", Retries: 1}, ask, "asking " + down.URL + "/v1 for its models"},
	} {
		job := &chain.Chain{Runner: &c.server, Do: func(r *chain.Run) error { _, err := r.Do(c.step); return err }}
		if _, err := job.Run(); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	if f.calls.Load() != 0 {
		t.Errorf("%d requests were sent", f.calls.Load())
	}
	// Nobody counts: Split says how somebody could.
	job := &chain.Chain{Runner: f.server(), Do: chain.Map(ask)}
	doc := chain.Document{Text: "one two three"}
	if _, err := job.Run(doc); err == nil || !strings.Contains(err.Error(), "set Chain.Tokenizer") {
		t.Error(err)
	}
	job.Tokenizer = runes{}
	if _, err := job.Run(doc); err == nil || !strings.Contains(err.Error(), "Splitter.Tokens is 0") {
		t.Error(err)
	}
	job.Split.Tokens = 5
	if r, err := job.Run(doc); err != nil || len(r.Results) != 3 {
		t.Error(err)
	}
}

// runes is a tokenizer whose tokens are bytes.
type runes struct{}

func (runes) TokenizePlain(text string) []int {
	var ids []int
	for _, b := range []byte(text) {
		ids = append(ids, int(b))
	}
	return ids
}
func (runes) TokenText(id int) string { return string([]byte{byte(id)}) }

// A llama-server tells how it reads: plans count, Split cuts, overflow is said before.
func TestReader(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, q question) { say(w, q, "m", "x", "stop") })
	mux := f.Config.Handler.(*http.ServeMux)
	mux.HandleFunc("GET /props", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"default_generation_settings":{"n_ctx":40}}`)
	})
	mux.HandleFunc("POST /apply-template", func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Messages []chat.Message }
		json.NewDecoder(r.Body).Decode(&q)
		text := ""
		for _, m := range q.Messages {
			text += "<" + m.Role + ">" + m.Content
		}
		json.NewEncoder(w).Encode(map[string]string{"prompt": text})
	})
	broken := atomic.Bool{}
	mux.HandleFunc("POST /tokenize", func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() {
			http.Error(w, "gone "+secret, 500)
			return
		}
		var q struct{ Content string }
		json.NewDecoder(r.Body).Decode(&q)
		type token struct {
			ID    int `json:"id"`
			Piece any `json:"piece"`
		}
		tokens := []token{}
		for i := range len(q.Content) {
			x := token{int(q.Content[i]), q.Content[i : i+1]}
			if q.Content[i] >= 0x80 {
				x.Piece = []int{int(q.Content[i])}
			}
			tokens = append(tokens, x)
		}
		json.NewEncoder(w).Encode(map[string]any{"tokens": tokens})
	})
	step := chain.Step{Name: "ask", Prompt: "{text}?", Config: engine.GenerateConfig{MaxTokens: 9}}
	s := f.server()
	s.ContextLength = 40 // before what the server says
	c := &chain.Chain{Runner: s, Do: chain.Map(step)}
	doc := chain.Document{Text: "The fox ran home. Über allem stand der Mond. It was late."}
	p, err := c.Plan(doc)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Run(doc)
	if err != nil {
		t.Fatal(err)
	}
	joined := ""
	for _, x := range r.Results {
		if n := len(x.Calls[0].Prompt); n+9 > 40 || x.Calls[0].Prompt != "<user>"+strings.TrimSpace(x.Piece.Text)+"?" {
			t.Errorf("asked %q", x.Calls[0].Prompt)
		}
		joined += x.Piece.Text
	}
	if joined != doc.Text || len(r.Results) < 3 || p.Total.PromptTokens.High < float64(len(doc.Text)) || strings.Contains(p.String(), "how many tokens") {
		t.Errorf("%q, %v\n%s", joined, p.Total, p)
	}
	c.Do = func(r *chain.Run) error {
		_, err := r.Do(chain.Step{Name: "big", Prompt: strings.Repeat("a", 60), Config: step.Config})
		return err
	}
	var over *chain.OverflowError
	if _, err := c.Run(); !errors.As(err, &over) || over.PromptTokens != 66 {
		t.Error(err)
	}
	c.Do = func(r *chain.Run) error {
		broken.Store(true)
		_, err := r.Split(step, doc)
		return err
	}
	if _, err := c.Run(); err == nil || !strings.Contains(err.Error(), "/tokenize: the server answers 500") || strings.Contains(err.Error(), secret) {
		t.Error(err)
	}
}

func TestSame(t *testing.T) {
	for _, c := range []struct {
		asked, got string
		want       bool
	}{
		{"m", "m", true}, {"gpt-4o", "gpt-4o-2024-08-06", true}, {"smollm2", "/models/smollm2-135m-q4_1.gguf", true}, {"a/b/Qwen3", "qwen3", true},
		{"gpt-4", "gpt-4o", false}, {"m", "n", false}, {"llama-3", "llama-31", false}, {"x.gguf", `C:\models\x.gguf`, true},
	} {
		if same(c.asked, c.got) != c.want {
			t.Errorf("%q and %q: %v", c.asked, c.got, !c.want)
		}
	}
}

// On a real server: answers, counts, streaming, several at once, a journal.
func TestRealServer(t *testing.T) {
	url := os.Getenv("LOUPE_OPENAI_URL")
	if !*long || url == "" {
		t.Skip("it needs -long, and a server, which LOUPE_OPENAI_URL names (see the package's doc)")
	}
	step := chain.Step{Name: "ask", System: "Answer in one word.", Prompt: "{text}\nWhat animal is it about?", Config: engine.GenerateConfig{MaxTokens: 12}}
	raw := chain.Step{Name: "raw", Prompt: "The capital of France is", Raw: true, Config: engine.GenerateConfig{MaxTokens: 6}}
	for _, streams := range []bool{false, true} {
		heard := ""
		c := &chain.Chain{Runner: &Server{URL: url, Concurrency: 2}, Journal: filepath.Join(t.TempDir(), "journal"), Do: func(r *chain.Run) error {
			if _, err := r.Map(step, pieces("The fox ran into the wood.", "An owl sat in the tree.", "The goat ate the hay.")); err != nil {
				return err
			}
			_, err := r.Do(raw)
			return err
		}}
		if streams {
			c.OnEvent = func(e chain.Event) { heard += e.Text }
		}
		p, err := c.Plan()
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.Run()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s\n%s\n%q", p, r, chain.Texts(r.Results))
		for _, x := range r.Results {
			st := x.Calls[0].Stats
			if x.Text == "" || streams && !strings.Contains(heard, "Paris") || !streams && (st.PromptTokens < 4 || st.GeneratedTokens < 1 || st.GeneratedTokens > 12) {
				t.Errorf("%q, %+v", x.Text, st)
			}
			if p.Total.PromptTokens.High > 0 && !streams && len(x.Reply().PromptIDs) != st.PromptTokens {
				t.Errorf("step %d: %d tokens were planned, the server read %d", x.ID, len(x.Reply().PromptIDs), st.PromptTokens)
			}
		}
		if x := r.Last(); !strings.Contains(x.Text, "Paris") {
			t.Errorf("the capital of France is %q", x.Text)
		}
		again, err := c.Run()
		if err != nil || again.Account().Total.Resumed != 4 || again.Account().Total.Calls.High != 0 {
			t.Errorf("again: %v, %+v", err, again.Account().Total)
		}
	}
}
