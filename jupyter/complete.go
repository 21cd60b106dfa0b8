package jupyter

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"loupe/kernel"
)

// byteOffset turns a cursor of the protocol, which counts characters, into
// bytes. A negative one is the end.
func byteOffset(code string, chars int) int {
	if chars < 0 {
		return len(code)
	}
	for i := range code {
		if chars == 0 {
			return i
		}
		chars--
	}
	return len(code)
}

// kinds are Jupyter's names for what a candidate is, which choose its icon.
var kinds = map[string]string{
	"var": "instance", "func": "function", "method": "function", "field": "property", "type": "class",
	"const": "statement", "package": "module", "keyword": "keyword", "magic": "magic",
}

// completion is the content of a complete_reply.
func completion(k *kernel.Kernel, code string, cursor int) object {
	from, list := k.Candidates(code, byteOffset(code, cursor))
	start := utf8.RuneCountInString(code[:from])
	end := utf8.RuneCountInString(code[:byteOffset(code, cursor)])
	matches, types := []string{}, []object{}
	for _, c := range list {
		matches = append(matches, c.Text)
		kind := kinds[c.Kind]
		if kind == "" {
			kind = c.Kind
		}
		types = append(types, object{"text": c.Text, "type": kind, "signature": c.Detail, "start": start, "end": end})
	}
	return object{
		"status": "ok", "matches": matches, "cursor_start": start, "cursor_end": end,
		"metadata": object{"_jupyter_types_experimental": types},
	}
}

// inspection is the content of an inspect_reply.
func inspection(k *kernel.Kernel, code string, cursor int) object {
	at := byteOffset(code, cursor)
	for _, expr := range []string{nameAt(code, at), calleeAt(code, at)} {
		if expr == "" {
			continue
		}
		if doc, ok := k.Doc(expr); ok {
			return object{"status": "ok", "found": true, "data": docBundle(doc), "metadata": object{}}
		}
	}
	return object{"status": "ok", "found": false, "data": object{}, "metadata": object{}}
}

func docBundle(d kernel.Doc) map[string]string {
	md := "**" + d.Name + "**"
	if d.Signature != "" {
		md = "```go\n" + d.Signature + "\n```"
	}
	if d.Doc != "" {
		md += "\n\n" + strings.TrimSpace(d.Doc)
	}
	if d.Pos != "" {
		md += "\n\n" + d.Pos
	}
	return map[string]string{"text/plain": strings.TrimRight(d.String(), "\n"), "text/markdown": md}
}

func isName(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// nameAt is the name, with what it is selected from, that the cursor stands in
// or behind: in "a.b.c" with the cursor in b it is "a.b".
func nameAt(code string, at int) string {
	end := at
	for end < len(code) {
		r, n := utf8.DecodeRuneInString(code[end:])
		if !isName(r) {
			break
		}
		end += n
	}
	start := end
	for start > 0 {
		r, n := utf8.DecodeLastRuneInString(code[:start])
		if !isName(r) && (r != '.' || start == end) {
			break
		}
		start -= n
	}
	name := strings.Trim(code[start:end], ".")
	if r, _ := utf8.DecodeRuneInString(name); unicode.IsDigit(r) {
		return ""
	}
	return name
}

// calleeAt is the function whose arguments the cursor stands in.
func calleeAt(code string, at int) string {
	depth := 0
	for i := at - 1; i >= 0; i-- {
		switch code[i] {
		case ')', ']', '}':
			depth++
		case '(', '[', '{':
			if depth == 0 && code[i] == '(' {
				return nameAt(code, i)
			}
			depth = max(0, depth-1)
		case '\n', ';':
			if depth == 0 {
				return ""
			}
		}
	}
	return ""
}
