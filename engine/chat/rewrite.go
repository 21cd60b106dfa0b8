package chat

import (
	"fmt"
	"slices"
	"strings"
)

// Limits on templates, far above the largest known (17 kB) and far below what
// exhausts the evaluator's stack.
const (
	maxSource  = 256 << 10
	maxNesting = 100
)

// prefix is that of the names which rewriting adds; templates may not use it.
const prefix = "loupe_"

// writer turns parts into the evaluator's dialect, where it differs from
// Jinja2:
//
//   - Text becomes string expressions, so that white space is ours alone (the
//     evaluator lets "-" strip text on the far side of another tag).
//   - Methods of strings and dicts, and filters that the evaluator lacks or
//     takes another way, become filters of this package (python.go).
//   - A variable set in a loop's body is forgotten at its next turn.
//   - Attributes of undefined values are errors.
//   - Every output passes through a filter that prints as Python does and
//     counts; loops and macros count too.
//
// Lines stay where they are, for the errors of the evaluator.
type writer struct {
	out    strings.Builder
	line   int
	blocks []block // that are open
	serial int
	assign map[int][]string // variables set in the body that begins at a part
}

// block is an open statement with a body.
type block struct {
	keyword string
	line    int
	isElse  bool
	after   string // written behind its end
}

// rewrite turns source into what the evaluator compiles.
func rewrite(source string) (string, error) {
	if len(source) > maxSource {
		return "", fmt.Errorf("it has %d bytes; %d are allowed", len(source), maxSource)
	}
	parts, err := lex(source)
	if err != nil {
		return "", err
	}
	w := &writer{line: 1}
	if w.assign, err = assigned(parts); err != nil {
		return "", err
	}
	for i, p := range parts {
		if p.line > w.line {
			w.out.WriteString("{#" + strings.Repeat("\n", p.line-w.line) + "#}")
			w.line = p.line
		}
		switch p.kind {
		case textPart:
			w.out.WriteString("{{" + quote(p.text) + "}}")
		case exprPart:
			e, err := expression(p.toks)
			if err != nil {
				return "", err
			}
			if e == "" {
				return "", fmt.Errorf("line %d: {{ }} holds no expression", p.line)
			}
			w.out.WriteString("{{(" + e + ")|loupe_print}}")
		case stmtPart:
			if err := w.statement(i, p); err != nil {
				return "", err
			}
		}
	}
	if n := len(w.blocks); n > 0 {
		return "", fmt.Errorf("line %d: {%% %s %%} is not closed by {%% end%[2]s %%}", w.blocks[n-1].line, w.blocks[n-1].keyword)
	}
	return w.out.String(), nil
}

// bodies are the statements with a body and an end.
var bodies = []string{"if", "for", "set", "macro", "call", "filter", "generation"}

// isBlock reports whether a statement has a body: all that bodies names but a
// set with a value.
func isBlock(p part) bool {
	if p.toks[0].text == "set" {
		_, rest := target(p.toks[1:])
		return len(rest) == 0 || !rest[0].is("=")
	}
	return slices.Contains(bodies, p.toks[0].text)
}

// target is the name, or namespace.name, that an assignment begins with, and
// the tokens after it.
func target(toks []token) (name string, rest []token) {
	if len(toks) == 0 || toks[0].kind != nameToken {
		return "", toks
	}
	if len(toks) > 2 && toks[1].is(".") && toks[2].kind == nameToken {
		return toks[0].text + "." + toks[2].text, toks[3:]
	}
	return toks[0].text, toks[1:]
}

// assigned finds the variables that the body of each loop sets, and checks the
// shape of all statements' beginnings.
func assigned(parts []part) (map[int][]string, error) {
	found := map[int][]string{}
	var open []int
	for i, p := range parts {
		for _, t := range p.toks {
			if t.kind == nameToken && strings.HasPrefix(t.text, prefix) {
				return nil, fmt.Errorf("line %d: the name %s is taken: rename it", t.line, t.text)
			}
		}
		if p.kind != stmtPart {
			continue
		}
		if len(p.toks) == 0 || p.toks[0].kind != nameToken {
			return nil, fmt.Errorf("line %d: {%% %%} holds no statement", p.line)
		}
		if p.toks[0].text == "set" && len(p.toks) > 1 && (len(p.toks) == 2 || !p.toks[2].is(".")) {
			// Every body but an "if"'s is a scope.
			for _, o := range slices.Backward(open) {
				if parts[o].toks[0].text != "if" {
					if name := p.toks[1].text; !slices.Contains(found[o], name) {
						found[o] = append(found[o], name)
					}
					break
				}
			}
		}
		if isBlock(p) {
			if open = append(open, i); len(open) > maxNesting {
				return nil, fmt.Errorf("line %d: statements are nested more than %d deep", p.line, maxNesting)
			}
		} else if strings.HasPrefix(p.toks[0].text, "end") && len(open) > 0 {
			open = open[:len(open)-1]
		}
	}
	return found, nil
}

