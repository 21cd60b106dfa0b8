package kernel

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"loupe/engine/enginetest"
)

// TestEngineCells: generated text streams when the cell shows the reply or
// keeps it in its last statement, and nowhere else; interrupts end generations
// and the loading of models; %who says what a model's memory is for.
func TestEngineCells(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	if got := play(t, k, r, "m, err := engine.Load(\"lesson\", engine.LoadConfig{})", "s := m.NewSession()", "cfg := engine.GenerateConfig{MaxTokens: 6}"); got != "" {
		t.Fatal(got)
	}
	streamed := func(src string) string {
		n := len(r.events)
		play(t, k, r, src)
		var b strings.Builder
		for _, e := range r.events[n:] {
			switch e := e.(type) {
			case Stream:
				b.WriteString(e.Text)
			case Display:
				if e.Streamed {
					b.WriteString("|shown")
				}
			}
		}
		return b.String()
	}
	text := streamed("r, err := s.Generate(\"Once upon a time\", cfg)")
	if got := play(t, k, r, "r.Text + \"\\n\" == "+quote(text)); got != "= true\n" {
		t.Errorf("streamed %q: %s", text, got)
	}
	for src, want := range map[string]string{
		"m.NewSession().Generate(\"Once upon a time\", cfg)":                 strings.TrimSuffix(text, "\n") + "|shown",
		"r, err = m.NewSession().Generate(\"Once upon a time\", cfg)":        text,
		"r, err = m.NewSession().Generate(\"Once upon a time\", cfg)\n_ = r": "",
		"for range 2 { m.NewSession().Generate(\"Once\", cfg) }":             "",
	} {
		if got := streamed(src); got != want {
			t.Errorf("%s streamed %q want %q", src, got, want)
		}
	}
	for _, src := range []string{
		"for { s.Rewind(0); s.Generate(\"Once\") }",
		"for { m.NewSession().Generate(strings.Repeat(\"a brave deer \", 100)) }",
		"for { x, _ := engine.Load(\"lesson\", engine.LoadConfig{}); x.Close() }",
		"_, err = m.NewSession().Generate(\"Once\", engine.GenerateConfig{OnText: func(string) { time.Sleep(time.Hour) }})",
	} {
		ctx, cancel := context.WithCancel(context.Background())
		var at time.Time
		time.AfterFunc(60*time.Millisecond, func() { at = time.Now(); cancel() })
		err := k.Run(ctx, Cell{Name: "In[9]", Source: src, Show: true})
		took := time.Since(at)
		var e *Error
		if !errors.As(err, &e) || e.Kind != Interrupted || took > time.Second {
			t.Errorf("%s: %v after %v", src, err, took)
		}
		t.Logf("%s: stopped after %v", src, took)
	}
	if got := play(t, k, r, "r2, _ := m.NewSession().Generate(\"Once upon a time\", cfg)\nr2.Text == r.Text", "%who"); !strings.HasPrefix(got, "= true\n") || !strings.Contains(got, "weights ") || !strings.Contains(got, "caches and tables ") {
		t.Errorf("afterwards: %s", got)
	}
}

// TestLoadInterrupt: the loading of a real model is given up, whatever it is at, and
// not left to itself.
func TestLoadInterrupt(t *testing.T) {
	path := enginetest.SmolLM2(t)
	t.Setenv("LOUPE_CONFIG", t.TempDir())
	k, r := newKernel(t, Options{AutoImport: true})
	play(t, k, r, "path := \""+path+"\"", "var err error", "var m *engine.Model")
	left := 0
	for _, mode := range []string{"", "none"} {
		for _, after := range []time.Duration{2, 5, 10, 20, 30, 40} {
			n := len(r.events)
			ctx, cancel := context.WithCancel(context.Background())
			var at time.Time
			time.AfterFunc(after*time.Millisecond, func() { at = time.Now(); cancel() })
			// As many as are needed: a fast machine loads one sooner.
			src := "for { m, err = engine.Load(path, engine.LoadConfig{LoadMode: \"" + mode + "\"}); if err == nil { m.Close() } }"
			err := k.Run(ctx, Cell{Name: "In[9]", Source: src})
			took := time.Since(at)
			var e *Error
			if !errors.As(err, &e) || e.Kind != Interrupted || took > time.Second {
				t.Errorf("after %d ms: %v after %v", after, err, took)
			}
			for _, e := range r.events[n:] {
				if w, ok := e.(Warning); ok {
					left++
					t.Logf("after %d ms: %s", after, w.Text)
				}
			}
			t.Logf("LoadMode %q, after %d ms: stopped after %v", mode, after, took)
		}
	}
	if left > 4 { // a machine at work may not look at it for a while
		t.Errorf("left behind %d times of 12", left)
	}
}

func quote(s string) string { return "\"" + strings.ReplaceAll(s, "\n", "\\n") + "\"" }

// TestStructuredAnswers: a type of a cell is the form of an answer, and its value
// comes back as one of that type.
func TestStructuredAnswers(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	for _, c := range []struct{ src, want string }{
		{"m, err := engine.Load(\"lesson\", engine.LoadConfig{})", ""},
		{"type Code struct {\n\tNumber int `json:\"number\" jsonschema:\"minimum=10,maximum=99\"`\n\tParts []Part `json:\"parts\" jsonschema:\"minItems=1,maxItems=2\"`\n}\ntype Part struct { Name string `jsonschema:\"enum=a,enum=b\"` }\nfunc (c Code) Twice() int { return 2 * c.Number }", ""},
		{"schema, err := engine.JSONSchemaOf(Part{})", ""},
		{"fmt.Println(schema)", `{"type":"object","properties":{"Name":{"type":"string","enum":["a","b"]}},"required":["Name"],"additionalProperties":false}`},
		{"step := chain.Step{Prompt: \"Tell me a story.\", Structured: Code{}, Config: engine.GenerateConfig{MaxTokens: 40}}\nc := &chain.Chain{Model: m, Do: func(r *chain.Run) error { x, err := r.Do(step); _ = x.Value.(Code); return err }}", ""},
		{"_, err = c.Plan(); fmt.Println(err)", "<nil>"},
		{"run, err := c.Run()", ""},
		{"fmt.Println(err)", "<nil>"},
		{"code, ok := run.Last().Value.(Code)", ""},
		{"fmt.Println(ok, code.Number >= 10, code.Number <= 99, code.Twice() == 2*code.Number, len(code.Parts) > 0)", "true true true true true"},
		{"var again Code\nfmt.Println(run.Last().Decode(&again), again.Number == code.Number, again.Parts[0] == code.Parts[0])", "<nil> true true"},
	} {
		if got := strings.TrimSpace(play(t, k, r, c.src)); got != c.want {
			t.Errorf("%s\ngives %q, want %q", c.src, got, c.want)
		}
	}
}
