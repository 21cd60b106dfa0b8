package grammar

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// SyntaxError is a grammar that cannot be used.
type SyntaxError struct {
	Line, Column int // from 1, the column in characters
	Reason       string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("grammar: line %d, column %d: %s", e.Line, e.Column, e.Reason)
}

// The limits of a grammar: they keep parsing and matching bounded.
const (
	maxText   = 4 << 20 // bytes of GBNF
	maxNested = 500     // groups in groups
	maxRepeat = 1 << 20 // of {m,n}
	maxElems  = 1 << 20 // of a grammar, once it is laid out
)

// forever is the upper end of an unlimited repetition.
const forever = -1

type elemKind uint8

const (
	elemClass  elemKind = iota // a character of a class
	elemToken                  // a token, or any but one
	elemRule                   // a rule
	elemRepeat                 // a rule, so many times
	elemEnd                    // the sequence ends: in code only
)

// elem is a symbol of a sequence.
type elem struct {
	kind     elemKind
	ref      int32 // of classes, tokens or rules
	min, max int32 // elemRepeat; max may be forever
}

// rule is alternatives of sequences.
type rule struct {
	name string
	at   int // offset in the text of the definition, else of the first use
	alts [][]elem
	set  bool // it is defined
}

// tokenRef is a token that a grammar names.
type tokenRef struct {
	id   int    // where text is ""
	text string // <text>, brackets and all
	not  bool   // any token but this
	at   int
}

// Grammar is a parsed grammar. It is read only and safe for concurrent use.
type Grammar struct {
	text    string
	rules   []rule
	root    int32
	classes []charset
	tokens  []tokenRef
	dag     []byteNode // of the classes
	starts  []int32    // of each class
	groups  [256]uint8 // bytes that no class tells apart have one number
	nGroups int
	first   []byte // a byte of each group
}

// Parse reads GBNF. The error is a *SyntaxError.
func Parse(text string) (*Grammar, error) {
	if len(text) > maxText {
		return nil, &SyntaxError{1, 1, fmt.Sprintf("the grammar has %d bytes; %d are the most", len(text), maxText)}
	}
	p := parser{text: text, names: map[string]int32{}, classIDs: map[string]int32{}, g: &Grammar{text: text}}
	if err := p.parse(); err != nil {
		return nil, err
	}
	if err := p.g.prepare(); err != nil {
		return nil, err
	}
	return p.g, nil
}

// errorAt places a complaint.
func errorAt(text string, at int, format string, args ...any) *SyntaxError {
	at = min(at, len(text))
	line := 1 + strings.Count(text[:at], "\n")
	start := strings.LastIndexByte(text[:at], '\n') + 1
	return &SyntaxError{line, 1 + utf8.RuneCountInString(text[start:at]), fmt.Sprintf(format, args...)}
}

type parser struct {
	text     string
	pos      int
	nested   int
	elems    int
	names    map[string]int32
	classIDs map[string]int32 // of classes, by their ranges
	g        *Grammar
}

func (p *parser) fail(at int, format string, args ...any) error {
	return errorAt(p.text, at, format, args...)
}

// found is what stands at the place, for a complaint.
func (p *parser) found() string {
	if p.pos >= len(p.text) {
		return "the end of the grammar"
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.pos:])
	if r == '\n' || r == '\r' {
		return "the end of the line"
	}
	return strconv.QuoteRune(r)
}

func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

// space skips white space and comments; line ends only if lines says so.
func (p *parser) space(lines bool) {
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case c == ' ' || c == '\t' || lines && (c == '\n' || c == '\r'):
			p.pos++
		case c == '#':
			for p.pos < len(p.text) && p.text[p.pos] != '\n' && p.text[p.pos] != '\r' {
				p.pos++
			}
		default:
			return
		}
	}
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-'
}

func (p *parser) name() string {
	from := p.pos
	for isWord(p.peek()) {
		p.pos++
	}
	return p.text[from:p.pos]
}

