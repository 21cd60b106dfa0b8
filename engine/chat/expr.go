package chat

import (
	"fmt"
	"strings"
)

// expression writes tokens for the evaluator: methods and filters by the names
// of this package's own, arguments of tests in brackets.
func expression(toks []token) (string, error) {
	var b strings.Builder
	add := func(s string) { b.WriteString(s + " ") }
	closers := map[int]string{} // what to write after a token
	instead := map[int]string{} // what to write for a token
	for i := 0; i < len(toks); i++ {
		t := toks[i]
		at := func(n int) token {
			if n >= 0 && n < len(toks) {
				return toks[n]
			}
			return token{}
		}
		if begins(toks, i) {
			first := operand(toks, i)
			e := tested(toks, first)
			wrap := func(closer string) {
				add("(")
				closers[e] = closer + closers[e]
			}
			switch {
			case at(i-1).is("+") || at(e+1).is("+"):
				wrap("|loupe_term) ")
			case at(i-1).is("~") || at(e+1).is("~"):
				wrap("|loupe_string) ")
			}
			if e != first { // a test binds tighter than any operator
				wrap(") ")
			}
			if prev := at(i - 1); at(e+1).is("*") && (prev.is("/") || prev.is("//") || prev.is("%")) {
				return "", fmt.Errorf("line %d: a multiplication after %s needs brackets", t.line, prev.text)
			}
		}
		switch {
		case t.kind == stringToken:
			add(quote(t.text))
		case t.is(".") && at(i+1).kind == nameToken && at(i+2).is("("):
			if fn := prefix + "m_" + at(i+1).text; library[fn] != nil {
				add("| " + fn)
				i++
			} else {
				add(".")
			}
		case t.is(".") && at(i+1).kind == nameToken:
			add("| loupe_attribute(" + quote(at(i+1).text) + ")")
			i++
		case t.is("|"):
			name := at(i + 1)
			if name.kind != nameToken {
				return "", fmt.Errorf("line %d: after | comes the name of a filter", t.line)
			}
			add("|")
			if library[prefix+name.text] != nil {
				add(prefix + name.text)
			} else {
				add(name.text)
			}
			i++
		case t.is("is"):
			add("is")
			if at(i + 1).is("not") {
				add("not")
				i++
			}
			i++
			name := at(i)
			if name.kind != nameToken || name.text == "" {
				return "", fmt.Errorf("line %d: after \"is\" comes the name of a test", t.line)
			}
			// Strings and dicts are sequences to Jinja2.
			if name.text == "sequence" {
				name.text = "iterable"
			}
			add(name.text)
			if hasArgument(toks, i) && !at(i+1).is("(") {
				add("(")
				if at(i + 1).is("[") {
					instead[i+1] = "[" // a list, not a subscript
				}
				e := operand(toks, i+1)
				closers[e] = ") " + closers[e]
			}
		case t.is("**"):
			return "", fmt.Errorf("line %d: the operator ** is not supported", t.line)
		case t.is("*"):
			// The one operator that makes much of little: a filter limits it.
			add("| loupe_multiply (")
			e := tested(toks, operand(toks, i+1))
			closers[e] = ") " + closers[e]
		case t.is("[") && subscripts(at(i-1)) && instead[i] == "" && !isSlice(toks, i):
			if at(i + 1).is("]") {
				return "", fmt.Errorf("line %d: [] holds no index", t.line)
			}
			add("| loupe_item (")
			instead[group(toks, i)] = ")"
		case instead[i] != "":
			add(instead[i])
		default:
			add(t.text)
		}
		if c, ok := closers[i]; ok {
			b.WriteString(c)
			delete(closers, i)
		}
	}
	if len(closers) > 0 {
		return "", fmt.Errorf("line %d: an operand is missing", toks[len(toks)-1].line)
	}
	return strings.TrimSuffix(b.String(), " "), nil
}

// keyword are the names that cannot begin an operand.
var keyword = map[string]bool{"and": true, "or": true, "not": true, "if": true, "else": true, "in": true, "is": true}

// subscripts reports whether a [ after t takes an item of what t ends.
func subscripts(t token) bool {
	return t.kind == stringToken || t.is(")") || t.is("]") || t.is("}") || t.kind == nameToken && t.text != "" && !keyword[t.text]
}

// begins reports whether an operand begins at token i.
func begins(toks []token, i int) bool {
	t, prev, prev2 := toks[i], token{}, token{}
	if i > 0 {
		prev = toks[i-1]
	}
	if i > 1 {
		prev2 = toks[i-2]
	}
	if subscripts(prev) || prev.is(".") || prev.is("|") || prev.is("is") || prev.is("not") && prev2.is("is") {
		return false
	}
	return t.kind == stringToken || t.kind == numberToken || t.kind == nameToken && !keyword[t.text] || t.is("(") || t.is("[") || t.is("{")
}

// hasArgument reports whether the test with its name at i is given one.
func hasArgument(toks []token, i int) bool {
	if i+1 >= len(toks) {
		return false
	}
	next := toks[i+1]
	return next.kind == stringToken || next.kind == numberToken || next.kind == nameToken && !keyword[next.text] ||
		next.is("(") || next.is("[") || next.is("{")
}

// tested is the last token of the tests that follow the value ending at e, or e.
func tested(toks []token, e int) int {
	for e+1 < len(toks) && toks[e+1].is("is") {
		e = testEnd(toks, e+1)
	}
	return e
}

// testEnd is the last token of the test whose "is" is at i.
func testEnd(toks []token, i int) int {
	if i++; i < len(toks) && toks[i].is("not") {
		i++
	}
	switch {
	case !hasArgument(toks, i):
		return i
	case toks[i+1].is("("):
		return group(toks, i+1)
	}
	return operand(toks, i+1)
}

// isSlice reports whether the bracket at i holds a slice: a colon of its own.
func isSlice(toks []token, i int) bool {
	end := group(toks, i)
	for j := i + 1; j < end; j++ {
		if toks[j].is(":") {
			return true
		}
		j = group(toks, j)
	}
	return false
}

// operand is the last token of the value that begins at token i, with what is
// called, indexed and taken of it.
func operand(toks []token, i int) int {
	for i < len(toks) && (toks[i].is("-") || toks[i].is("+")) {
		i++
	}
	i = group(toks, i)
	for i+1 < len(toks) {
		switch next := toks[i+1]; {
		case next.is("."), next.is("|"):
			i += 2
		case next.is("("), next.is("["):
			i = group(toks, i+1)
		default:
			return i
		}
	}
	return i
}

// group is the bracket that closes the one at i, or i.
func group(toks []token, i int) int {
	depth := 0
	for j := i; j < len(toks); j++ {
		if t := toks[j]; t.kind == opToken {
			switch t.text {
			case "(", "[", "{":
				depth++
			case ")", "]", "}":
				depth--
			}
		}
		if depth == 0 {
			return j
		}
	}
	return len(toks)
}
