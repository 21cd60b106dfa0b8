package measure_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"loupe/engine"
	"loupe/engine/measure"
)

// The files of testdata/llama-bench are what llama-bench 0c1e570 prints:
//
//	rows.json, rows.md: -m model.gguf --no-warmup -r 3 -t 1 -p 4 -n 2 -pg 4,2 -d 0,5 -ctk f16,q8_0 -b 256 -o json -oe md
//	row.*: -m model.gguf --no-warmup -r 3 -t 1 -p 4 -n 0, once with -o jsonl -oe csv and once with -o json -oe sql
//	default.md, settings.md: the first two lines of -t 1, and of -t 1,2 -ub 128 -ctv q8_0 -fa on
func golden(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/llama-bench", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// llamaRow is what a script takes from llama-bench's JSON.
type llamaRow struct {
	Commit   string  `json:"build_commit"`
	Number   int     `json:"build_number"`
	CPU      string  `json:"cpu_info"`
	Model    string  `json:"model_filename"`
	Type     string  `json:"model_type"`
	Size     int64   `json:"model_size"`
	Params   int64   `json:"model_n_params"`
	Batch    int     `json:"n_batch"`
	UBatch   int     `json:"n_ubatch"`
	Threads  int     `json:"n_threads"`
	K        string  `json:"type_k"`
	V        string  `json:"type_v"`
	Flash    int     `json:"flash_attn"`
	Prompt   int     `json:"n_prompt"`
	Gen      int     `json:"n_gen"`
	Depth    int     `json:"n_depth"`
	Time     string  `json:"test_time"`
	AvgNS    int64   `json:"avg_ns"`
	StddevNS int64   `json:"stddev_ns"`
	AvgTS    float64 `json:"avg_ts"`
	Samples  []int64 `json:"samples_ns"`
}

func (l llamaRow) build() measure.BenchBuild {
	return measure.BenchBuild{Commit: l.Commit, Number: l.Number, CPU: l.CPU}
}

// result is the row as ours.
func (l llamaRow) result(t *testing.T) measure.BenchResult {
	t.Helper()
	at, err := time.Parse(time.RFC3339, l.Time)
	if err != nil {
		t.Fatal(err)
	}
	r := measure.BenchResult{
		BenchTest: measure.BenchTest{Model: l.Model, Prompt: l.Prompt, Gen: l.Gen, Depth: l.Depth, BenchSettings: measure.BenchSettings{
			Batch: l.Batch, UBatch: l.UBatch, Threads: l.Threads, KType: engine.CacheType(l.K), VType: engine.CacheType(l.V),
			Flash: map[int]engine.Switch{-1: engine.Auto, 0: engine.Off, 1: engine.On}[l.Flash],
		}},
		ModelType: l.Type, ModelSize: l.Size, Params: l.Params, Time: at,
	}
	for _, ns := range l.Samples {
		r.Samples = append(r.Samples, time.Duration(ns))
	}
	return r
}

func llamaRows(t *testing.T, text string) []llamaRow {
	t.Helper()
	var rows []llamaRow
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// written writes rows as one table.
func written(t *testing.T, format string, plan measure.BenchPlan, memory bool, rows ...llamaRow) string {
	t.Helper()
	var b bytes.Buffer
	table, err := measure.NewBenchTable(&b, format, rows[0].build(), plan, memory)
	if err != nil {
		t.Fatal(err)
	}
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	check(table.Header())
	for _, r := range rows {
		check(table.Row(r.result(t)))
	}
	check(table.Footer())
	return b.String()
}

// What llama-bench measured is written by us as llama-bench writes it.
func TestMarkdownIsLlamaBenchs(t *testing.T) {
	plan := measure.DefaultBenchPlan()
	plan.Batch = []int{256}
	plan.KType = []engine.CacheType{engine.F16, engine.Q8_0}
	if got, want := written(t, "md", plan, false, llamaRows(t, golden(t, "rows.json"))...), golden(t, "rows.md"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	head := func(plan measure.BenchPlan) string {
		lines := strings.SplitAfterN(written(t, "md", plan, false, llamaRows(t, golden(t, "row.json"))...), "\n", 3)
		return lines[0] + lines[1]
	}
	if got, want := head(measure.DefaultBenchPlan()), golden(t, "default.md"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	plan = measure.DefaultBenchPlan()
	plan.UBatch, plan.VType, plan.Flash = []int{128}, []engine.CacheType{engine.Q8_0}, []engine.Switch{engine.On}
	if got, want := head(plan), golden(t, "settings.md"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// A line of JSON with its numbers, which differ in rounding, apart.
func TestJSONIsLlamaBenchs(t *testing.T) {
	for _, name := range []string{"row.json", "rows.json"} {
		text := golden(t, name)
		ours := written(t, "json", measure.DefaultBenchPlan(), false, llamaRows(t, text)...)
		got, want := objects(t, ours), objects(t, text)
		if len(got) != len(want) {
			t.Fatalf("%s: %d rows, want %d", name, len(got), len(want))
		}
		for i := range want {
			sameFields(t, got[i], want[i])
		}
		// Also as text, down to the first figure that is rounded in another way.
		wantText, _, _ := strings.Cut(text, `    "avg_ns"`)
		if !strings.HasPrefix(ours, wantText) {
			t.Errorf("%s: the first row is not laid out as llama-bench's:\n%s", name, ours)
		}
		if !strings.HasSuffix(ours, "\n  }\n]\n") {
			t.Errorf("%s: ends in %q", name, ours[max(0, len(ours)-20):])
		}
	}
	line := "[" + golden(t, "row.jsonl") + "]"
	ours := written(t, "jsonl", measure.DefaultBenchPlan(), false, llamaRows(t, line)...)
	if strings.Count(ours, "\n") != 1 {
		t.Errorf("jsonl: %q", ours)
	}
	sameFields(t, objects(t, "["+ours+"]")[0], objects(t, line)[0])
}

type field struct {
	name  string
	value any
}

// objects reads a list of JSON objects with their fields in order.
func objects(t *testing.T, text string) [][]field {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	token := func(want ...json.Token) json.Token {
		t.Helper()
		got, err := d.Token()
		if err != nil || len(want) > 0 && got != want[0] {
			t.Fatalf("%v, %v at %d; want %v", got, err, d.InputOffset(), want)
		}
		return got
	}
	var out [][]field
	for token(json.Delim('[')); d.More(); token(json.Delim('}')) {
		var fields []field
		for token(json.Delim('{')); d.More(); {
			f := field{name: token().(string)}
			if err := d.Decode(&f.value); err != nil {
				t.Fatal(err)
			}
			fields = append(fields, f)
		}
		out = append(out, fields)
	}
	return out
}

// sameFields compares the fields of llama-bench with the first of ours.
func sameFields(t *testing.T, got, want []field) {
	t.Helper()
	if len(got) < len(want) {
		t.Fatalf("%d fields, want at least %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.name != w.name {
			t.Fatalf("field %d is %s, want %s", i, g.name, w.name)
		}
		gText, _ := json.Marshal(g.value)
		wText, _ := json.Marshal(w.value)
		switch w.name {
		case "stddev_ns":
			// llama-bench takes the difference of whole numbers: its variance is
			// off by as much as the mean.
			gv, wv := float(t, string(gText)), float(t, string(wText))
			if mean := float(t, textOf(want, "avg_ns")); math.Abs(gv*gv-wv*wv) > 4*mean+2*wv {
				t.Errorf("stddev_ns %v, want %v", gv, wv)
			}
		case "avg_ts", "stddev_ts":
			if gv, wv := float(t, string(gText)), float(t, string(wText)); math.Abs(gv-wv) > 2e-6 {
				t.Errorf("%s %v, want %v", w.name, gv, wv)
			}
		default:
			if !bytes.Equal(gText, wText) {
				t.Errorf("%s is %s, want %s", w.name, gText, wText)
			}
		}
	}
}

func textOf(fields []field, name string) string {
	for _, f := range fields {
		if f.name == name {
			text, _ := json.Marshal(f.value)
			return string(text)
		}
	}
	return ""
}

func float(t *testing.T, s string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// csv and sql have llama-bench's columns and no others.
func TestCSVAndSQLAreLlamaBenchs(t *testing.T) {
	fromJSONL := llamaRows(t, "["+golden(t, "row.jsonl")+"]")
	read := func(text string) [][]string {
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatalf("%v: %q", err, text)
		}
		return rows
	}
	got, want := read(written(t, "csv", measure.DefaultBenchPlan(), true, fromJSONL...)), read(golden(t, "row.csv"))
	if len(got[0]) != len(want[0]) {
		t.Fatalf("csv: %d columns, want %d", len(got[0]), len(want[0]))
	}
	for i, name := range want[0] {
		if got[0][i] != name || got[1][i] != want[1][i] && name != "stddev_ns" {
			t.Errorf("csv: column %d is %s %q, want %s %q", i, got[0][i], got[1][i], name, want[1][i])
		}
	}
	sql := written(t, "sql", measure.DefaultBenchPlan(), true, llamaRows(t, golden(t, "row.json"))...)
	cut := func(s string) string { head, _, _ := strings.Cut(s, "T08:"); return head } // of the time of the test
	if got, want := cut(sql), cut(golden(t, "row.sql")); got != want {
		t.Errorf("sql: got\n%s\nwant\n%s", got, want)
	}
}

// Names with quotes and bars do not break out of their place.
func TestNamesAreQuoted(t *testing.T) {
	row := llamaRows(t, golden(t, "row.json"))[0]
	row.Model = `a"b'c|d.gguf`
	row.Type = row.Model
	for format, want := range map[string]string{
		"csv": `,"a""b'c|d.gguf",`, "sql": `, 'a"b''c|d.gguf', `, "json": `"model_filename": "a\"b'c|d.gguf"`, "md": `| a"b'c\|d.gguf `,
	} {
		if got := written(t, format, measure.DefaultBenchPlan(), false, row); !strings.Contains(got, want) {
			t.Errorf("%s lacks %s:\n%s", format, want, got)
		}
	}
	if _, err := measure.NewBenchTable(os.Stdout, "xml", measure.BenchBuild{}, measure.DefaultBenchPlan(), false); err == nil || !strings.Contains(err.Error(), `"xml" is none of md, csv`) {
		t.Errorf("xml: %v", err)
	}
	if got := written(t, "none", measure.DefaultBenchPlan(), false, row); got != "" {
		t.Errorf("none prints %q", got)
	}
}

// The bytes and the read rate stand after llama-bench's columns.
func TestMemoryColumns(t *testing.T) {
	row := llamaRows(t, golden(t, "rows.json"))[1]
	r := row.result(t)
	r.Memory = measure.BenchMemory{Weights: 92 << 20, K: 3 << 19, V: 1 << 20, Scratch: 8 << 20, Packed: 64 << 20, RSS: 128 << 20}
	r.ReadRate, r.ReadBytes = 20e9, 100e6
	r.Samples = []time.Duration{20 * time.Millisecond} // 2 tokens: 100 a second, 10 GB/s
	var b bytes.Buffer
	table, err := measure.NewBenchTable(&b, "md", measure.BenchBuild{}, measure.DefaultBenchPlan(), true)
	if err != nil {
		t.Fatal(err)
	}
	table.Header()
	table.Row(r)
	r.ReadBytes = 0
	table.Row(r)
	lines := strings.Split(b.String(), "\n")
	for i, want := range []string{
		"| weights | packed | K | V | scratch | RSS | read rate | reached |",
		"| ---------: | ---------: | ---------: | ---------: | ---------: | ---------: | ---------: | ------: |",
		"| 92.00 MiB | 64.00 MiB | 1.50 MiB | 1.00 MiB | 8.00 MiB | 128.00 MiB | 20.0 GB/s | 50 % |",
		"| 92.00 MiB | 64.00 MiB | 1.50 MiB | 1.00 MiB | 8.00 MiB | 128.00 MiB | 20.0 GB/s | |",
	} {
		if got := strings.Join(strings.Fields(lines[i]), " "); !strings.HasSuffix(got, want) {
			t.Errorf("line %d is %q, want it to end in %q", i, got, want)
		}
	}
}