// ruleID is the rule of a name, perhaps not yet defined.
func (p *parser) ruleID(name string, at int) int32 {
	id, ok := p.names[name]
	if !ok {
		id = p.newRule(name, at)
		p.names[name] = id
	}
	return id
}

func (p *parser) newRule(name string, at int) int32 {
	p.g.rules = append(p.g.rules, rule{name: name, at: at})
	return int32(len(p.g.rules) - 1)
}

func (p *parser) parse() error {
	for i := 0; i < len(p.text); {
		r, n := utf8.DecodeRuneInString(p.text[i:])
		if r == utf8.RuneError && n == 1 || r == 0 {
			return p.fail(i, "byte %#02x is not text; save the grammar as UTF-8", p.text[i])
		}
		i += n
	}
	p.space(true)
	for p.pos < len(p.text) {
		if err := p.rule(); err != nil {
			return err
		}
	}
	root, ok := p.names["root"]
	if !ok || !p.g.rules[root].set {
		return p.fail(len(p.text), `there is no rule "root"; write root ::= and what the text is`)
	}
	p.g.root = root
	for _, r := range p.g.rules {
		if !r.set {
			return p.fail(r.at, "the rule %q is used and not defined; write %s ::= ...", r.name, r.name)
		}
	}
	return nil
}

// rule reads NAME ::= alternatives, and the line's end.
func (p *parser) rule() error {
	at := p.pos
	name := p.name()
	if name == "" {
		return p.fail(p.pos, "a rule begins with its name, of letters, digits and -; found %s", p.found())
	}
	p.space(false)
	if !strings.HasPrefix(p.text[p.pos:], "::=") {
		return p.fail(p.pos, "::= follows the rule's name %q; found %s", name, p.found())
	}
	p.pos += len("::=")
	id := p.ruleID(name, at)
	if r := &p.g.rules[id]; r.set {
		return p.fail(at, "the rule %q is defined twice, before on line %d; rename one or join them with |", name, errorAt(p.text, r.at, "").Line)
	}
	p.g.rules[id].set, p.g.rules[id].at = true, at
	p.space(true)
	alts, err := p.alternatives(false)
	if err != nil {
		return err
	}
	p.g.rules[id].alts = alts
	if c := p.peek(); p.pos < len(p.text) && c != '\n' && c != '\r' {
		return p.fail(p.pos, "the rule %q ends with its line; found %s", name, p.found())
	}
	p.space(true)
	return nil
}

// alternatives reads sequences between |.
func (p *parser) alternatives(inGroup bool) ([][]elem, error) {
	var alts [][]elem
	for {
		seq, err := p.sequence(inGroup)
		if err != nil {
			return nil, err
		}
		alts = append(alts, seq)
		if p.peek() != '|' {
			return alts, nil
		}
		p.pos++
		p.space(true)
	}
}

