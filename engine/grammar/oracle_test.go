package grammar

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// vectors are grammars, schemas and texts of llama.cpp's own tests
// (test-grammar-integration.cpp, test-grammar-parser.cpp and
// test-json-schema-to-grammar.cpp).
type vectors struct {
	Grammars, Schemas []struct {
		Name, Text string
		Pass, Fail []string
	}
	Refused, Accepted []string
	Converted         []struct {
		Name, Schema, Grammar string
		OK                    bool
	}
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	data, err := os.ReadFile("testdata/llamacpp.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Grammars) < 10 || len(v.Schemas) < 30 || len(v.Accepted) < 15 || len(v.Converted) < 80 {
		t.Fatal("vectors are missing")
	}
	return v
}

func parse(t *testing.T, text string) *Grammar {
	t.Helper()
	g, err := Parse(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return g
}

func match(t *testing.T, g *Grammar, text string) bool {
	t.Helper()
	ok, err := g.Match(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return ok
}

func TestGrammarsOfLlamaCpp(t *testing.T) {
	for _, c := range readVectors(t).Grammars {
		t.Run(c.Name, func(t *testing.T) {
			g := parse(t, c.Text)
			for _, s := range c.Pass {
				if !match(t, g, s) {
					t.Errorf("%q does not match\n%s", s, c.Text)
				}
			}
			for _, s := range c.Fail {
				if match(t, g, s) {
					t.Errorf("%q matches\n%s", s, c.Text)
				}
			}
		})
	}
}

// What llama.cpp parses is parsed; what it refuses is refused, but for repetitions
// that are too many for it, which copies them.
func TestSyntaxOfLlamaCpp(t *testing.T) {
	v := readVectors(t)
	for _, text := range v.Accepted {
		if _, err := Parse(text); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
	for _, text := range v.Refused {
		many := strings.Contains(text, "5000") || strings.Contains(text, "{0,99}")
		if _, err := Parse(text); (err == nil) != many {
			t.Errorf("%v\n%s", err, text)
		}
	}
	for _, c := range v.Converted {
		if c.OK {
			parse(t, c.Grammar)
		}
	}
}
