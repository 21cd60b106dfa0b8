package measure

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// mdColumn is a column of the Markdown table. width below 0 means: to the left.
type mdColumn struct {
	title string
	width int
	value func(b BenchBuild, r BenchResult) string
}

// mdColumns chooses the columns as llama-bench does: settings that vary or
// differ from its defaults, and always the threads.
func mdColumns(p BenchPlan, memory bool) []mdColumn {
	def := DefaultBenchPlan()
	columns := []mdColumn{
		{"model", -30, func(_ BenchBuild, r BenchResult) string { return r.ModelType }},
		{"size", 10, func(_ BenchBuild, r BenchResult) string { return binarySize(r.ModelSize) }},
		{"params", 10, func(_ BenchBuild, r BenchResult) string { return parameterCount(r.Params) }},
		{"backend", -10, func(BenchBuild, BenchResult) string { return benchBackend }},
		fieldColumn("n_threads", "threads", 7),
	}
	for _, c := range []struct {
		mdColumn
		usual bool
	}{
		{fieldColumn("n_batch", "n_batch", 7), slices.Equal(p.Batch, def.Batch)},
		{fieldColumn("n_ubatch", "n_ubatch", 8), slices.Equal(p.UBatch, def.UBatch)},
		{fieldColumn("type_k", "type_k", 6), slices.Equal(p.KType, def.KType)},
		{fieldColumn("type_v", "type_v", 6), slices.Equal(p.VType, def.VType)},
		{fieldColumn("flash_attn", "fa", 3), slices.Equal(p.Flash, def.Flash)},
	} {
		if !c.usual {
			columns = append(columns, c.mdColumn)
		}
	}
	columns = append(columns,
		mdColumn{"test", 15, func(_ BenchBuild, r BenchResult) string { return r.Name() }},
		mdColumn{"t/s", 20, func(_ BenchBuild, r BenchResult) string {
			m, d := MeanStddev(r.PerSecond())
			return fmt.Sprintf("%.2f ± %.2f", m, d)
		}})
	if memory {
		columns = append(columns,
			bytesColumn("weights", func(m BenchMemory) int64 { return m.Weights }),
			bytesColumn("packed", func(m BenchMemory) int64 { return m.Packed }),
			bytesColumn("K", func(m BenchMemory) int64 { return m.K }),
			bytesColumn("V", func(m BenchMemory) int64 { return m.V }),
			bytesColumn("scratch", func(m BenchMemory) int64 { return m.Scratch }),
			bytesColumn("RSS", func(m BenchMemory) int64 { return m.RSS }),
			mdColumn{"read rate", 10, func(_ BenchBuild, r BenchResult) string { return fmt.Sprintf("%.1f GB/s", r.ReadRate/1e9) }},
			mdColumn{"reached", 7, func(_ BenchBuild, r BenchResult) string {
				if s := r.Share(); !math.IsNaN(s) {
					return fmt.Sprintf("%.0f %%", 100*s)
				}
				return ""
			}})
	}
	return columns
}

// fieldColumn shows a field of the other formats.
func fieldColumn(field, title string, width int) mdColumn {
	i := slices.IndexFunc(benchFields, func(f benchField) bool { return f.name == field })
	return mdColumn{title, width, benchFields[i].value}
}

func bytesColumn(title string, f func(BenchMemory) int64) mdColumn {
	return mdColumn{title, 10, func(_ BenchBuild, r BenchResult) string { return binarySize(f(r.Memory)) }}
}

func mdHeader(b *strings.Builder, columns []mdColumn) {
	for _, c := range columns {
		b.WriteString("| " + padded(c.title, c.width) + " ")
	}
	b.WriteString("|\n")
	for _, c := range columns {
		if c.width < 0 {
			b.WriteString("| " + strings.Repeat("-", -c.width) + " ")
		} else {
			b.WriteString("| " + strings.Repeat("-", c.width-1) + ": ")
		}
	}
	b.WriteString("|\n")
}

func mdRow(b *strings.Builder, columns []mdColumn, build BenchBuild, r BenchResult) {
	for _, c := range columns {
		b.WriteString("| " + padded(strings.ReplaceAll(c.value(build, r), "|", `\|`), c.width) + " ")
	}
	b.WriteString("|\n")
}

// padded fills s with spaces to width characters, on the right when it is below 0.
func padded(s string, width int) string {
	n := utf8.RuneCountInString(s)
	if width < 0 {
		return s + strings.Repeat(" ", max(0, -width-n))
	}
	return strings.Repeat(" ", max(0, width-n)) + s
}

func binarySize(n int64) string {
	if n < 1<<30 {
		return fmt.Sprintf("%.2f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30))
}

func parameterCount(n int64) string {
	if n < 1e9 {
		return fmt.Sprintf("%.2f M", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f B", float64(n)/1e9)
}
