package kernel

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What a break, a continue, a goto, a return or a panic leaves depends on all that
// stands around it, and some of that becomes functions when it is lowered. So every way
// out is tried in every two statements around each other, and in some of every three,
// against the compiler.

// flowForm is a statement around others. L is its label with a colon, V a variable, B the
// body.
type flowForm struct {
	text        string
	loop, leave bool // continue and break refer to it
	function    bool // nothing but a return and a panic leaves it
}

var flowForms = []flowForm{
	{text: "Lfor V := 0; V < 3; V++ {\nB\n}", loop: true, leave: true},
	{text: "Lfor V := 0; ; V++ {\nif V > 2 {\nbreak\n}\nB\n}", loop: true, leave: true},
	{text: "V := 0\nLfor V < 3 {\nV++\nB\n}", loop: true, leave: true},
	{text: "Lfor V := 0; V < 3; V++ {\nkeep = append(keep, func() int { return V })\nB\n}", loop: true, leave: true},
	{text: "Lfor V := range 3 {\nB\n}", loop: true, leave: true},
	{text: "Lfor V := range []int{4, 5, 6} {\nB\n}", loop: true, leave: true},
	{text: "Lfor _, V := range [3]int{4, 5, 6} {\nB\n}", loop: true, leave: true},
	{text: "Lfor V := range \"abc\" {\nB\n}", loop: true, leave: true},
	{text: "Lfor V := range map[int]bool{1: true} {\nB\n}", loop: true, leave: true},
	{text: "Lfor V := range channel() {\nB\n}", loop: true, leave: true},
	{text: "Lfor V := range three {\nB\n}", loop: true, leave: true},
	{text: "Lfor _, V := range pairs(3) {\nB\n}", loop: true, leave: true},
	{text: "Lfor range three {\nV := cnt\nB\n}", loop: true, leave: true},
	{text: "Lswitch V := 1; V {\ncase 0:\nshow(\"zero\")\ncase 1:\nB\nfallthrough\ncase 2:\nshow(\"two\")\ndefault:\nshow(\"default\")\n}", leave: true},
	{text: "Lswitch V := 3; {\ncase V > 5:\nshow(\"five\")\ndefault:\nB\n}", leave: true},
	{text: "Lswitch V := any(1).(type) {\ncase int, string:\nB\ncase nil:\nshow(\"nil\")\n}", leave: true},
	{text: "Lselect {\ncase V := <-channel():\nB\ncase <-never:\nshow(\"never\")\n}", leave: true},
	{text: "Lselect {\ncase <-never:\nshow(\"never\")\ndefault:\nV := 2\nB\n}", leave: true},
	{text: "if V := 1; V > cnt {\nshow(\"more\")\n} else if V < 5 {\nB\n} else {\nshow(\"less\")\n}"},
	{text: "{\nV := 1\nB\n}"},
	{text: "V := 0\nAgain_V:\nif V < 3 {\nV++\nB\ngoto Again_V\n}"},
	{text: "func() {\nV := 1\nB\n}()", function: true},
	{text: "func() {\ndefer func() { show(\"deferred\", recover()) }()\nV := 1\nB\n}()", function: true},
	{text: "defer func() {\nV := 1\nB\n}()", function: true},
	{text: "func() {\nfor range three {\nfunc() {\nV := 1\nB\n}()\n}\n}()", function: true},
	{text: "done := make(chan int)\ngo func() {\ndefer close(done)\ndefer func() { show(\"goroutine\", recover()) }()\nV := 1\nB\n}()\n<-done", function: true},
}

const flowHead = `package main

import "fmt"

func show(list ...any) { fmt.Println(list...) }

func three(yield func(int) bool) {
	defer show("three ends")
	for i := range 3 {
		if !yield(i) {
			return
		}
	}
}

func pairs(n int) func(func(int, int) bool) {
	return func(yield func(int, int) bool) {
		for i := 0; i < n && yield(i, 10*i); i++ {
		}
	}
}

func channel() chan int {
	c := make(chan int, 3)
	c <- 7
	c <- 8
	c <- 9
	close(c)
	return c
}

var never chan int

`