// sequence reads symbols with what repeats them.
func (p *parser) sequence(inGroup bool) ([]elem, error) {
	var seq []elem
	last := 0 // where the last symbol begins: a literal is several elements
	for p.pos < len(p.text) {
		at := p.pos
		switch c := p.text[p.pos]; {
		case c == '"':
			last = len(seq)
			p.pos++
			for p.peek() != '"' {
				r, err := p.char("the literal")
				if err != nil {
					return nil, err
				}
				seq = append(seq, p.class(charset{{r, r}}))
			}
			p.pos++
		case c == '[':
			set, err := p.set()
			if err != nil {
				return nil, err
			}
			last = len(seq)
			seq = append(seq, p.class(set))
		case c == '.':
			p.pos++
			last = len(seq)
			seq = append(seq, p.class(charset{{0, utf8.MaxRune}}))
		case c == '<' || c == '!':
			ref, err := p.token()
			if err != nil {
				return nil, err
			}
			last = len(seq)
			p.g.tokens = append(p.g.tokens, ref)
			seq = append(seq, elem{kind: elemToken, ref: int32(len(p.g.tokens) - 1)})
		case isWord(c):
			last = len(seq)
			seq = append(seq, elem{kind: elemRule, ref: p.ruleID(p.name(), at)})
		case c == '(':
			if p.nested++; p.nested > maxNested {
				return nil, p.fail(at, "groups lie more than %d deep; give the inner ones names as rules", maxNested)
			}
			p.pos++
			p.space(true)
			alts, err := p.alternatives(true)
			if err != nil {
				return nil, err
			}
			if p.peek() != ')' {
				return nil, p.fail(p.pos, "the group that opens on line %d is not closed; found %s", errorAt(p.text, at, "").Line, p.found())
			}
			p.pos++
			p.nested--
			last = len(seq)
			seq = append(seq, elem{kind: elemRule, ref: p.anonymous(at, alts)})
		case c == '*' || c == '+' || c == '?' || c == '{':
			lo, hi, err := p.times()
			if err != nil {
				return nil, err
			}
			if last == len(seq) {
				return nil, p.fail(at, "%c repeats what stands before it, and nothing does", c)
			}
			seq = p.repeat(seq, last, lo, hi, at)
		default:
			return seq, nil
		}
		if p.elems++; p.elems > maxElems {
			return nil, p.fail(at, "the grammar has more than %d symbols", maxElems)
		}
		p.space(inGroup)
	}
	return seq, nil
}

// anonymous makes a rule of a group.
func (p *parser) anonymous(at int, alts [][]elem) int32 {
	id := p.newRule("", at)
	p.g.rules[id].alts, p.g.rules[id].set = alts, true
	return id
}

// repeat repeats what seq has from last on.
func (p *parser) repeat(seq []elem, last int, lo, hi int32, at int) []elem {
	what := append([]elem(nil), seq[last:]...)
	seq = seq[:last]
	if len(what) == 0 || hi == 0 {
		return seq
	}
	if lo == 1 && hi == 1 {
		return append(seq, what...)
	}
	body := what[0].ref
	if len(what) > 1 || what[0].kind != elemRule {
		body = p.anonymous(at, [][]elem{what})
	}
	return append(seq, elem{kind: elemRepeat, ref: body, min: lo, max: hi})
}

// times reads * + ? or {m,n}.
func (p *parser) times() (lo, hi int32, err error) {
	c := p.text[p.pos]
	p.pos++
	switch c {
	case '*':
		return 0, forever, nil
	case '+':
		return 1, forever, nil
	case '?':
		return 0, 1, nil
	}
	p.space(true)
	if lo, err = p.number(); err != nil {
		return 0, 0, err
	}
	hi = lo
	p.space(true)
	if p.peek() == ',' {
		p.pos++
		p.space(true)
		hi = forever
		if p.peek() != '}' {
			at := p.pos
			if hi, err = p.number(); err != nil {
				return 0, 0, err
			}
			if hi < lo {
				return 0, 0, p.fail(at, "{%d,%d} ends before it begins; write the smaller number first", lo, hi)
			}
		}
		p.space(true)
	}
	if p.peek() != '}' {
		return 0, 0, p.fail(p.pos, "a repetition is {m}, {m,} or {m,n}; found %s", p.found())
	}
	p.pos++
	return lo, hi, nil
}

func (p *parser) number() (int32, error) {
	at, n := p.pos, 0
	for '0' <= p.peek() && p.peek() <= '9' {
		n = min(n*10+int(p.peek()-'0'), maxRepeat+1)
		p.pos++
	}
	if p.pos == at {
		return 0, p.fail(at, "a repetition is {m}, {m,} or {m,n} of numbers; found %s", p.found())
	}
	if n > maxRepeat {
		return 0, p.fail(at, "a repetition of more than %d; leave the upper end open, as {0,}", maxRepeat)
	}
	return int32(n), nil
}

