package chat

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// part is a piece of a template after Jinja2's white space control: text, an
// expression {{ }} or a statement {% %}. Comments are gone.
type part struct {
	kind partKind
	text string  // of a text
	toks []token // of the others
	line int     // where it begins, from 1
}

type partKind int

const (
	textPart partKind = iota
	exprPart
	stmtPart
)

type token struct {
	kind tokenKind
	text string // as the evaluator reads it; of a string, its value
	line int
}

type tokenKind int

const (
	nameToken tokenKind = iota
	numberToken
	stringToken
	opToken
)

func (t token) is(text string) bool {
	return (t.kind == opToken || t.kind == nameToken) && t.text == text
}

// lexer follows jinja2/lexer.py with trim_blocks and lstrip_blocks on.
type lexer struct {
	src       string
	pos       int
	lineStart bool // what was matched last ended with a newline
	parts     []part

	counted, line int // newlines in src[:counted], for lineAt
}

// lex cuts source into parts.
func lex(source string) ([]part, error) {
	source = strings.ReplaceAll(source, "\r\n", "\n")
	source = strings.ReplaceAll(source, "\r", "\n")
	source = strings.TrimSuffix(source, "\n")
	l := &lexer{src: source, lineStart: true, line: 1}
	for l.pos < len(l.src) {
		if err := l.next(); err != nil {
			return nil, err
		}
	}
	return l.parts, nil
}

// lineAt is the line of an offset; offsets only grow.
func (l *lexer) lineAt(pos int) int {
	l.line += strings.Count(l.src[l.counted:pos], "\n")
	l.counted = pos
	return l.line
}

func (l *lexer) next() error {
	open := l.pos
	for {
		i := strings.IndexByte(l.src[open:], '{')
		if i < 0 || open+i+1 >= len(l.src) {
			l.addText(len(l.src))
			l.pos = len(l.src)
			return nil
		}
		if open += i; strings.IndexByte("{%#", l.src[open+1]) >= 0 {
			break
		}
		open++
	}
	kind := l.src[open+1]
	body, sign := l.sign(open + 2)
	end := l.stripped(open, sign, kind != '{')
	l.addText(end)
	line := l.lineAt(open)
	switch kind {
	case '#':
		return l.comment(body, line)
	case '%':
		if after, ok := l.rawBegin(body); ok {
			return l.raw(after, line)
		}
		return l.tag(body, line, stmtPart)
	}
	return l.tag(body, line, exprPart)
}

// sign reads the white space control after a tag's opening.
func (l *lexer) sign(pos int) (after int, sign byte) {
	if pos < len(l.src) && (l.src[pos] == '-' || l.src[pos] == '+') {
		return pos + 1, l.src[pos]
	}
	return pos, 0
}

// stripped is where the text before the tag at open ends.
func (l *lexer) stripped(open int, sign byte, block bool) int {
	text := l.src[l.pos:open]
	switch {
	case sign == '-':
		return l.pos + len(strings.TrimRightFunc(text, isSpace))
	case sign != '+' && block:
		start := strings.LastIndexByte(text, '\n') + 1
		if (start > 0 || l.lineStart) && strings.TrimFunc(text[start:], isSpace) == "" {
			return l.pos + start
		}
	}
	return open
}

func (l *lexer) addText(end int) {
	if end > l.pos {
		l.parts = append(l.parts, part{kind: textPart, text: l.src[l.pos:end], line: l.lineAt(l.pos)})
	}
}

// close moves behind the end of a tag at pos, "-%}", "+%}" or "%}", and the
// white space that it takes along.
func (l *lexer) close(pos int, end string) bool {
	rest := l.src[pos:]
	switch {
	case strings.HasPrefix(rest, "-"+end):
		rest = strings.TrimLeftFunc(rest[3:], isSpace)
	case end != "}}" && strings.HasPrefix(rest, "+"+end):
		rest = rest[3:]
	case strings.HasPrefix(rest, end):
		if rest = rest[2:]; end != "}}" {
			rest = strings.TrimPrefix(rest, "\n")
		}
	default:
		return false
	}
	l.pos = len(l.src) - len(rest)
	l.lineStart = l.src[l.pos-1] == '\n'
	return true
}

