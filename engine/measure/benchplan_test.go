package measure_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"loupe/engine"
	"loupe/engine/measure"
)

func TestParseRange(t *testing.T) {
	for _, c := range []struct {
		text string
		want []int
	}{
		{"512", []int{512}},
		{"0", []int{0}},
		{"128,512", []int{128, 512}},
		{"1-4", []int{1, 2, 3, 4}},
		{"16-64*2", []int{16, 32, 64}},
		{"10-50*3", []int{10, 30}},
		{"0-8192+4096,100", []int{0, 4096, 8192, 100}},
		{"7-7+0", nil},
		{"7-7", []int{7}},
	} {
		got, err := measure.ParseRange(c.text)
		if !slices.Equal(got, c.want) || (err == nil) != (c.want != nil) {
			t.Errorf("%q: %v, %v; want %v", c.text, got, err, c.want)
		}
	}
	for text, want := range map[string]string{
		"":                 "a number is missing",
		"1,":               "a number is missing",
		"1-":               "a number is missing",
		"-5":               "a number is missing",
		"1-2+":             "a number is missing",
		"x":                `"x" is no number`,
		"1.5":              `"1.5" is no number`,
		"1-2/2":            `"2/2" is no number`,
		"1-2+2+2":          `"2+2" is no number`,
		" 1":               `" 1" is no number`,
		"5-1":              "1 is below 5, so the range holds nothing",
		"1-8+0":            "a step of 0 never ends",
		"1-8*1":            "1 times 1 never grows",
		"0-8*2":            "0 times 2 never grows",
		"1-20000":          "more than 10000 numbers",
		"1073741825":       "is above 1073741824",
		"9999999999999999": "is above 1073741824",
	} {
		if got, err := measure.ParseRange(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want an error with %q", text, got, err, want)
		}
	}
}

// Whatever is given, the parser ends, and what it accepts is what a plain
// reading of each part gives.
func FuzzParseRange(f *testing.F) {
	for _, s := range []string{"512", "1-8*2", "0-10+5,3", "1-,", "9-1", "1-8+0", "1073741824-1073741824*2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list, err := measure.ParseRange(s)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "measure: ") {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		var texts []string
		for _, n := range list {
			texts = append(texts, strconv.Itoa(n))
		}
		again, err := measure.ParseRange(strings.Join(texts, ","))
		if err != nil || !slices.Equal(again, list) || len(list) == 0 {
			t.Errorf("%q: %v, read again as %v, %v", s, list, again, err)
		}
	})
}

func TestMeanStddev(t *testing.T) {
	for _, c := range []struct {
		x            []float64
		mean, stddev float64
	}{
		{nil, 0, 0},
		{[]float64{7}, 7, 0},
		{[]float64{2, 4, 4, 4, 5, 5, 7, 9}, 5, math.Sqrt(32.0 / 7)}, // squares of the differences sum up to 32
		{[]float64{1, 2, 3, 4}, 2.5, math.Sqrt(5.0 / 3)},
		{[]float64{1e9 + 1, 1e9 + 2, 1e9 + 3}, 1e9 + 2, 1}, // nothing is lost by large values
	} {
		m, d := measure.MeanStddev(c.x)
		if math.Abs(m-c.mean) > 1e-12*math.Abs(c.mean) || math.Abs(d-c.stddev) > 1e-12 {
			t.Errorf("%v: %v ± %v, want %v ± %v", c.x, m, d, c.mean, c.stddev)
		}
	}
}

// The order is that of llama-bench's nested loops: the model varies slowest, and
// within a depth come prompts, generations and both.
func TestPlanOrder(t *testing.T) {
	p := measure.BenchPlan{
		Models: []string{"a", "b"}, Prompt: []int{0, 8, 4}, Gen: []int{2}, PG: [][2]int{{0, 0}, {3, 1}, {0, 5}},
		Depth: []int{0, 16}, Batch: []int{64}, UBatch: []int{32, 16},
		KType: []engine.CacheType{"f16"}, VType: []engine.CacheType{"f16", "q8_0"}, Flash: []engine.Switch{engine.Off}, Threads: []int{1, 2},
	}
	var got, want []string
	for _, x := range p.Tests() {
		got = append(got, fmt.Sprint(x.Model, x.Batch, x.UBatch, x.KType, x.VType, x.Flash, x.Threads, " ", x.Name()))
	}
	for _, m := range []string{"a", "b"} {
		for _, ub := range []string{"32", "16"} {
			for _, v := range []string{"f16", "q8_0"} {
				for _, th := range []string{"1", "2"} {
					for _, d := range []string{"", " @ d16"} {
						for _, name := range []string{"pp8", "pp4", "tg2", "pp3+tg1", "tg5"} {
							want = append(want, m+"64 "+ub+"f16"+v+"off "+th+" "+name+d)
						}
					}
				}
			}
		}
	}
	// Sprint puts spaces between numbers only; both sides lose theirs.
	clean := func(list []string) string { return strings.ReplaceAll(strings.Join(list, "\n"), " ", "") }
	if clean(got) != clean(want) {
		t.Errorf("got\n%s\nwant\n%s", clean(got), clean(want))
	}
}

// The plan of rows.json gives its rows in llama-bench's own order.
func TestPlanOrderIsLlamaBenchs(t *testing.T) {
	p := measure.DefaultBenchPlan()
	p.Models, p.Threads, p.Batch = []string{"model.gguf"}, []int{1}, []int{256}
	p.Prompt, p.Gen, p.PG, p.Depth = []int{4}, []int{2}, [][2]int{{4, 2}}, []int{0, 5}
	p.KType = []engine.CacheType{engine.F16, engine.Q8_0}
	var want []measure.BenchTest
	for _, row := range llamaRows(t, golden(t, "rows.json")) {
		want = append(want, row.result(t).BenchTest)
	}
	if got := p.Tests(); !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}
