package engine

import (
	"fmt"
	"strings"
	"time"

	"loupe/engine/tables"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Settings are the effective settings of a loaded model: what the defaults and
// Auto became, beside what the file says.
type Settings struct {
	LoadConfig
	Model           string
	Path            string
	Architecture    string
	Quantisation    string // of the weights, as the file names it: "q4_k_m"; else the type that most of them have
	Parameters      int64
	FileBytes       int64
	PackedBytes     int64 // of weights laid out anew for the kernels, beside the file
	TrainedContext  int
	Kernels         string // tier of the compute kernels
	CellBytes       int    // K and V of one token in all layers
	FullBytes       int64  // K and V of a session whose context is full
	TrainedRopeBase float64
	LoadTime        time.Duration
	Sources         map[string]Source // by the names of LoadConfig's fields

	// Warnings say what runs, but not as somebody may expect.
	Warnings []string

	moreBytes int        // of FullBytes, what one token more takes past the sliding window
	chosen    LoadConfig // what somebody chose, before defaults and Auto were filled in
}

// Settings are the model's effective settings.
func (m *Model) Settings() Settings { return m.settings }

// settingsOf describes a model that open has put together.
func settingsOf(m *Model) Settings {
	c := m.net.Config
	s := Settings{
		LoadConfig: m.cfg, Model: m.name, Path: m.path, Architecture: c.Arch,
		TrainedContext: c.Context, Kernels: m.cpu.Kernels(), TrainedRopeBase: c.RopeBase,
		CellBytes: m.cells.Config().CellBytes(), moreBytes: m.cells.Config().MoreBytes(), FileBytes: m.file.Size,
		PackedBytes: m.PackedBytes(),
	}
	k, v := m.cells.Config().Filled(s.ContextLength, s.PhysicalBatchSize)
	s.FullBytes = k + v
	s.Quantisation = strings.ToLower(m.file.FileType())
	for _, t := range m.file.Tensors {
		s.Parameters += int64(t.Shape.Elements())
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
	w := tables.New()
	w.SetTitle("%s: %s, %s, %.1f M parameters, %s, trained on %s tokens", s.Model, s.Architecture,
		s.Quantisation, float64(s.Parameters)/1e6, Size(s.FileBytes), count(s.TrainedContext))
	w.AppendHeader(table.Row{"setting", "value", "set by", "otherwise", ""})
	for _, x := range settings {
		value, from := x.text(s.LoadConfig), s.Sources[x.name]
		if strings.HasPrefix(x.name, "Yarn") && s.RopeScaling != RopeYarn {
			continue
		}
		if v, ok := x.of(&s.chosen).Interface().(Switch); ok && v == Auto {
			value += " (auto)"
		}
		about := x.about
		if x.name == "ContextLength" {
			about = fmt.Sprintf("%s; %s a token, %s when full", about, Size(int64(s.CellBytes)), Size(s.FullBytes))
			if s.moreBytes < s.CellBytes {
				about = fmt.Sprintf("%s: past the sliding window a token more takes %s", about, Size(int64(s.moreBytes)))
			}
		}
		w.AppendRow(table.Row{x.name, value, from.By, from.Otherwise, about})
	}
	w.AppendRow(table.Row{"", s.Kernels, "machine", "", fmt.Sprintf("compute kernels; %s of weights are laid out for them", Size(s.PackedBytes))})
	w.SetColumnConfigs([]table.ColumnConfig{{Number: 5, WidthMax: 50, WidthMaxEnforcer: text.WrapSoft}})
	if len(s.Warnings) > 0 {
		w.SetCaption("%s", strings.Join(s.Warnings, "\n"))
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
