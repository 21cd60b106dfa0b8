package main

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// test is what one row measures: tokens read or tokens generated, at a depth.
type test struct {
	prompt, gen, depth int
}

func (t test) String() string {
	name := fmt.Sprintf("pp%d", t.prompt)
	if t.gen > 0 {
		name = fmt.Sprintf("tg%d", t.gen)
	}
	if t.depth > 0 {
		name += fmt.Sprintf("@d%d", t.depth)
	}
	return name
}

// tests are the rows of the table.
var tests = []test{
	{prompt: 512}, {prompt: 2}, {prompt: 4}, {prompt: 8}, {gen: 128},
	{prompt: 256, depth: 2048}, {gen: 32, depth: 2048},
	{prompt: 256, depth: 6000}, {gen: 32, depth: 6000},
}

// chooseTests are the tests whose names match one of the patterns, "pp512" or
// "*@d2048", with commas between; an empty list means all.
func chooseTests(patterns string) ([]test, error) {
	if patterns == "" {
		return tests, nil
	}
	var out []test
	for _, p := range strings.Split(patterns, ",") {
		found := false
		for _, t := range tests {
			ok, err := path.Match(p, t.String())
			if err != nil {
				return nil, fmt.Errorf("-rows: %q: %w", p, err)
			}
			if found = found || ok; ok && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
		if !found {
			return nil, fmt.Errorf("-rows: %q matches no row; there are %s", p, names(tests))
		}
	}
	return out, nil
}

func names(tests []test) string {
	var out []string
	for _, t := range tests {
		out = append(out, t.String())
	}
	return strings.Join(out, ", ")
}

// group are the tests that one process measures: those of one depth, with the
// same threads and cache type.
type group struct {
	threads int
	cache   string // of K and of V
	depth   int
	tests   []test
}

// groups sorts the tests into processes.
func groups(tests []test, threads []int, caches []string) []group {
	var out []group
	for _, n := range threads {
		for _, c := range caches {
			for _, t := range tests {
				i := slices.IndexFunc(out, func(g group) bool { return g.threads == n && g.cache == c && g.depth == t.depth })
				if i < 0 {
					i = len(out)
					out = append(out, group{threads: n, cache: c, depth: t.depth})
				}
				out[i].tests = append(out[i].tests, t)
			}
		}
	}
	return out
}

// args are the flags of the group, for either tool.
func (g group) args(model, flash string) []string {
	var prompt, gen []string
	for _, t := range g.tests {
		if t.gen > 0 {
			gen = append(gen, strconv.Itoa(t.gen))
		} else {
			prompt = append(prompt, strconv.Itoa(t.prompt))
		}
	}
	list := func(l []string) string {
		if len(l) == 0 {
			return "0"
		}
		return strings.Join(l, ",")
	}
	return []string{"-m", model, "-p", list(prompt), "-n", list(gen), "-d", strconv.Itoa(g.depth), "-t", strconv.Itoa(g.threads),
		"-ctk", g.cache, "-ctv", g.cache, "-fa", flash, "-r", "1", "-o", "jsonl"}
}

func (g group) String() string {
	return fmt.Sprintf("%s, t=%d, K/V %s", names(g.tests), g.threads, g.cache)
}

// side is one way of running: a tool with a setting of flash attention.
type side struct {
	name  string
	flash string
}

var (
	llamaOff = side{"llama.cpp, flash attention off", "off"}
	llamaOn  = side{"llama.cpp, flash attention on", "on"}
	ours     = side{"Loupe", "auto"}
)

// sides are those that run the group: llama.cpp attends to a quantised V cache
// with flash attention only.
func (g group) sides() []side {
	if strings.HasPrefix(g.cache, "q") {
		return []side{llamaOn, ours}
	}
	return []side{llamaOff, llamaOn, ours}
}
