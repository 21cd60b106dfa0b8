package grammar

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// pattern makes a random pattern as GBNF and as a regular expression.
func pattern(rng *rand.Rand, depth int) (gbnf, re string) {
	switch k := rng.IntN(9); {
	case depth == 0 || k < 2:
		s := []string{"a", "b", "ab", "ba", "é", "🦊", "bé"}[rng.IntN(7)]
		return `"` + s + `"`, s
	case k == 2:
		i := rng.IntN(5)
		return []string{"[ab]", "[^a]", "[a-bé]", ".", "[^é🦊]"}[i], []string{"[ab]", "[^a]", "[a-bé]", "(?s:.)", "[^é🦊]"}[i]
	case k == 3:
		return `""`, "(?:)"
	case k < 6:
		var g, r []string
		for range 1 + rng.IntN(3) {
			x, y := pattern(rng, depth-1)
			g, r = append(g, x), append(r, y)
		}
		return "(" + strings.Join(g, " ") + ")", strings.Join(r, "")
	case k == 6:
		a, x := pattern(rng, depth-1)
		b, y := pattern(rng, depth-1)
		return "(" + a + " | " + b + ")", "(?:" + x + "|" + y + ")"
	}
	g, r := pattern(rng, depth-1)
	times := []string{"*", "+", "?", "{2}", "{0,3}", "{1,}", "{2,5}", "{0,0}"}[rng.IntN(8)]
	return "(" + g + ")" + times, "(?:" + r + ")" + times
}

// A grammar without recursion matches what the regular expression of the same form
// does, empty loops and all.
func TestAgainstRegularExpressions(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	letters := []string{"a", "b", "é", "🦊", "ab", "ba", "aa", "c"}
	yes, no := 0, 0
	for range 1500 {
		gbnf, re := pattern(rng, 4)
		g := parse(t, "root ::= "+gbnf)
		want, err := regexp.Compile("^(?:" + re + ")$")
		if err != nil {
			continue // nested repetitions beyond a thousand
		}
		for range 30 {
			var text strings.Builder
			for range rng.IntN(7) {
				text.WriteString(letters[rng.IntN(len(letters))])
			}
			s := text.String()
			ok, err := g.Match(s)
			if err != nil {
				t.Fatalf("%s: %q: %v", gbnf, s, err)
			}
			if ok != want.MatchString(s) {
				t.Fatalf("%s: %q: %v, the regular expression %s says %v", gbnf, s, ok, re, !ok)
			}
			if ok {
				yes++
			} else {
				no++
			}
		}
	}
	if yes < 3000 || no < 3000 {
		t.Errorf("%d texts matched and %d did not: too few of one to mean much", yes, no)
	}
}

// toy is a vocabulary of all bytes, an end, a special token, and pieces that cut
// characters and structure anywhere.
func toy() *Vocab {
	pieces := []string{"", ""}
	for b := range 256 {
		pieces = append(pieces, string([]byte{byte(b)}))
	}
	pieces = append(pieces, "ab", "ba", "abab", "aaaaaaaaaaaaaaaaaaaaaaaa", "é", "\xa9", "é🦊", "\xf0\x9f", "\xa6\x8aa", "{\"", "\":", "\", \"", "\"}", "[[", "]]", "a\"", "true", ",\"", "12", "a" /* twice */, "", "bbbbbbbbbbbbbbbbb")
	return NewVocab(len(pieces), func(id int) Token {
		return Token{Piece: []byte(pieces[id]), Ends: id == 0}
	}, func(text string) (int, bool) { return 1, text == "<think>" })
}

const jsonText = `root ::= object
value ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" ws (string ":" ws value ("," ws string ":" ws value)*)? ws "}"
array ::= "[" ws (value ("," ws value)*)? ws "]"
string ::= "\"" ([^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}))* "\""
number ::= "-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,3})?
ws ::= [ \n]{0,20}`

var toyGrammars = []string{
	jsonText,
	`root ::= "a"* "b"`,
	`root ::= [a-b]{30,60} "é"`,
	`root ::= ("ab" | "a" "é"){0,1000} "end"`,
	`root ::= <think> (!<[1]>)* <[1]> "b"+`,
	`root ::= "a" root "b" | "🦊"`,
	`root ::= ([ab]{0,3} ","){2,40}`,
	`root ::= .*`,
	`root ::= "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" | "b"`,
}