func (l *lexer) comment(pos, line int) error {
	i := strings.Index(l.src[pos:], "#}")
	if i < 0 {
		return fmt.Errorf("line %d: a comment {# is not closed by #}", line)
	}
	if end := pos + i; i > 0 && l.close(end-1, "#}") || l.close(end, "#}") {
		return nil
	}
	panic("unreachable: #} was found")
}

// rawBegin reports whether a statement's body at pos opens a raw block, and
// where the block's text starts.
func (l *lexer) rawBegin(pos int) (after int, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimLeftFunc(l.src[pos:], isSpace), "raw")
	if !ok {
		return 0, false
	}
	rest = strings.TrimLeftFunc(rest, isSpace)
	if r, ok := strings.CutPrefix(rest, "-%}"); ok {
		return len(l.src) - len(strings.TrimLeftFunc(r, isSpace)), true
	}
	// Unlike other tags, this one does not take the newline after it.
	r, ok := strings.CutPrefix(rest, "%}")
	return len(l.src) - len(r), ok
}

func (l *lexer) raw(pos, line int) error {
	l.pos, l.lineStart = pos, l.src[pos-1] == '\n'
	for open := pos; ; open += 2 {
		i := strings.Index(l.src[open:], "{%")
		if i < 0 {
			return fmt.Errorf("line %d: a raw block is not closed by {%% endraw %%}", line)
		}
		open += i
		body, sign := l.sign(open + 2)
		rest, ok := strings.CutPrefix(strings.TrimLeftFunc(l.src[body:], isSpace), "endraw")
		if !ok {
			continue
		}
		rest = strings.TrimLeftFunc(rest, isSpace)
		end := l.stripped(open, sign, true)
		start := l.pos
		if !l.close(len(l.src)-len(rest), "%}") {
			continue
		}
		after := l.pos
		l.pos = start
		l.addText(end)
		l.pos = after
		return nil
	}
}

// tag reads the tokens of an expression or a statement.
func (l *lexer) tag(pos, line int, kind partKind) error {
	end, name := "%}", "a statement {%"
	if kind == exprPart {
		end, name = "}}", "an expression {{"
	}
	p := part{kind: kind, line: line}
	var open []byte // brackets to be closed, the innermost last
	for {
		for pos < len(l.src) {
			r, n := utf8.DecodeRuneInString(l.src[pos:])
			if !isSpace(r) {
				break
			}
			pos += n
		}
		if pos >= len(l.src) {
			return fmt.Errorf("line %d: %s is not closed by %s", line, name, end)
		}
		if len(open) == 0 && l.close(pos, end) {
			l.parts = append(l.parts, p)
			return nil
		}
		t, n, err := lexToken(l.src[pos:])
		t.line = l.lineAt(pos)
		if err != nil {
			return fmt.Errorf("line %d: %w", t.line, err)
		}
		pos += n
		if t.kind == opToken {
			switch t.text {
			case "(", "[", "{":
				if len(open) == maxNesting {
					return fmt.Errorf("line %d: brackets are nested more than %d deep", t.line, maxNesting)
				}
				open = append(open, map[string]byte{"(": ')', "[": ']', "{": '}'}[t.text])
			case ")", "]", "}":
				if len(open) == 0 {
					return fmt.Errorf("line %d: %q closes nothing", t.line, t.text)
				}
				if want := open[len(open)-1]; t.text != string(want) {
					return fmt.Errorf("line %d: %q where %q is due", t.line, t.text, want)
				}
				open = open[:len(open)-1]
			}
		}
		if last := len(p.toks) - 1; t.kind == stringToken && last >= 0 && p.toks[last].kind == stringToken {
			p.toks[last].text += t.text // 'a' 'b' is one string, as in Python
			continue
		}
		p.toks = append(p.toks, t)
	}
}

var operators = []string{ // the longer first
	"//", "**", "==", "!=", ">=", "<=",
	"+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",",
}