func (w *writer) statement(i int, p part) error {
	keyword, rest := p.toks[0].text, p.toks[1:]
	top := len(w.blocks) - 1
	switch keyword {
	case "if", "elif":
		if keyword == "elif" && (top < 0 || w.blocks[top].keyword != "if" || w.blocks[top].isElse) {
			return fmt.Errorf("line %d: {%% elif %%} belongs to no {%% if %%}", p.line)
		}
		e, err := expression(rest)
		if err != nil {
			return err
		}
		if e == "" {
			return fmt.Errorf("line %d: {%% %s %%} has no condition", p.line, keyword)
		}
		w.tag(keyword + " " + e)
	case "else":
		if top < 0 || w.blocks[top].keyword != "if" && w.blocks[top].keyword != "for" || w.blocks[top].isElse {
			return fmt.Errorf("line %d: {%% else %%} belongs to no {%% if %%} and no {%% for %%}", p.line)
		}
		w.blocks[top].isElse = true
		w.tag("else")
	case "for":
		return w.forLoop(i, p)
	case "set":
		return w.set(i, p)
	case "macro":
		if len(rest) < 3 || rest[0].kind != nameToken || !rest[1].is("(") || !rest[len(rest)-1].is(")") {
			return fmt.Errorf("line %d: a macro is {%% macro name(parameters) %%}", p.line)
		}
		if err := w.parameters(p.line, rest[2:len(rest)-1]); err != nil {
			return err
		}
		e, err := expression(rest)
		if err != nil {
			return err
		}
		w.tag("macro " + e)
		w.out.WriteString("{{loupe_enter()}}")
	case "call":
		e, err := expression(rest)
		if err != nil {
			return err
		}
		w.tag("call " + e)
	case "filter":
		e, err := expression(append([]token{{kind: opToken, text: "|"}}, rest...))
		if err != nil {
			return err
		}
		name, restore := w.unique("filter"), w.save(i, "")
		w.tag("set " + name)
		w.blocks = append(w.blocks, block{keyword: keyword, line: p.line, after: restore + "{{" + name + e + "|loupe_print}}"})
		return nil
	case "break", "continue":
		if !slices.ContainsFunc(w.blocks, func(b block) bool { return b.keyword == "for" }) {
			return fmt.Errorf("line %d: {%% %s %%} is in no loop", p.line, keyword)
		}
		w.tag(keyword)
	case "generation":
		// transformers marks with it what a model generated; it prints nothing.
		w.blocks = append(w.blocks, block{keyword: keyword, line: p.line, after: w.save(i, "")})
		return nil
	default:
		if opened, ok := strings.CutPrefix(keyword, "end"); ok && slices.Contains(bodies, opened) {
			return w.end(opened, p.line)
		}
		return fmt.Errorf("line %d: the statement %q is not known", p.line, keyword)
	}
	if isBlock(p) {
		w.blocks = append(w.blocks, block{keyword: keyword, line: p.line})
	}
	return nil
}

func (w *writer) end(keyword string, line int) error {
	top := len(w.blocks) - 1
	if top < 0 {
		return fmt.Errorf("line %d: {%% end%s %%} closes nothing", line, keyword)
	}
	b := w.blocks[top]
	if b.keyword != keyword {
		return fmt.Errorf("line %d: {%% end%s %%} where {%% %s %%} of line %d is open", line, keyword, b.keyword, b.line)
	}
	w.blocks = w.blocks[:top]
	switch keyword {
	case "generation":
	case "filter":
		w.tag("endset")
	case "macro":
		w.out.WriteString("{{loupe_leave()}}")
		w.tag("endmacro")
	default:
		w.tag("end" + keyword)
	}
	w.out.WriteString(b.after)
	return nil
}

func (w *writer) tag(text string) {
	w.out.WriteString("{% " + text + " %}")
}

func (w *writer) unique(what string) string {
	w.serial++
	return fmt.Sprintf("%s%s_%d", prefix, what, w.serial)
}

