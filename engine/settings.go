package engine

import (
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Settings are the effective settings of a loaded model: what the defaults and
// Auto became, beside what the file says.
type Settings struct {
	LoadConfig
	Model           string
	Path            string
	Architecture    string
	Quantisation    string // the type that most of the weights have
	Parameters      int64
	FileBytes       int64
	PackedBytes     int64 // of weights laid out anew for the kernels, beside the file
	TrainedContext  int
	Kernels         string // tier of the compute kernels
	CellBytes       int    // K and V of one token
	TrainedRopeBase float64
	LoadTime        time.Duration
}

// Settings are the model's effective settings.
func (m *Model) Settings() Settings { return m.settings }

// settingsOf describes a model that open has put together.
func settingsOf(m *Model) Settings {
	c := m.net.Config
	s := Settings{
		LoadConfig: m.cfg, Model: m.name, Path: m.path, Architecture: c.Arch,
		TrainedContext: c.Context, Kernels: m.cpu.Kernels(), TrainedRopeBase: c.RopeBase,
		CellBytes: m.cells.Config().CellBytes(), FileBytes: m.file.Size,
		PackedBytes: m.PackedBytes(),
	}
	bytes := map[string]int{}
	for _, t := range m.file.Tensors {
		s.Parameters += int64(t.Shape.Elements())
		name := t.Type.String()
		if bytes[name] += len(t.Data); s.Quantisation == "" || bytes[name] > bytes[s.Quantisation] {
			s.Quantisation = name
		}
	}
	return s
}

// Summary is one line: "smollm2  q4_1, 134.5 M  context 8,192  2 threads avx2".
func (s Settings) Summary() string {
	line := fmt.Sprintf("%s  %s, %.1f M  context %s  %d threads %s",
		s.Model, s.Quantisation, float64(s.Parameters)/1e6, count(s.ContextLength), s.Threads, s.Kernels)
	if s.Exact {
		line += "  exact"
	}
	return line
}

func (s Settings) build() table.Writer {
	w := newTable()
	w.AppendHeader(table.Row{"setting", "value", ""})
	context := fmt.Sprintf("trained on %s; %s a token, %s when full",
		count(s.TrainedContext), Size(int64(s.CellBytes)), Size(int64(s.CellBytes)*int64(s.ContextLength)))
	if s.ContextLength > s.TrainedContext {
		context += "; longer than trained: expect nonsense past that"
	}
	for _, r := range []table.Row{
		{"Model", s.Model, fmt.Sprintf("%s, %s, %.1f M parameters, %s", s.Architecture, s.Quantisation, float64(s.Parameters)/1e6, Size(s.FileBytes))},
		{"ContextLength", count(s.ContextLength), context},
		{"EvalBatchSize", s.EvalBatchSize, "prompt tokens handed over at a time"},
		{"PhysicalBatchSize", s.PhysicalBatchSize, "tokens through the layers at once"},
		{"RopeFrequencyBase", fmt.Sprintf("%g", s.RopeFrequencyBase), fmt.Sprintf("the model's own is %g", s.TrainedRopeBase)},
		{"RopeFrequencyScale", fmt.Sprintf("%g", s.RopeFrequencyScale), "1 leaves positions as they are, below 1 stretches the context"},
		{"FlashAttention", s.FlashAttention, "on goes through the cache in blocks and keeps no scores"},
		{"KCacheType", s.KCacheType, ""},
		{"VCacheType", s.VCacheType, ""},
		{"Threads", s.Threads, "generating"},
		{"BatchThreads", s.BatchThreads, "reading prompts"},
		{"ReusePrefix", s.ReusePrefix, "keep what a prompt shares with the cache"},
		{"Kernels", s.Kernels, fmt.Sprintf("%s of weights laid out for them, beside the file", Size(s.PackedBytes))},
		{"Exact", s.Exact, "float32 activations"},
	} {
		w.AppendRow(r)
	}
	return w
}

// String is a table as text.
func (s Settings) String() string { return s.build().Render() }

// Display is the table as text, Markdown and HTML.
func (s Settings) Display() map[string]string {
	return map[string]string{
		"text/plain":    s.String(),
		"text/markdown": s.build().RenderMarkdown(),
		"text/html":     s.build().RenderHTML(),
	}
}
