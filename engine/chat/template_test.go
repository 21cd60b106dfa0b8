package chat

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// golden is a file of conversations rendered by Jinja2.
type golden struct {
	Template string
	Cases    []struct {
		Name                string
		Messages            []Message
		AddGenerationPrompt bool   `json:"add_generation_prompt"`
		Jinja2              string `json:"jinja2_python"`
		Rendered            string
	}
}

func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func compile(t testing.TB, source string) *Template {
	t.Helper()
	tmpl, err := Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

func TestGolden(t *testing.T) {
	var smol golden
	readJSON(t, "testdata/set2-smollm2-chat.json", &smol)
	for _, file := range []string{"smollm2-chat.json", "set2-smollm2-chat.json", "set2-gemma3-chat.json"} {
		var g golden
		readJSON(t, "testdata/"+file, &g)
		if g.Template == "" { // the first file leaves out the template of the second
			g.Template = smol.Template
		}
		tmpl := compile(t, g.Template)
		if len(g.Cases) < 5 {
			t.Fatalf("%s has %d cases", file, len(g.Cases))
		}
		for _, c := range g.Cases {
			got, err := tmpl.Render(c.Messages, Options{AddGenerationPrompt: c.AddGenerationPrompt, BOS: "<|im_start|>", EOS: "<|im_end|>"})
			if want := c.Jinja2 + c.Rendered; got != want || err != nil {
				t.Errorf("%s, %s: %v\ngot  %q\nwant %q", file, c.Name, err, got, want)
			}
		}
	}
}

// ChatML is the format that llama.cpp falls back to.
func TestChatML(t *testing.T) {
	var g golden
	readJSON(t, "testdata/set2-gemma3-chat.json", &g)
	for _, c := range g.Cases {
		got, err := compile(t, ChatML).Render(c.Messages, Options{AddGenerationPrompt: c.AddGenerationPrompt})
		if got != c.Jinja2 || err != nil {
			t.Errorf("%s: %v\ngot  %q\nwant %q", c.Name, err, got, c.Jinja2)
		}
	}
}

func TestNoTemplate(t *testing.T) {
	for _, source := range []string{"", " \n"} {
		_, err := Parse(source)
		if !errors.Is(err, ErrNoTemplate) || !strings.Contains(err.Error(), "no chat template") || !strings.Contains(err.Error(), "Generate") {
			t.Errorf("%q: %v", source, err)
		}
	}
}

func TestRaise(t *testing.T) {
	tmpl := compile(t, "{{ raise_exception('Roles must alternate: ' ~ messages[0].role) }}")
	_, err := tmpl.Render([]Message{{"tool", ""}}, Options{})
	var raised *RaisedError
	if !errors.As(err, &raised) || raised.Text != "Roles must alternate: tool" {
		t.Errorf("%v", err)
	}
}

func TestCompileErrors(t *testing.T) {
	for source, want := range map[string]string{
		"a\n{{ b":                              "line 2: an expression {{ is not closed",
		"\n\n{% if x %}":                       "line 3: {% if %} is not closed",
		"{% if x %}\n{% endfor %}":             "line 2: {% endfor %} where {% if %} of line 1 is open",
		"x\n{% endif %}":                       "line 2: {% endif %} closes nothing",
		"{% else %}":                           "line 1: {% else %}",
		"{% if a %}{% else %}{% elif b %}":     "{% elif %} belongs to no {% if %}",
		"{# c\n#}\n{{ a b }}":                  "line 3: unexpected token \"b\"",
		"{{ a + }}":                            "line 1: unexpected token",
		"\n{{ 'abc }}":                         "line 2: a string that ' begins is not closed",
		"{{ a ! b }}":                          "line 1: unexpected character '!'",
		"{{ (a] }}":                            "line 1: \"]\" where ')' is due",
		"{{ a) }}":                             "line 1: \")\" closes nothing",
		"\n{% include 'x' %}":                  "line 2: the statement \"include\" is not known",
		"{% set a, b = c %}":                   "line 1: an assignment is",
		"{% set a = %}":                        "line 1: {% set a = %} has no value",
		"{{ a[] }}":                            "line 1: [] holds no index",
		"{{ 8 / 2 * 3 }}":                      "needs brackets",
		"{{ 2 ** 3 }}":                         "line 1: the operator **",
		"{{ }}":                                "line 1: {{ }} holds no expression",
		"{% for x y %}":                        "line 1: a loop is",
		"{% for x in y recursive %}":           "recursive loops are not supported",
		"{% break %}":                          "is in no loop",
		"{# a\nb":                              "line 1: a comment {# is not closed",
		"\n{% raw %} {{":                       "line 2: a raw block is not closed",
		"{{ loupe_x }}":                        "loupe_x is taken",
		"{{ '\\xZZ' }}":                        "bad escape",
		"{{ 99999999999999999999 }}":           "not a number within 64 bits",
		strings.Repeat("{% if a %}", 200):      "nested more than",
		"{{ " + strings.Repeat("(", 200):       "nested more than",
		strings.Repeat("x", 1<<19):             "524288 bytes",
		"{% macro f(a='x,y') %}{% endmacro %}": "default value",
	} {
		_, err := Parse(source)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "chat: ") {
			t.Errorf("%.60q: %v, want %q", source, err, want)
		}
	}
}

