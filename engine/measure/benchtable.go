package measure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// BenchFormats are the output formats of llama-bench.
func BenchFormats() []string { return []string{"md", "csv", "json", "jsonl", "sql", "none"} }

// BenchTable writes results in one of llama-bench's formats.
type BenchTable struct {
	w      io.Writer
	format string
	build  BenchBuild
	md     []mdColumn
	rows   int
}

// NewBenchTable makes a table in one of BenchFormats. plan decides which columns
// the Markdown has: as in llama-bench, those that differ from the default or
// vary. memory adds bytes and the memory read rate to Markdown; JSON has them
// always, csv and sql never, so that they are exactly llama-bench's.
func NewBenchTable(w io.Writer, format string, build BenchBuild, plan BenchPlan, memory bool) (*BenchTable, error) {
	for _, f := range BenchFormats() {
		if f == format {
			return &BenchTable{w: w, format: format, build: build, md: mdColumns(plan, memory)}, nil
		}
	}
	return nil, fmt.Errorf("measure: output format %q is none of %s", format, strings.Join(BenchFormats(), ", "))
}

// Header writes what stands before the rows.
func (t *BenchTable) Header() error {
	var b strings.Builder
	switch t.format {
	case "md":
		mdHeader(&b, t.md)
	case "csv":
		fmt.Fprintln(&b, strings.Join(fieldNames(), ","))
	case "json":
		b.WriteString("[\n")
	case "sql":
		b.WriteString("CREATE TABLE IF NOT EXISTS llama_bench (\n")
		for i, f := range benchFields {
			comma := ","
			if i == len(benchFields)-1 {
				comma = ""
			}
			fmt.Fprintf(&b, "  %s %s%s\n", f.name, [...]string{"TEXT", "INTEGER", "INTEGER", "REAL"}[f.kind], comma)
		}
		b.WriteString(");\n\n")
	}
	return t.write(b.String())
}

// Row writes one result.
func (t *BenchTable) Row(r BenchResult) error {
	var b strings.Builder
	switch t.format {
	case "md":
		mdRow(&b, t.md, t.build, r)
	case "csv":
		b.WriteString(t.values(r, `"`, `""`, ",") + "\n")
	case "json":
		if t.rows > 0 {
			b.WriteString(",\n")
		}
		b.WriteString("  {\n    " + strings.Join(t.jsonPairs(r), ",\n    ") + "\n  }")
	case "jsonl":
		b.WriteString("{" + strings.Join(t.jsonPairs(r), ", ") + "}\n")
	case "sql":
		fmt.Fprintf(&b, "INSERT INTO llama_bench (%s) VALUES (%s);\n", strings.Join(fieldNames(), ", "), t.values(r, "'", "''", ", "))
	}
	t.rows++
	return t.write(b.String())
}

// Footer writes what stands after the rows.
func (t *BenchTable) Footer() error {
	switch t.format {
	case "md":
		return t.write(fmt.Sprintf("\nbuild: %s (%d)\n", t.build.Commit, t.build.Number))
	case "json":
		return t.write("\n]\n")
	}
	return nil
}

func (t *BenchTable) write(s string) error {
	_, err := io.WriteString(t.w, s)
	return err
}

func fieldNames() []string {
	names := make([]string, len(benchFields))
	for i, f := range benchFields {
		names[i] = f.name
	}
	return names
}

// values are all fields, each in quotes; a quote inside is written as escaped.
func (t *BenchTable) values(r BenchResult, quote, escaped, between string) string {
	out := make([]string, len(benchFields))
	for i, f := range benchFields {
		out[i] = quote + strings.ReplaceAll(f.value(t.build, r), quote, escaped) + quote
	}
	return strings.Join(out, between)
}

// jsonPairs are the fields, the samples, and what llama-bench does not have.
func (t *BenchTable) jsonPairs(r BenchResult) []string {
	var pairs []string
	add := func(name, value string) { pairs = append(pairs, `"`+name+`": `+value) }
	for _, f := range benchFields {
		v := f.value(t.build, r)
		switch f.kind {
		case textField:
			v = jsonText(v)
		case boolField:
			v = strconv.FormatBool(v != "0")
		}
		add(f.name, v)
	}
	var ns, ts []string
	for _, d := range r.Samples {
		ns = append(ns, strconv.FormatInt(d.Nanoseconds(), 10))
	}
	for _, x := range r.PerSecond() {
		ts = append(ts, strconv.FormatFloat(x, 'g', 6, 64))
	}
	add("samples_ns", "[ "+strings.Join(ns, ", ")+" ]")
	add("samples_ts", "[ "+strings.Join(ts, ", ")+" ]")
	add("kernels", jsonText(r.Kernels))
	add("weights_bytes", strconv.FormatInt(r.Memory.Weights, 10))
	add("packed_bytes", strconv.FormatInt(r.Memory.Packed, 10))
	add("k_bytes", strconv.FormatInt(r.Memory.K, 10))
	add("v_bytes", strconv.FormatInt(r.Memory.V, 10))
	add("scratch_bytes", strconv.FormatInt(r.Memory.Scratch, 10))
	add("rss_bytes", orNull(float64(r.Memory.RSS), r.Memory.RSS > 0, 0))
	add("read_bytes_per_token", orNull(r.ReadBytes, r.ReadBytes > 0, 0))
	add("memory_read_rate", orNull(r.ReadRate, r.ReadRate > 0, 0))
	share := r.Share()
	add("memory_read_share", orNull(share, !math.IsNaN(share), 4))
	return pairs
}

func orNull(x float64, known bool, decimals int) string {
	if !known {
		return "null"
	}
	return strconv.FormatFloat(x, 'f', decimals, 64)
}

func jsonText(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(s) // of a string it cannot fail
	return strings.TrimSuffix(b.String(), "\n")
}
