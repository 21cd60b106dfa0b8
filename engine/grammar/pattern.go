package grammar

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pattern turns a regular expression into what matches a JSON string of which it
// holds, without the quotes. As JSON Schema has it, it may hold anywhere in the
// string unless ^ and $ tie it.
func (r *schemaReader) pattern(text, path string) (string, error) {
	re, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return "", schemaError(path, "%q is no regular expression that can be used: %v; there is no looking ahead or behind, and no \\1", text, err)
	}
	p := patternReader{r, func(what string) error {
		return schemaError(path, "%q: %s cannot be used there", text, what)
	}}
	out, err := p.read(re, true, true)
	if err != nil {
		return "", err
	}
	return "(" + out + ")", nil
}

type patternReader struct {
	r    *schemaReader
	fail func(what string) error
}

// read gives the expression of re. first and last say that nothing stands before
// or after it: there, it may begin or end with anything if it is not tied.
func (p patternReader) read(re *syntax.Regexp, first, last bool) (string, error) {
	switch re.Op {
	case syntax.OpCapture:
		text, err := p.read(re.Sub[0], first, last)
		return "(" + text + ")", err
	case syntax.OpAlternate:
		var alts []string
		for _, x := range re.Sub {
			text, err := p.read(x, first, last)
			if err != nil {
				return "", err
			}
			alts = append(alts, text)
		}
		return "(" + strings.Join(alts, " | ") + ")", nil
	case syntax.OpConcat:
		var seq []string
		for i, x := range re.Sub {
			begins := first && i == 0
			ends := last && i == len(re.Sub)-1
			switch {
			case x.Op == syntax.OpBeginText && begins, x.Op == syntax.OpEndText && ends:
				continue // tied
			case x.Op == syntax.OpBeginText || x.Op == syntax.OpEndText:
				return "", p.fail(x.String())
			}
			text, err := p.read(x, begins, ends)
			if err != nil {
				return "", err
			}
			seq = append(seq, text)
		}
		if len(seq) == 0 {
			return `""`, nil
		}
		return strings.Join(seq, " "), nil
	case syntax.OpBeginText, syntax.OpEndText:
		if re.Op == syntax.OpBeginText && !first || re.Op == syntax.OpEndText && !last {
			return "", p.fail(re.String())
		}
		if first && last { // alone: any string
			return p.r.use("char") + "*", nil
		}
		return `""`, nil
	}
	text, err := p.one(re)
	if err != nil {
		return "", err
	}
	if first {
		text = p.r.use("char") + "* " + text
	}
	if last {
		text += " " + p.r.use("char") + "*"
	}
	return text, nil
}

// one is read of what is no sequence and no alternatives.
func (p patternReader) one(re *syntax.Regexp) (string, error) {
	times := ""
	switch re.Op {
	case syntax.OpEmptyMatch:
		return `""`, nil
	case syntax.OpLiteral:
		var seq []string
		for _, c := range re.Rune {
			set := []rune{c, c}
			if re.Flags&syntax.FoldCase != 0 {
				for f := unicode.SimpleFold(c); f != c; f = unicode.SimpleFold(f) {
					set = append(set, f, f)
				}
			}
			seq = append(seq, jsonClass(set))
		}
		return strings.Join(seq, " "), nil
	case syntax.OpCharClass:
		if len(re.Rune) == 0 {
			return "", p.fail("a class of no characters")
		}
		return jsonClass(re.Rune), nil
	case syntax.OpAnyChar:
		return p.r.use("char"), nil
	case syntax.OpAnyCharNotNL: // as in JavaScript
		return jsonClass([]rune{0, '\n' - 1, '\n' + 1, '\r' - 1, '\r' + 1, 0x2027, 0x202A, utf8.MaxRune}), nil
	case syntax.OpStar:
		times = "*"
	case syntax.OpPlus:
		times = "+"
	case syntax.OpQuest:
		times = "?"
	case syntax.OpRepeat:
		times = fmt.Sprintf("{%d,", re.Min)
		if re.Max >= 0 {
			times += fmt.Sprint(re.Max)
		}
		times += "}"
	default:
		return "", p.fail(re.String())
	}
	text, err := p.read(re.Sub[0], false, false)
	if text == `""` {
		return text, err
	}
	return "(" + text + ")" + times, err
}

// escapes are the characters with escapes of their own in JSON.
var escapes = map[rune]string{'"': `"`, '\\': `\`, '\b': "b", '\f': "f", '\n': "n", '\r': "r", '\t': "t"}

// jsonClass is a character of a set, in pairs of a range's ends, as a JSON string
// has it.
func jsonClass(pairs []rune) string {
	var set charset
	for i := 0; i+1 < len(pairs); i += 2 {
		set = append(set, [2]rune{pairs[i], pairs[i+1]})
	}
	set = set.normal()
	has := func(c rune) bool {
		for _, r := range set {
			if r[0] <= c && c <= r[1] {
				return true
			}
		}
		return false
	}
	var plain charset
	for _, free := range [][2]rune{{' ', '!'}, {'#', '['}, {']', 0x7E}, {0x80, utf8.MaxRune}} {
		for _, r := range set {
			if lo, hi := max(r[0], free[0]), min(r[1], free[1]); lo <= hi {
				plain = append(plain, [2]rune{lo, hi})
			}
		}
	}
	var alts []string
	if plain = plain.normal(); len(plain) > 0 {
		var b strings.Builder
		for _, r := range plain {
			b.WriteString(classChar(r[0]))
			if r[1] > r[0] {
				b.WriteString("-" + classChar(r[1]))
			}
		}
		alts = append(alts, "["+b.String()+"]")
	}
	for c := rune(0); c < 0x80; c++ {
		if c >= ' ' && c != '"' && c != '\\' && c != 0x7F || !has(c) {
			continue
		}
		if e, ok := escapes[c]; ok {
			alts = append(alts, literal(`\`+e))
		} else {
			alts = append(alts, literal(fmt.Sprintf(`\u%04x`, c)))
		}
	}
	if len(alts) == 1 {
		return alts[0]
	}
	return "(" + strings.Join(alts, " | ") + ")"
}