// set reads a class in brackets.
func (p *parser) set() (charset, error) {
	at := p.pos
	p.pos++
	not := p.peek() == '^'
	if not {
		p.pos++
	}
	var set charset
	for p.peek() != ']' {
		from := p.pos
		lo, err := p.char("the class")
		if err != nil {
			return nil, err
		}
		hi := lo
		if p.peek() == '-' && p.pos+1 < len(p.text) && p.text[p.pos+1] != ']' {
			p.pos++
			if hi, err = p.char("the class"); err != nil {
				return nil, err
			}
			if hi < lo {
				return nil, p.fail(from, "the range %q-%q ends before it begins", lo, hi)
			}
		}
		set = append(set, [2]rune{lo, hi})
	}
	p.pos++
	if len(set) == 0 {
		return nil, p.fail(at, `the class %s has no characters; write . for any character, "" for none`, p.text[at:p.pos])
	}
	set = set.normal()
	if not {
		set = set.not()
	}
	return set, nil
}

// char reads a character of a literal or class, perhaps escaped.
func (p *parser) char(of string) (rune, error) {
	if p.pos >= len(p.text) {
		return 0, p.fail(p.pos, "%s is not closed", of)
	}
	r, n := utf8.DecodeRuneInString(p.text[p.pos:])
	at := p.pos
	p.pos += n
	if r != '\\' {
		return r, nil
	}
	digits := 0
	c := p.peek()
	p.pos++
	switch c {
	case 't':
		return '\t', nil
	case 'r':
		return '\r', nil
	case 'n':
		return '\n', nil
	case '\\', '"', '[', ']', '-':
		return rune(c), nil
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default:
		return 0, p.fail(at, `unknown escape %q; there are \t \r \n \\ \" \[ \] \- \xHH \uHHHH \UHHHHHHHH`, p.text[at:min(p.pos, len(p.text))])
	}
	end := min(p.pos+digits, len(p.text))
	v, err := strconv.ParseUint(p.text[p.pos:end], 16, 32)
	if err != nil || end-p.pos != digits {
		return 0, p.fail(at, `\%c takes %d hexadecimal digits`, c, digits)
	}
	if v > utf8.MaxRune {
		return 0, p.fail(at, "%s is beyond the last character, U+10FFFF", p.text[at:end])
	}
	p.pos = end
	return rune(v), nil
}

// token reads <text>, <[id]>, or one of these with ! in front.
func (p *parser) token() (tokenRef, error) {
	ref := tokenRef{at: p.pos}
	if p.peek() == '!' {
		ref.not = true
		p.pos++
	}
	if p.peek() != '<' {
		return ref, p.fail(p.pos, "! stands before a token, as !<text> or !<[id]>; found %s", p.found())
	}
	rest := p.text[p.pos:]
	n := strings.IndexAny(rest, ">\n\r")
	if n < 0 || rest[n] != '>' {
		return ref, p.fail(p.pos, "the token is not closed; write <text> or <[id]>")
	}
	p.pos += n + 1
	if n > 1 && rest[1] == '[' {
		id, err := strconv.ParseUint(strings.TrimSuffix(rest[2:n], "]"), 10, 31)
		if err != nil || rest[n-1] != ']' {
			return ref, p.fail(ref.at, "%s is no token; write the number of one, as <[1000]>", rest[:n+1])
		}
		ref.id = int(id)
		return ref, nil
	}
	ref.text = rest[:n+1]
	return ref, nil
}

// class is an element that matches a character of a set.
func (p *parser) class(set charset) elem {
	p.elems++
	set = set.normal()
	key := set.key()
	id, ok := p.classIDs[key]
	if !ok {
		id = int32(len(p.g.classes))
		p.classIDs[key] = id
		p.g.classes = append(p.g.classes, set)
	}
	return elem{kind: elemClass, ref: id}
}
