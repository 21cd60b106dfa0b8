package engine

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"loupe/engine/enginetest"
	"loupe/engine/grammar"
)

const animal = `root ::= "{\"name\": \"" [a-zé]{2,12} "\", \"legs\": " [0-9]{1,2} "}"`

// Text of a model with random weights, which writes anything, is what the grammar
// says: greedy and sampled, ended by the model, MaxTokens or the context.
func TestGrammar(t *testing.T) {
	m := tiny(t, LoadConfig{ContextLength: 128, Threads: 1})
	form := regexp.MustCompile(`^\{"name": "[a-zé]{2,12}", "legs": [0-9]{1,2}\}$`)
	for _, cfg := range []GenerateConfig{
		{}, {MaxTokens: 33}, {MaxTokens: 29}, {MaxTokens: 30, Temperature: 1.5, Seed: 1},
		{Temperature: 1, TopK: 20, TopP: 0.9, MinP: 0.02, Seed: 2}, {Temperature: 2, Seed: 3, RepeatPenalty: 1.2},
	} {
		cfg.Grammar = animal
		r := generate(t, m.NewSession(), prompt, cfg)
		if !form.MatchString(r.Text) {
			t.Errorf("%+v: %q", cfg, r.Text)
		}
		if r.Stats.StopReason != EOSFound && r.Stats.StopReason != MaxPredictedTokensReached {
			t.Errorf("%+v: stop %s", cfg, r.Stats.StopReason)
		}
	}
	long := GenerateConfig{Grammar: `root ::= "<" [^<>]* ">"`, Temperature: 1, Seed: 4}
	for _, n := range []int{2, 3, 40, 0} { // 0: to the end of the context
		long.MaxTokens = n
		r := generate(t, m.NewSession(), prompt, long)
		want := MaxPredictedTokensReached
		if n == 0 {
			want = ContextLengthReached
		}
		if !strings.HasPrefix(r.Text, "<") || !strings.HasSuffix(r.Text, ">") || strings.Count(r.Text, ">") != 1 {
			t.Errorf("%d tokens: %q", n, r.Text)
		}
		if st := r.Stats; st.StopReason != want && st.StopReason != EOSFound {
			t.Errorf("%d tokens: stop %s", n, st.StopReason)
		}
	}
}

// A grammar that allows everything changes nothing.
func TestGrammarOfEverything(t *testing.T) {
	m, err := Load("lesson", LoadConfig{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, cfg := range []GenerateConfig{{MaxTokens: 40}, {MaxTokens: 40, Temperature: 0.8, Seed: 5}, {MaxTokens: 40, Temperature: 0.8, TopK: 10, TopP: 0.9, Seed: 6}} {
		free := generate(t, m.NewSession(), "Once there was a rabbit", cfg)
		cfg.Grammar = "root ::= .*"
		held := generate(t, m.NewSession(), "Once there was a rabbit", cfg)
		if free.Text != held.Text {
			t.Errorf("%+v:\n%q\n%q", cfg, free.Text, held.Text)
		}
	}
}

// The same grammar in another generation is not made anew, and generations of one
// grammar do not disturb each other.
func TestGrammarIsKept(t *testing.T) {
	m := tiny(t, LoadConfig{Threads: 1})
	cfg := GenerateConfig{Grammar: animal, Temperature: 1, Seed: 7}
	want := generate(t, m.NewSession(), prompt, cfg).Text
	first := m.grammars.bound[0].Bound
	done := make(chan string)
	for range 4 {
		go func() {
			r, err := m.NewSession().Generate(prompt, cfg)
			if err != nil {
				done <- err.Error()
				return
			}
			done <- r.Text
		}()
	}
	for range 4 {
		if got := <-done; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if len(m.grammars.bound) != 1 || m.grammars.bound[0].Bound != first {
		t.Error("the grammar was made anew")
	}
}

func TestGrammarRefused(t *testing.T) {
	m := tiny(t, LoadConfig{ContextLength: 64, Threads: 1})
	for _, c := range []struct {
		cfg  GenerateConfig
		want []string
	}{
		{GenerateConfig{Grammar: "root ::= \"a\nb"}, []string{"engine: Grammar: grammar: line 2", "not closed"}},
		{GenerateConfig{Grammar: "root ::= <|nope|>"}, []string{"<|nope|> is not a token of this model"}},
		{GenerateConfig{Grammar: animal, JSONSchema: "{}"}, []string{"JSONSchema", "empty where Grammar is set"}},
		{GenerateConfig{Grammar: animal, MaxTokens: 5}, []string{"the shortest text that it describes takes 25 tokens, and 5 are left", "MaxTokens is 5"}},
	} {
		_, err := m.NewSession().Generate(prompt, c.cfg)
		for _, w := range c.want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%+v: %v, want %q", c.cfg, err, w)
			}
		}
	}
	var limit *grammar.LimitError
	if _, err := m.NewSession().Generate(strings.Repeat("x", 50), GenerateConfig{Grammar: animal}); !errors.As(err, &limit) || limit.Left != 15 {
		t.Errorf("a context that is too short: %v", err)
	}
	if err := (GenerateConfig{Grammar: "root ::= x"}).Check(); err == nil {
		t.Error("Check takes a broken grammar")
	}
}

// Real models, with the tokenizers that there are.
func TestGrammarOfRealModels(t *testing.T) {
	schema := `root ::= "{" ws "\"animal\":" ws string "," ws "\"legs\":" ws [0-9]{1,3} "," ws "\"sounds\":" ws "[" ws (string ("," ws string){0,3})? ws "]" ws "}"
string ::= "\"" ([^"\\\x7F\x00-\x1F] | "\\" ["\\nt])* "\""
ws ::= " "?`
	for name, file := range map[string]string{"smollm2": "smollm2-135m-instruct-q4_1.gguf", "gemma3": "gemma3-270m-q4_k_m.gguf"} {
		t.Run(name, func(t *testing.T) {
			m, err := Load(enginetest.File(t, file, "get it with: loupe pull "+name), LoadConfig{ContextLength: 512})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if m.Settings().Kernels == "generic" && !*long {
				t.Skip("a real model on kernels without assembly; run with -long")
			}
			for _, cfg := range []GenerateConfig{{MaxTokens: 40}, {MaxTokens: 24, Temperature: 1, Seed: 1}, {MaxTokens: 40, Temperature: 1, TopK: 40, Seed: 2}} {
				cfg.Grammar = schema
				r := generate(t, m.NewSession(), "A duck, as JSON with animal, legs and sounds (größer 🦆):\n", cfg)
				var v struct {
					Animal string
					Legs   int
					Sounds []string
				}
				if err := json.Unmarshal([]byte(r.Text), &v); err != nil {
					t.Errorf("%+v: %q: %v", cfg, r.Text, err)
				}
			}
		})
	}
}
