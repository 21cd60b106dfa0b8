package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
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

type rendered struct {
	Now           time.Time
	BOS, EOS      string
	Conversations map[string][]Message
	Templates     []struct {
		Name, SHA256 string
		Cases        []struct {
			Conversation        string
			AddGenerationPrompt bool `json:"add_generation_prompt"`
			Text                *string
			Error               string
			Raised              bool
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
				switch raised, is := err.(*RaisedError); {
				case c.Raised && (!is || raised.Text != c.Error):
					t.Errorf("%s: %q, %v, want the refusal %q", c.Conversation, got, err, c.Error)
				case c.Text == nil && err == nil:
					t.Errorf("%s: %q, want the error %q", c.Conversation, got, c.Error)
				case c.Text != nil && (err != nil || got != *c.Text):
					t.Errorf("%s: %v\ngot  %q\nwant %q", c.Conversation, err, got, *c.Text)
				}
			}
		})
	}
}
