package kernel

import (
	"regexp"
	"strings"

	"loupe/kernel/check"
	"loupe/stdlib/symbols"
)

// hints are what to do about the compiler's messages that newcomers meet.
var hints = []struct {
	msg  *regexp.Regexp
	hint string // $1 and so on are the groups of msg
}{
	{regexp.MustCompile(`^declared and not used: (\S+)$`), "to see it, write nb.Show($1); to keep it for later, _ = $1"},
	{regexp.MustCompile(`imported (?:as \S+ )?and not used`), "take the import out: a cell imports what it names by itself, a file must use what it imports"},
	{regexp.MustCompile(`^package C is not in std$`), "cells are interpreted: cgo needs a compiled program"},
	{regexp.MustCompile(`^package [^ ]*\.[^ ]*/\S* is not in std$`), "cells import the standard library and loupe's packages; a compiled program (go run) imports modules"},
	{regexp.MustCompile(`^syntax error: unexpected %`), "a command such as %who stands alone in its cell"},
	{regexp.MustCompile(`^invalid character U\+003F '\?'$`), "?NAME describes a name: the ? stands in front of it"},
	{regexp.MustCompile(`^no new variables on left side of :=$`), "= gives another value to a variable that there is"},
	{regexp.MustCompile(`\(mismatched types (\S+) and (\S+)\)$`), "Go converts nothing by itself: write $1(x) or $2(x) around one side"},
	{regexp.MustCompile(`^cannot use (\w+) \(variable of type (int|int32|int64|float32|float64|uint\w*)\) as (int|int32|int64|float32|float64|uint\w*) value`), "convert it: $3($1)"},
	{regexp.MustCompile(`^cannot use (.+) \((?:variable|value) of (?:\w+ )?type int\) as string value`), "strconv.Itoa or fmt.Sprint make text of a number"},
	{regexp.MustCompile(`value in argument to .*: .* does not implement .* \(method (\w+) has pointer receiver\)`), "pass its address, &x: $1 belongs to the pointer"},
	{regexp.MustCompile(`^assignment mismatch: 1 variable but .* returns 2 values$`), "take both: x, err := ..., or x, _ := ... to drop the second"},
	{regexp.MustCompile(`^missing return$`), "every way through the function must end in a return"},
	{regexp.MustCompile(`^syntax error: non-declaration statement outside function body$`), "in a notebook file, statements stand inside func main() { ... }"},
	{regexp.MustCompile(`^syntax error: unexpected newline, expected := or = or comma`), "to see several values, write nb.Show(x, y)"},
	{regexp.MustCompile(`^syntax error: unexpected newline in composite literal`), "put a comma at the end of the line"},
	{regexp.MustCompile(`\.(?:append|push|Append|Add) undefined \(type \[\]`), "append is a function: xs = append(xs, x)"},
	{regexp.MustCompile(`^cannot use nil as (string|int|float64|bool) value`), "a $1 is never nil: its zero value is \"\", 0 or false"},
	{regexp.MustCompile(`^invalid operation: operator ! not defined on`), "! is for booleans: compare, as in x == 0 or x == nil"},
	{regexp.MustCompile(`^non-boolean condition in (if|for)`), "compare: Go takes no number, text or pointer for true"},
}

// undefined is the message of a name that nobody declared.
var undefined = regexp.MustCompile(`^undefined: ([\pL_][\pL\pN_]*)$`)

// older is the message of a value whose type was declared anew.
var older = regexp.MustCompile(`^cannot use (\S+) \(variable of (?:\w+ )?type \*?(\w+)\) as \*?(\w+) value`)

// olderValue is the same message of any other value: one of the two types is of before.
var olderValue = regexp.MustCompile(`^cannot use .+ \(.*type \*?(\w+)\) as \*?(\w+) value`)

// hint is what to write instead, "" if nothing is known.
// own are names that the cell declares.
func (k *Kernel) hint(msg, line string, own map[string]bool) string {
	if m := undefined.FindStringSubmatch(msg); m != nil {
		return k.undefinedHint(m[1], line, own)
	}
	if m := older.FindStringSubmatch(msg); m != nil && m[2] == m[3] {
		return m[1] + " is of the " + m[2] + " of an earlier cell, which was declared anew: make " + m[1] + " again (%rerun stale does)"
	}
	if m := olderValue.FindStringSubmatch(msg); m != nil && m[1] == m[2] && !strings.Contains(msg, "type *"+m[1]+") as "+m[1]) && !strings.Contains(msg, "type "+m[1]+") as *") {
		return "there are two types " + m[1] + ": one is of an earlier cell and was declared anew; make what is of it again (%rerun stale does)"
	}
	for _, h := range hints {
		if loc := h.msg.FindStringSubmatchIndex(msg); loc != nil {
			return string(h.msg.ExpandString(nil, h.hint, msg, loc))
		}
	}
	return ""
}

// words of other languages.
var foreign = map[string]string{
	"None": "Go's word is nil", "null": "Go's word is nil", "True": "Go writes true", "False": "Go writes false",
	"this": "a method names its receiver: func (t T) M()", "self": "a method names its receiver: func (t T) M()",
	"def": "Go declares functions with func", "lambda": "a function without a name is func(x int) int { return x }",
	"while": "for is Go's only loop: for x < 3 { ... }", "elif": "Go writes else if", "str": "Go's type is string; fmt.Sprint makes one",
	"printf": "fmt.Printf", "echo": "fmt.Println prints", "exit": "os.Exit(0) ends the program",
	"foreach": "for i, x := range xs { ... }", "object": "any holds every value", "char": "Go's types are byte and rune", "double": "Go's type is float64",
	"float": "Go's types are float64 and float32", "boolean": "Go's type is bool", "sqrt": "math.Sqrt", "abs": "math.Abs", "raise": "panic, or return an error", "throw": "panic, or return an error",
}

func (k *Kernel) undefinedHint(name, line string, own map[string]bool) string {
	if h := foreign[name]; h != "" {
		return h
	}
	if rest, ok := strings.CutPrefix(strings.TrimSpace(line), name); ok {
		if rest = strings.TrimSpace(rest); strings.HasPrefix(rest, "=") && !strings.HasPrefix(rest, "==") {
			return "a new variable is declared with " + name + " := ..."
		}
	}
	if path, ok := check.Named(name); ok {
		if strings.Contains(line, name+".") {
			return "import \"" + path + "\""
		}
		if k.opt.AutoImport {
			return name + " is a package: ?" + name + " describes it, " + name + ". and Tab lists what it has"
		}
	}
	names := []string{}
	for n := range own {
		names = append(names, n)
	}
	for n := range k.sess.Objects {
		names = append(names, n)
	}
	for _, p := range symbols.Paths() {
		if strings.Contains(line, name+".") {
			names = append(names, check.BaseName(p))
		}
	}
	if len(names) == 0 || len(name) < 3 {
		return ""
	}
	best := nearest(name, names, 1)[0]
	if distance(name, best) > max(1, len(name)/4) {
		return ""
	}
	return "did you mean " + best + "?"
}