// lexToken reads the token that s begins with, and its length in s.
func lexToken(s string) (token, int, error) {
	c := s[0]
	switch {
	case c == '\'' || c == '"':
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case c:
				text, err := unescape(s[1:i])
				return token{kind: stringToken, text: text}, i + 1, err
			}
		}
		return token{}, 0, fmt.Errorf("a string that %c begins is not closed", c)
	case isDigit(c):
		return lexNumber(s)
	case isIdent(c):
		n := 1
		for n < len(s) && isIdent(s[n]) {
			n++
		}
		return token{kind: nameToken, text: s[:n]}, n, nil
	}
	for _, op := range operators {
		if strings.HasPrefix(s, op) {
			return token{kind: opToken, text: op}, len(op), nil
		}
	}
	r, _ := utf8.DecodeRuneInString(s)
	return token{}, 0, fmt.Errorf("unexpected character %q", r)
}

// lexNumber reads an integer or a float and writes it in decimal.
func lexNumber(s string) (token, int, error) {
	n := 0
	for n < len(s) && (isIdent(s[n]) || s[n] == '.' && n+1 < len(s) && isDigit(s[n+1]) ||
		(s[n] == '+' || s[n] == '-') && (s[n-1] == 'e' || s[n-1] == 'E') && !strings.HasPrefix(s, "0x") && n+1 < len(s) && isDigit(s[n+1])) {
		n++
	}
	if i, err := strconv.ParseInt(s[:n], 0, 64); err == nil && (s[0] != '0' || strings.Trim(s[:n], "0_") == "" || !isDigit(s[min(1, n-1)])) {
		return token{kind: numberToken, text: strconv.FormatInt(i, 10)}, n, nil
	}
	if f, err := strconv.ParseFloat(strings.ReplaceAll(s[:n], "_", ""), 64); err == nil && strings.ContainsAny(s[:n], ".eE") && !strings.HasPrefix(s, "0x") {
		// The evaluator knows an exponent only after a fraction.
		text := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
		return token{kind: numberToken, text: text}, n, nil
	}
	return token{}, 0, fmt.Errorf("%q is not a number within 64 bits", s[:n])
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isIdent(c byte) bool {
	return c == '_' || isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// unescape reads the escapes of a Python string. An unknown one stands for
// itself, backslash included.
func unescape(s string) (string, error) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		if i == len(s) {
			return "", fmt.Errorf("a string ends with a lone backslash")
		}
		digits := 0
		switch c := s[i]; c {
		case '\n':
		case '\\', '\'', '"':
			b.WriteByte(c)
		case 'a', 'b', 'f', 'n', 'r', 't', 'v':
			b.WriteByte("\a\b\f\n\r\t\v"[strings.IndexByte("abfnrtv", c)])
		case 'x':
			digits = 2
		case 'u':
			digits = 4
		case 'U':
			digits = 8
		case '0', '1', '2', '3', '4', '5', '6', '7':
			n := i
			for n < min(i+3, len(s)) && s[n] >= '0' && s[n] <= '7' {
				n++
			}
			v, _ := strconv.ParseUint(s[i:n], 8, 32)
			b.WriteRune(rune(v))
			i = n - 1
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
		if digits > 0 {
			hex := s[i+1 : min(i+1+digits, len(s))]
			v, err := strconv.ParseUint(hex, 16, 32)
			if err != nil || len(hex) < digits || !utf8.ValidRune(rune(v)) {
				return "", fmt.Errorf("a string holds the bad escape \\%c%s", s[i], hex)
			}
			b.WriteRune(rune(v))
			i += digits
		}
	}
	return b.String(), nil
}

// isSpace is what Python's str.strip and \s take for white space.
func isSpace(r rune) bool {
	switch {
	case r >= '\t' && r <= '\r', r >= 0x1c && r <= 0x20, r == 0x85, r == 0xa0, r == 0x1680,
		r >= 0x2000 && r <= 0x200a, r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f, r == 0x3000:
		return true
	}
	return false
}
