package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// llamaCpp is the folder of a llama.cpp source tree, for its chat templates.
func llamaCpp(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("LOUPE_LLAMA_CPP")
	if dir == "" {
		models := os.Getenv("LOUPE_MODELS")
		if models == "" {
			cache, err := os.UserCacheDir()
			if err != nil {
				t.Fatal(err)
			}
			models = filepath.Join(cache, "loupe", "models")
		}
		dir = filepath.Join(models, "llama.cpp")
	}
	if _, err := os.Stat(filepath.Join(dir, "models", "templates")); err != nil {
		msg := fmt.Sprintf("llama.cpp's templates are missing (%v); set LOUPE_LLAMA_CPP to its source tree", err)
		if os.Getenv("CI") != "" {
			t.Fatal(msg)
		}
		t.Skip(msg)
	}
	return dir
}

// result is what Jinja2 made of a template.
type result struct {
	Text   *string
	Error  string
	Raised bool // by the template itself
}

func (want result) check(t *testing.T, name, got string, err error) {
	t.Helper()
	switch raised, is := err.(*RaisedError); {
	case want.Raised && (!is || raised.Text != want.Error):
		t.Errorf("%s: %q, %v, want the refusal %q", name, got, err, want.Error)
	case want.Text == nil && err == nil:
		t.Errorf("%s: %q, want the error %q", name, got, want.Error)
	case want.Text != nil && (err != nil || got != *want.Text):
		t.Errorf("%s: %v\ngot  %q\nwant %q", name, err, got, *want.Text)
	}
}

type rendered struct {
	Now           time.Time
	BOS, EOS      string
	Conversations map[string][]Message
	Small         []struct {
		Source string
		result
	}
	Templates []struct {
		Name, SHA256 string
		Cases        []struct {
			Conversation        string
			AddGenerationPrompt bool `json:"add_generation_prompt"`
			result
		}
	}
}

// Every template that llama.cpp carries renders as in Jinja2, byte for byte,
// and fails where it fails.
func TestLlamaCppTemplates(t *testing.T) {
	dir := llamaCpp(t)
	var r rendered
	readJSON(t, "testdata/templates.json", &r)
	if len(r.Templates) < 60 {
		t.Fatalf("%d templates", len(r.Templates))
	}
	for _, tm := range r.Templates {
		t.Run(tm.Name, func(t *testing.T) {
			source, err := os.ReadFile(filepath.Join(dir, "models", "templates", tm.Name))
			if err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(source); hex.EncodeToString(sum[:]) != tm.SHA256 {
				t.Fatalf("the template is another one (sha256 %x): run testdata/render.py", sum)
			}
			tmpl, err := Parse(string(source))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range tm.Cases {
				got, err := tmpl.Render(r.Conversations[c.Conversation], Options{
					AddGenerationPrompt: c.AddGenerationPrompt, BOS: r.BOS, EOS: r.EOS, Now: r.Now,
				})
				c.check(t, c.Conversation, got, err)
			}
		})
	}
}

// Small templates, one for each rule that the evaluator alone gets wrong.
func TestSmallTemplates(t *testing.T) {
	var r rendered
	readJSON(t, "testdata/templates.json", &r)
	if len(r.Small) < 40 {
		t.Fatalf("%d templates", len(r.Small))
	}
	for _, c := range r.Small {
		tmpl, err := Parse(c.Source)
		got := ""
		if err == nil {
			got, err = tmpl.Render(r.Conversations["turns"], Options{AddGenerationPrompt: true, BOS: r.BOS, EOS: r.EOS, Now: r.Now})
		}
		c.check(t, c.Source, got, err)
	}
}

// Whatever the template, Parse and Render end, and without a panic.
func FuzzTemplate(f *testing.F) {
	var r rendered
	readJSON(f, "testdata/templates.json", &r)
	for _, c := range r.Small {
		f.Add(c.Source)
	}
	f.Add(ChatML)
	f.Fuzz(func(t *testing.T, source string) {
		tmpl, err := Parse(source)
		if err == nil {
			tmpl.turns = 1000
			_, err = tmpl.Render([]Message{{"user", "a\nb"}, {"assistant", "c"}}, Options{})
		}
		if err != nil && (!strings.HasPrefix(err.Error(), "chat: ") || strings.Contains(err.Error(), "runtime error")) {
			t.Errorf("%q: %v", source, err)
		}
	})
}