// flowWays are the ways out of the forms, outermost first: a break or a continue of each
// that has one, by its label, and those without.
func flowWays(forms []flowForm) (ways []string) {
	ways = []string{"show(\"stays\")", "panic(\"thrown\")"}
	own := 0 // the first form of the innermost function
	for i, f := range forms {
		if f.function {
			own = i + 1
		}
	}
	if own == 0 {
		ways = append(ways, "return 5", "res = 6\nreturn")
		if !slices.ContainsFunc(forms, func(f flowForm) bool {
			return strings.Contains(f.text, "range three") || strings.Contains(f.text, "range pairs")
		}) {
			ways = append(ways, "goto End") // out of a range over a function it is refused
		}
	} else {
		ways = append(ways, "return")
	}
	leave, loop := false, false
	for i, f := range forms[own:] {
		if f.leave {
			ways = append(ways, fmt.Sprintf("break L%d", own+i))
			leave = true
		}
		if f.loop {
			ways = append(ways, fmt.Sprintf("continue L%d", own+i))
			loop = true
		}
	}
	if leave {
		ways = append(ways, "break")
	}
	if loop {
		ways = append(ways, "continue")
	}
	return ways
}

// flowText puts the forms around each other and the way out into the innermost.
func flowText(forms []flowForm, way string, when int) string {
	body := ""
	for i := len(forms) - 1; i >= 0; i-- {
		v, label := fmt.Sprintf("v%d", i), ""
		if strings.HasSuffix(way, fmt.Sprintf(" L%d", i)) {
			label = fmt.Sprintf("L%d:\n", i)
		}
		inner := fmt.Sprintf("show(\"in\", %q, %s)\n", v, v)
		if i == len(forms)-1 {
			inner += fmt.Sprintf("if cnt++; cnt == %d {\n%s\n}\n", when, way)
		} else {
			inner += body
		}
		inner += fmt.Sprintf("\nshow(\"out\", %q)", v)
		text := strings.NewReplacer("Lfor", label+"for", "Lswitch", label+"switch", "Lselect", label+"select", "Again_V", "Again_"+v).Replace(forms[i].text)
		text = replaceWord(replaceWord(text, "V", v, ""), "B", inner, "")
		body = "{\n" + text + "\n}"
	}
	return body
}

// flowProgram has a function for every so manyth way out of depth forms around each other.
func flowProgram(depth, every, from int) string {
	var b, calls strings.Builder
	b.WriteString(flowHead)
	n := 0
	var nest func(forms []flowForm)
	nest = func(forms []flowForm) {
		if len(forms) < depth {
			for _, f := range flowForms {
				nest(append(forms[:len(forms):len(forms)], f))
			}
			return
		}
		for _, way := range flowWays(forms) {
			if n++; n%every != from {
				continue
			}
			end := ""
			if way == "goto End" {
				end = "End:\n"
			}
			when := 1 + n/every%3
			fmt.Fprintf(&b, "func f%d() (res int) {\n\tdefer func() { show(\"recovered\", recover()) }()\n\tcnt := 0\n\tvar keep []func() int\n\tdefer func() {\n\t\tfor _, f := range keep {\n\t\t\tshow(\"kept\", f())\n\t\t}\n\t}()\n%s\n%s\tshow(\"end\", cnt)\n\treturn 1\n}\n\n", n, indent(flowText(forms, way, when)), end)
			fmt.Fprintf(&calls, "\tshow(\"f%d\")\n\tshow(f%d())\n", n, n)
		}
	}
	nest(nil)
	b.WriteString("func main() {\n" + calls.String() + "}\n")
	return b.String()
}

// TestFlow compares all pairs and a part of the triples with -long, or a sample.
func TestFlow(t *testing.T) {
	pairs := func(every, from int) string { return flowProgram(2, every, from) }
	triples := func(every, from int) string { return flowProgram(3, every, from) }
	t.Run("pairs", func(t *testing.T) { compareParts(t, pairs, 8, 1, 37) })
	t.Run("triples", func(t *testing.T) { compareParts(t, triples, 331, 42, 2503) })
}