func TestRenderErrors(t *testing.T) {
	for source, want := range map[string]string{
		"{{ x.y.z }}":                                            "attribute 'y' of an undefined value",
		"{{ messages[7].role }}":                                 "attribute 'role' of an undefined value",
		"{{ x['y'] }}":                                           "item 'y' of an undefined value",
		"{% for x in none %}{% endfor %}":                        "a none is not iterable",
		"{{ x() }}":                                              "x is not callable",
		"{{ x | nosuch }}":                                       "unknown filter \"nosuch\"",
		"{{ messages.append(1) }}":                               "unsafe",
		"{{ messages[0].role.nosuch() }}":                        "not callable",
		"{{ strftime_now('%Q') }}":                               "directive %Q",
		"{{ range(1000000) }}":                                   "more than 100000",
		"{{ 'x' * 1000000000000 }}":                              "repeated 1000000000000 times",
		"{{ 'x' * 60000000 * 60000000 }}":                        "repeated 60000000 times",
		"{{ 4611686018427387904 * 4 }}":                          "exceeds 64 bits",
		"{{ x * 2 }}":                                            "multiplication of a undefined",
		"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}":        "macros call each other",
		"{% set n = namespace() %}{% set n.n = n %}{{ n == n }}": "a namespace may not be put",
		"{% set n = namespace(s='xxxxxxxx') %}{% for i in range(50) %}{% set n.s = n.s + n.s %}{% endfor %}":                    "64 MiB",
		"{% set n = namespace(s=[]) %}{% for i in range(500) %}{% set n.s = [n.s] %}{% endfor %}":                               "nested more than",
		"{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}": "turns",
		"{% set s = 'x' * 1000000 %}{% for a in range(99999) %}{{ s }}{% endfor %}":                                             "prints more than",
	} {
		tmpl, err := Parse(source)
		if err != nil {
			t.Errorf("%q: %v", source, err)
			continue
		}
		tmpl.turns = 100_000
		_, err = tmpl.Render([]Message{{"user", "hi"}}, Options{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "chat: ") || strings.Contains(err.Error(), prefix) {
			t.Errorf("%q: %v, want %q", source, err, want)
		}
	}
}

// A template may be rendered by many at once, and again with the same result.
func TestConcurrent(t *testing.T) {
	tmpl := compile(t, "{% set n = namespace(i=0) %}{% for m in messages %}{% set n.i = n.i + 1 %}{{ n.i ~ m.content }}{% endfor %}")
	done := make(chan string)
	for range 8 {
		go func() {
			s, _ := tmpl.Render([]Message{{"user", "a"}, {"user", "b"}}, Options{})
			done <- s
		}()
	}
	for range 8 {
		if s := <-done; s != "1a2b" {
			t.Errorf("%q", s)
		}
	}
}

func TestNow(t *testing.T) {
	tmpl := compile(t, "{{ strftime_now('%d %b %Y') }}")
	day := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	if s, err := tmpl.Render(nil, Options{Now: day}); s != "03 Feb 2031" || err != nil {
		t.Errorf("%q, %v", s, err)
	}
	before := time.Now().Year()
	s, err := compile(t, "{{ strftime_now('%Y') }}").Render(nil, Options{})
	if err != nil || s < time.Date(before, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006") {
		t.Errorf("%q, %v", s, err)
	}
}

// What nests or repeats as deep as a template's size allows ends in a result or
// in an error, never in the exhaustion of the stack.
func TestLongTemplates(t *testing.T) {
	rep := func(s string) string { return strings.Repeat(s, (maxSource-100)/len(s)) }
	for _, source := range []string{
		"{{ " + rep("1+") + "1 }}", "{{ " + rep("- ") + "1 }}", "{{ " + rep("not ") + "1 }}", "{{ a[" + rep("1,") + "] }}",
		"{{ " + rep("1 if a else ") + "1 }}", "{{ 'a'" + rep("|e") + " }}", "{{ 1" + rep("*1") + " }}", "{{ 1" + rep(" is odd") + " }}",
		"{{ messages" + rep("[:]") + " }}", "{{ 'a'" + rep(".strip()") + " }}", "{% if a %}" + rep("{%elif a%}") + "{% endif %}",
		rep("{{"), rep("{#"), rep("{% raw %}"), rep("{{ a }}"), rep("\n"), rep("{{ 'a'~"), rep("{"), rep("{%- set a = 1 -%}"),
	} {
		tmpl, err := Parse(source)
		if err == nil {
			_, err = tmpl.Render([]Message{{"user", "hi"}}, Options{})
		}
		if err != nil && !strings.HasPrefix(err.Error(), "chat: ") {
			t.Errorf("%.40q: %v", source, err)
		}
	}
}