// forLoop writes a loop with its count and with the variables that its body
// sets put back at the beginning of each turn: every turn is a scope of its own.
func (w *writer) forLoop(i int, p part) error {
	rest := p.toks[1:]
	in := slices.IndexFunc(rest, func(t token) bool { return t.is("in") })
	if in < 1 || in > 3 || in == 2 || rest[0].kind != nameToken || in == 3 && (!rest[1].is(",") || rest[2].kind != nameToken) {
		return fmt.Errorf("line %d: a loop is {%% for name in values %%} or {%% for key, value in pairs %%}", p.line)
	}
	values, condition := rest[in+1:], []token(nil)
	for k := 0; k < len(values); k = group(values, k) + 1 {
		switch {
		case values[k].is("recursive"):
			return fmt.Errorf("line %d: recursive loops are not supported: use a macro", p.line)
		case values[k].is("if"):
			values, condition = values[:k], values[k:]
		}
	}
	from, err := expression(values)
	if err != nil {
		return err
	}
	each := "|loupe_each "
	if in == 3 {
		each = "|loupe_pairs "
		condition = ofPair(condition, rest[0].text, rest[2].text)
	}
	only, err := expression(condition)
	if err != nil {
		return err
	}
	var names string
	for k, t := range rest[:in] {
		if k > 0 && t.kind == nameToken {
			names += ", "
		}
		if t.kind == nameToken {
			names += t.text
		}
	}
	kept := w.save(i, names)
	w.tag("for " + names + " in (" + from + ")" + each + only)
	w.out.WriteString("{{loupe_turn()}}" + kept)
	w.blocks = append(w.blocks, block{keyword: "for", line: p.line})
	return nil
}

// save writes what keeps the outer values of the variables that the body at
// part i sets, all but those named, and returns what puts them back.
func (w *writer) save(i int, but string) (restore string) {
	for _, name := range w.assign[i] {
		if slices.Contains(strings.Split(but, ", "), name) {
			continue
		}
		outer := w.unique("outer")
		w.tag("set " + outer + " = " + name)
		restore += "{% set " + name + " = " + outer + " %}"
	}
	return restore
}

// ofPair writes the condition of a loop over pairs for the evaluator, which
// gives it the pair under the second name and nothing under the first.
func ofPair(toks []token, key, val string) []token {
	var out []token
	for i, t := range toks {
		n := map[string]string{val: "1", key: "0"}[t.text]
		if t.kind != nameToken || n == "" || i > 0 && (toks[i-1].is(".") || toks[i-1].is("|")) || i+1 < len(toks) && toks[i+1].is("=") {
			out = append(out, t)
			continue
		}
		out = append(out, token{nameToken, val, t.line}, token{opToken, "[", t.line}, token{numberToken, n, t.line}, token{opToken, "]", t.line})
	}
	return out
}

// set writes an assignment: of a value, or of a body that may pass filters.
func (w *writer) set(i int, p part) error {
	name, rest := target(p.toks[1:])
	if name == "" || len(rest) > 0 && !rest[0].is("=") && !rest[0].is("|") {
		return fmt.Errorf("line %d: an assignment is {%% set name = value %%}, with one name or namespace.name, or {%% set name %%} with a body", p.line)
	}
	if !isBlock(p) {
		e, err := expression(rest[1:])
		if err != nil {
			return err
		}
		if e == "" {
			return fmt.Errorf("line %d: {%% set %s = %%} has no value", p.line, name)
		}
		w.tag("set " + name + " = (" + e + ")|" + guard(name))
		return nil
	}
	filters, err := expression(rest)
	if err != nil {
		return err
	}
	body, restore := w.unique("body"), w.save(i, "")
	w.tag("set " + body)
	w.blocks = append(w.blocks, block{keyword: "set", line: p.line, after: restore + "{% set " + name + " = " + body + filters + "|" + guard(name) + " %}"})
	return nil
}

// guard is the filter that checks what a variable is set to.
func guard(target string) string {
	if strings.Contains(target, ".") {
		return prefix + "store"
	}
	return prefix + "keep"
}

// parameters refuses a macro's defaults that the evaluator would cut apart.
func (w *writer) parameters(line int, toks []token) error {
	depth := 0
	for _, t := range toks {
		switch {
		case t.kind == stringToken && strings.ContainsAny(t.text, ",=)"), depth > 0 && t.is(","):
			return fmt.Errorf("line %d: a macro's default value may not hold a comma, = or ) in this build", line)
		case t.kind == opToken && strings.Contains("([{", t.text):
			depth++
		case t.kind == opToken && strings.Contains(")]}", t.text):
			depth--
		}
	}
	return nil
}

// quote writes text as a string of the evaluator, on one line.
func quote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`).Replace(text) + "'"
}