func bind(t *testing.T, text string, v *Vocab) *Bound {
	t.Helper()
	b, err := parse(t, text).Bind(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func has(mask []uint64, id int) bool { return mask[id>>6]>>(id&63)&1 == 1 }

// The mask is Allows for all tokens, with a limit and without; and a text always
// ends in time, whatever is chosen.
func TestMaskAndLimit(t *testing.T) {
	v := toy()
	rng := rand.New(rand.NewPCG(3, 4))
	for _, text := range toyGrammars {
		b := bind(t, text, v)
		for round := range 60 {
			m := b.NewMatcher()
			left := 1 + rng.IntN(80)
			if round%4 == 0 {
				left = 0
			}
			if err := m.Limit(left); err != nil {
				if e := err.(*LimitError); e.Need <= left {
					t.Fatalf("%v", err)
				}
				continue
			}
			var out []byte
			for step := 0; step < 100 && (round%4 == 0 || left > 0); step++ {
				if err := m.Limit(left); err != nil {
					t.Fatalf("%s: after %q: %v", text, out, err)
				}
				mask, err := m.Mask(true)
				if err != nil {
					t.Fatalf("%s: after %q: %v", text, out, err)
				}
				mask = append([]uint64(nil), mask...)
				loose, _ := m.Mask(false)
				loose = append([]uint64(nil), loose...)
				var may []int
				for id := range v.n {
					ok := m.Allows(id)
					if ok != has(mask, id) {
						t.Fatalf("%s: after %q, %d left: Allows(%d %q) is %v, the mask says %v", text, out, left, id, v.pieces[id], ok, !ok)
					}
					if ok && !has(loose, id) {
						t.Fatalf("%s: after %q: %d is in the tight mask only", text, out, id)
					}
					if ok {
						may = append(may, id)
					}
				}
				id := may[rng.IntN(len(may))]
				if rng.IntN(3) > 0 && len(may) > 1 { // long pieces are few
					id = may[len(may)-1-rng.IntN(min(len(may), 8))]
				}
				if id == 0 {
					if may, _ := m.Ends(); !may {
						t.Fatalf("%s: %q ended", text, out)
					}
					break
				}
				if err := m.Accept(id); err != nil {
					t.Fatal(err)
				}
				out = append(out, v.pieces[id]...)
				left--
			}
			if may, _ := m.Ends(); left == 0 && round%4 != 0 && !may {
				t.Fatalf("%s: %q is not at its end", text, out)
			}
		}
	}
}

// The loose mask knows nothing of counts far away, and is the same all the same.
func TestLooseMaskIsExact(t *testing.T) {
	v := toy()
	rng := rand.New(rand.NewPCG(5, 6))
	for _, text := range toyGrammars {
		b := bind(t, text, v)
		for range 10 {
			m := b.NewMatcher()
			for range 70 {
				mask, err := m.Mask(false)
				if err != nil {
					t.Fatal(err)
				}
				mask = append([]uint64(nil), mask...)
				var may []int
				for id := range v.n {
					ok := m.Allows(id)
					if ok != has(mask, id) {
						t.Fatalf("%s: Allows(%d %q) is %v", text, id, v.pieces[id], ok)
					}
					if ok && id != 0 {
						may = append(may, id)
					}
				}
				if len(may) == 0 {
					break
				}
				if err := m.Accept(may[rng.IntN(len(may))]); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// A table that is full is begun again, and nothing is forgotten.
func TestTableBeginsAgain(t *testing.T) {
	b := bind(t, `root ::= "a"{100000} "b"`, toy())
	m := b.NewMatcher()
	first := m.t
	for i := range 100000 {
		if m.Allows('b'+2) || !m.Allows('a'+2) {
			t.Fatalf("after %d", i)
		}
		if err := m.Accept('a' + 2); err != nil {
			t.Fatal(err)
		}
	}
	if m.Allows('a'+2) || !m.Allows('b'+2) {
		t.Error("the hundred thousandth a is not the last")
	}
	if m.t == first {
		t.Error("the table was never full")
	}
	if n := len(m.t.states); n > maxStates+2 {
		t.Errorf("%d states", n)
	}
}

func TestRefused(t *testing.T) {
	deep := strings.Repeat("(", 600) + `"a"` + strings.Repeat(")", 600)
	for _, c := range []struct{ text, want string }{
		{``, `line 1, column 1: there is no rule "root"`},
		{`rot ::= "a"`, `there is no rule "root"`},
		{`root ::= item`, `line 1, column 10: the rule "item" is used and not defined`},
		{"root ::= \"a\"\nroot ::= \"b\"", `line 2, column 1: the rule "root" is defined twice, before on line 1`},
		{`root ::= "a`, "the literal is not closed"},
		{`root ::= [a`, "the class is not closed"},
		{`root ::= []`, "has no characters"},
		{`root ::= [z-a]`, `the range 'z'-'a' ends before it begins`},
		{`root ::= ("a"`, "the group that opens on line 1 is not closed"},
		{`root ::= "a")`, "ends with its line; found ')'"},
		{`root ::= *`, "* repeats what stands before it"},
		{`root ::= "a"{3,2}`, "{3,2} ends before it begins"},
		{`root ::= "a"{99999999999999999999}`, "a repetition of more than 1048576"},
		{`root ::= "\q"`, `unknown escape "\\q"`},
		{`root ::= "\u12"`, `\u takes 4 hexadecimal digits`},
		{`root ::= "\U00110000"`, "beyond the last character"},
		{`root = "a"`, `::= follows the rule's name "root"; found '='`},
		{"root ::= \"a\xff\"", "byte 0xff is not text"},
		{`root ::= "a" root`, `the rule "root" never ends`},
		{"root ::= \"a\" b\nb ::= \"c\" b", `line 2, column 1: the rule "b" never ends`},
		{`root ::= "\uD800"`, `line 1, column 1: the rule "root" needs a character that no text has`},
		{`root ::= root "a" | "b"`, "left recursion: root begins with root"},
		{"root ::= a\na ::= b \"x\" | \"y\"\nb ::= \"\" a", "left recursion: a begins with b begins with a"},
		{"root ::= a\na ::= (\"x\"? a)* \"y\"", "left recursion: a begins with a"},
		{"root ::= asdf\nasdf ::= \"a\"? \"b\"? (foo | asdf)\nfoo ::= \"x\"", "left recursion"},
		{"root ::= " + deep, "groups lie more than 500 deep"},
		{`root ::= <think`, "the token is not closed"},
		{`root ::= !"a"`, "! stands before a token"},
		{`root ::= <[x]>`, "<[x]> is no token"},
	} {
		_, err := Parse(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "grammar: line ") {
			t.Errorf("%.60s: %v, want %q", c.text, err, c.want)
		}
	}
	for text, want := range map[string]string{
		`root ::= <nope>`:    "<nope> is not a token",
		`root ::= <[90000]>`: "there is no token 90000",
	} {
		if _, err := parse(t, text).Bind(toy()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	ascii := NewVocab(128, func(id int) Token { return Token{Piece: []byte{byte(id)}} }, nil)
	if _, err := parse(t, `root ::= "é"`).Bind(ascii); err == nil || !strings.Contains(err.Error(), "no tokens of the vocabulary spell the character 'é'") {
		t.Error(err)
	}
	if b, err := parse(t, `root ::= "é" | "e"`).Bind(ascii); err != nil || b.NewMatcher().Limit(1) != nil {
		t.Error("an alternative that cannot be spelled is not left out")
	}
}

// Work stays bounded where grammars are hostile.
func TestBounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	words := NewVocab(20000, func(id int) Token {
		if id < 258 {
			return Token{Piece: []byte{byte(id - 2)}, Ends: id == 0}
		}
		p := make([]byte, 1+rng.IntN(12))
		for i := range p {
			p[i] = 'a' + byte(rng.IntN(3))
		}
		return Token{Piece: p}
	}, nil)
	long := strings.Repeat("a", 3000)
	for _, text := range []string{
		`root ::= (((((([^x]*){0,99}){0,99}){0,99}){0,99}){0,99}){0,99}`,
		`root ::= ((("a"{0,99}){0,99}){0,99}){0,99}`,
		`root ::= ("a" | "aa" | "aaa")*`,
		`root ::= ("a"?){0,10000}`,
		`root ::= "a" root root | "a" root | "a"`,
		`root ::= ` + strings.Repeat(`"a"? `, 3000),
		"root ::= \"a\" x | \"a\" y | \"\"\nx ::= root root\ny ::= root \"a\"?",
		`root ::= ((("a"{0,99} | "b"{0,99} | "c"){0,99}){0,99}){0,99}`,
		`root ::= (("")*)+ (("" | "a")* | "b"{0,10000})*`,
	} {
		g := parse(t, text)
		ok, err := g.Match(long)
		if err == nil && !ok {
			t.Errorf("%.60s does not match", text)
		}
		if amb := (*AmbiguousError)(nil); err != nil && !errors.As(err, &amb) {
			t.Errorf("%.60s: %v", text, err)
		}
		b, err := g.Bind(words)
		if err != nil {
			t.Fatal(err)
		}
		m := b.NewMatcher()
		for range 4 {
			if _, err := m.Mask(false); err != nil && !errors.As(err, new(*AmbiguousError)) {
				t.Errorf("%.60s: %v", text, err)
			}
			if !m.Allows('a'+2) || m.Accept('a'+2) != nil {
				break
			}
		}
	}
}

// Tokens that a grammar names: the cases of llama.cpp's test-grammar-integration.cpp.
func TestNamedTokens(t *testing.T) {
	v := NewVocab(32+256, func(id int) Token {
		if id < 32 {
			return Token{Ends: id == 0}
		}
		return Token{Piece: []byte{byte(id - 32)}}
	}, func(text string) (int, bool) { return 10, text == "<think>" })
	// In the texts, {7} is token 7.
	accept := func(b *Bound, text string) bool {
		m := b.NewMatcher()
		for i := 0; i < len(text); i++ {
			id := 32 + int(text[i])
			if text[i] == '{' {
				end := i + strings.IndexByte(text[i:], '}')
				id, _ = strconv.Atoi(text[i+1 : end])
				i = end
			}
			mask, err := m.Mask(false)
			if ok := m.Allows(id); err == nil && ok != has(mask, id) {
				t.Fatalf("%q: Allows(%d) is %v", text, id, ok)
			}
			if m.Accept(id) != nil {
				return false
			}
		}
		may, _ := m.Ends()
		return may && m.Allows(0)
	}
	for _, c := range []struct {
		text    string
		yes, no []string
	}{
		{"root ::= <think> content <[11]>\ncontent ::= (!<[11]>)*",
			[]string{"{10}hello world{11}", "{10}text with {12} other tokens {13} mixed in{11}", "{10}{11}", "{10}{12}{13}{11}", "{10}é{11}"},
			[]string{"{10}missing end token", "{10}", "missing start token{11}", "{10}{11}{11}", "{11}wrong order{10}", "{10}{0}{11}"}},
		{"root ::= reasoning+ content tool-call*\nreasoning ::= <[10]> (!<[11]>)* <[11]>\ncontent ::= <[20]> (!<[21]>)* <[21]>\n" +
			"tool-call ::= <[12]> name <[13]> args <[14]>\nname ::= (!<[13]>)+\nargs ::= (!<[14]>)*",
			[]string{"{10}I am thinking{11}{20}hello world!{21}{12}search{13}query=test{14}", "{10}1{11}{10}2{11}{20}{21}{12}tool{13}a=1{14}", "{10}{11}{20}content{21}",
				"{10}think{12} nested{11}{20}{10}more content{21}{12}fn{13}x=1,y=2{14}{12}fn2{13}{14}"},
			[]string{"{20}content only{21}", "{10}no closing reasoning", "{10}{11}{20}no closing content", "{10}{11}{20}{21}{12}incomplete tool", "{10}{11}{11}{20}{21}"}},
		{`root ::= "a" (<[5]> | "b" | !<[6]> "c") "d"`, []string{"a{5}d", "abd", "axcd", "a{7}cd"}, []string{"a{6}cd", "ad", "a{6}d"}},
	} {
		b := bind(t, c.text, v)
		for _, s := range c.yes {
			if !accept(b, s) {
				t.Errorf("%s: %q does not match", c.text, s)
			}
		}
		for _, s := range c.no {
			if accept(b, s) {
				t.Errorf("%s: %q matches", c.text, s)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, g := range toyGrammars {
		f.Add(g, "aab")
	}
	f.Add("root ::= (\"a\"?)* <think> !<[3]> [^\\x00-\\u00FF]{2,}", "x")
	v := toy()
	f.Fuzz(func(t *testing.T, text, s string) {
		g, err := Parse(text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "grammar: line ") {
				t.Fatal(err)
			}
			return
		}
		b, err := g.Bind(v)
		if err != nil {
			return
		}
		m := b.NewMatcher()
		for i := 0; i < len(s); i++ {
			limit := int(s[i])
			if err := m.Limit(limit); err != nil {
				limit = 0
			}
			mask, err := m.Mask(i%2 == 0)
			if err != nil {
				break
			}
			id := int(s[i]) + 2
			if ok := m.Allows(id); ok && !has(mask, id) {
				t.Fatalf("%q: %d", text, id)
			} else if !ok {
				for id = 1; id < v.n && !m.Allows(id); id++ {
				}
			}
			if id >= v.n || m.Accept(id) != nil {
				break
			}
		}
	})
}

func ExampleGrammar_Match() {
	g, err := Parse(`root ::= "- " [^\n]+`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(g.Match("- one"))
	fmt.Println(g.Match("one"))
	// Output:
	// true <nil>
	// false <nil>
}
