package measure

import (
	"fmt"
	"strconv"

	"loupe/engine"
)

// benchField is a column of llama-bench's csv, json and sql (get_fields in
// tools/llama-bench/llama-bench.cpp).
type benchField struct {
	name  string
	kind  fieldKind
	value func(b BenchBuild, r BenchResult) string
}

type fieldKind int

const (
	textField fieldKind = iota
	boolField           // "0" or "1"; in json false and true
	intField
	floatField
)

// BenchBuild is what a table says of the program and the machine.
type BenchBuild struct {
	Commit string // "loupe-0.1"
	Number int
	CPU    string // CPUInfo
}

// benchFields are the columns in llama-bench's order. What there is nothing of
// here (GPUs, CPU masks, polling) has llama-bench's own default.
var benchFields = []benchField{
	{"build_commit", textField, func(b BenchBuild, _ BenchResult) string { return b.Commit }},
	{"build_number", intField, func(b BenchBuild, _ BenchResult) string { return strconv.Itoa(b.Number) }},
	{"cpu_info", textField, func(b BenchBuild, _ BenchResult) string { return b.CPU }},
	{"gpu_info", textField, constant("")},
	{"backends", textField, constant(benchBackend)},
	{"model_filename", textField, func(_ BenchBuild, r BenchResult) string { return r.Model }},
	{"model_type", textField, func(_ BenchBuild, r BenchResult) string { return r.ModelType }},
	{"model_size", intField, func(_ BenchBuild, r BenchResult) string { return strconv.FormatInt(r.ModelSize, 10) }},
	{"model_n_params", intField, func(_ BenchBuild, r BenchResult) string { return strconv.FormatInt(r.Params, 10) }},
	{"n_batch", intField, number(func(r BenchResult) int { return r.Batch })},
	{"n_ubatch", intField, number(func(r BenchResult) int { return r.UBatch })},
	{"n_threads", intField, number(func(r BenchResult) int { return r.Threads })},
	{"cpu_mask", textField, constant("0x0")},
	{"cpu_strict", boolField, constant("0")},
	{"poll", intField, constant("50")},
	{"type_k", textField, func(_ BenchBuild, r BenchResult) string { return string(r.KType) }},
	{"type_v", textField, func(_ BenchBuild, r BenchResult) string { return string(r.VType) }},
	{"n_gpu_layers", intField, constant("-1")},
	{"n_cpu_moe", intField, constant("0")},
	{"split_mode", textField, constant("layer")},
	{"main_gpu", intField, constant("0")},
	{"no_kv_offload", boolField, constant("0")},
	{"flash_attn", intField, number(func(r BenchResult) int { return flashNumber(r.Flash) })},
	{"devices", textField, constant("auto")},
	{"tensor_split", textField, constant("0.00")},
	{"tensor_buft_overrides", textField, constant("none")},
	{"load_mode", textField, constant("auto")},
	{"lazy_mode", textField, constant("auto")},
	{"embeddings", boolField, constant("0")},
	{"no_op_offload", intField, constant("0")},
	{"no_host", boolField, constant("0")},
	{"repack", boolField, constant("1")},
	{"fit_target", intField, constant("0")},
	{"fit_min_ctx", intField, constant("0")},
	{"n_prompt", intField, number(func(r BenchResult) int { return r.Prompt })},
	{"n_gen", intField, number(func(r BenchResult) int { return r.Gen })},
	{"n_depth", intField, number(func(r BenchResult) int { return r.Depth })},
	{"test_time", textField, func(_ BenchBuild, r BenchResult) string { return r.Time.Format("2006-01-02T15:04:05Z") }},
	{"avg_ns", intField, number(func(r BenchResult) int {
		m, _ := MeanStddev(nanoseconds(r.Samples))
		return int(m)
	})},
	{"stddev_ns", intField, number(func(r BenchResult) int {
		_, d := MeanStddev(nanoseconds(r.Samples))
		return int(d)
	})},
	{"avg_ts", floatField, func(_ BenchBuild, r BenchResult) string {
		m, _ := MeanStddev(r.PerSecond())
		return fmt.Sprintf("%f", m)
	}},
	{"stddev_ts", floatField, func(_ BenchBuild, r BenchResult) string {
		_, d := MeanStddev(r.PerSecond())
		return fmt.Sprintf("%f", d)
	}},
}

const benchBackend = "CPU"

func constant(s string) func(BenchBuild, BenchResult) string {
	return func(BenchBuild, BenchResult) string { return s }
}

func number(f func(BenchResult) int) func(BenchBuild, BenchResult) string {
	return func(_ BenchBuild, r BenchResult) string { return strconv.Itoa(f(r)) }
}

// flashNumber is llama.cpp's number for a setting of flash attention
// (enum llama_flash_attn_type).
func flashNumber(s engine.Switch) int {
	switch s {
	case engine.On:
		return 1
	case engine.Off:
		return 0
	}
	return -1
}
