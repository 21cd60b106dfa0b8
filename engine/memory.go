package engine

import (
	"loupe/engine/tables"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"loupe/engine/model"
	"loupe/engine/ops"
	"loupe/engine/store"
)

// Vocabulary is the number of tokens: ids run from 0 to one below it.
func (m *Model) Vocabulary() int { return m.tok.Len() }

// WeightBytes is what the tensors of the file take, and how much of it
// generating one token reads: all but the embedding of a model whose head is
// not tied to it, of which a token reads one row. Both are 0 after Close.
func (m *Model) WeightBytes() (all, perToken int64) {
	if m.closed.Load() {
		return 0, 0
	}
	_, untied := m.file.Tensor("output.weight")
	for _, t := range m.file.Tensors {
		n := int64(len(t.Data))
		all += n
		if untied && t.Name == "token_embd.weight" {
			n /= int64(m.net.Config.Vocab)
		}
		perToken += n
	}
	return all, perToken
}

// PackedBytes is the memory, beside the mapped file, of the weights that loading
// laid out anew: rows interleaved in panels, as the kernels of this machine read
// them fastest. What was laid out is read from there, and the system may take the
// file's pages of it back. 0 with Exact, and after Close.
func (m *Model) PackedBytes() int64 {
	if m.closed.Load() {
		return 0
	}
	return m.packed.Bytes()
}

// Memory is where a model's bytes lie, or would lie.
type Memory struct {
	Weights int64 `json:"weights_bytes"` // of the file, mapped, that are read where they lie
	Packed  int64 `json:"packed_bytes"`  // of the others, laid out for the kernels
	K       int64 `json:"k_bytes"`       // of the cells
	V       int64 `json:"v_bytes"`
	Scores  int64 `json:"scores_bytes"`  // of attention, before their softmax
	Scratch int64 `json:"scratch_bytes"` // activations
	Logits  int64 `json:"logits_bytes"`
}

// Total is the sum.
func (m Memory) Total() int64 {
	return m.Weights + m.Packed + m.K + m.V + m.Scores + m.Scratch + m.Logits
}

// Memory is what the model has taken so far: K and V of the pages of all its
// sessions, scores and scratch as large as they were needed.
func (m *Model) Memory() Memory {
	if m.closed.Load() {
		return Memory{}
	}
	x := Memory{Weights: m.net.MappedBytes(m.cfg.Exact), Packed: m.packed.Bytes(), Scores: m.cpu.ScoreBytes()}
	x.K, x.V = m.cells.Bytes()
	x.Scratch, x.Logits = m.pass.Bytes()
	return x
}

// Estimate is the memory that a model takes under settings once its context is full,
// of one session, without loading it. It is what Memory says then, within 2 %.
func Estimate(name string, cfg LoadConfig) (m Memory, err error) {
	err = unloaded(name, cfg, func(cfg LoadConfig, net *model.Model) error {
		m, err = cfg.memory(net)
		return err
	})
	return m, err
}

// Warnings are those that Settings would have under settings, without loading the
// model.
func Warnings(name string, cfg LoadConfig) (list []string, err error) {
	err = unloaded(name, cfg, func(cfg LoadConfig, net *model.Model) error {
		list = cfg.warnings(net.Config)
		return nil
	})
	return list, err
}

// unloaded hands f the effective settings of a model whose weights are not read.
func unloaded(name string, cfg LoadConfig, f func(cfg LoadConfig, net *model.Model) error) error {
	file, err := store.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	net, err := model.New(file)
	if err != nil {
		return err
	}
	list, err := layers(modelName(name), cfg)
	if err != nil {
		return err
	}
	chosen, _, err := choose(list, net.Config)
	if err != nil {
		return err
	}
	if cfg, err = chosen.resolve(net.Config); err != nil {
		return err
	}
	return f(cfg, net)
}

// memory is Estimate for resolved settings.
func (cfg LoadConfig) memory(net *model.Model) (Memory, error) {
	c := net.Config
	threads := max(cfg.Threads, cfg.BatchThreads)
	x := Memory{
		Weights: net.MappedBytes(cfg.Exact),
		Scores:  ops.ScoresFor(c.Heads, c.KVHeads, cfg.PhysicalBatchSize, cfg.ContextLength, threads, cfg.FlashAttention == On),
	}
	x.K, x.V = cfg.cache(net).Filled(cfg.ContextLength, cfg.PhysicalBatchSize)
	x.Scratch, x.Logits = net.PassBytes(cfg.PhysicalBatchSize, cfg.Exact)
	heads := 4 * int64(cfg.PhysicalBatchSize) * int64(c.Heads)
	if cfg.KRotation == On {
		x.Scratch += heads * int64(c.HeadK)
	}
	if cfg.VRotation == On {
		x.Scratch += heads * int64(c.HeadV)
	}
	if !cfg.Exact {
		var err error
		if x.Packed, _, err = net.WillPack(); err != nil {
			return Memory{}, err
		}
	}
	return x, nil
}

func (m Memory) build(beside *Memory) table.Writer {
	w := tables.New()
	header := table.Row{"memory", "bytes"}
	if beside != nil {
		header = table.Row{"memory", "now", "context full"}
	}
	w.AppendHeader(header)
	row := func(name string, f func(Memory) int64) {
		cells := table.Row{name, Size(f(m))}
		if beside != nil {
			cells = append(cells, Size(f(*beside)))
		}
		w.AppendRow(cells)
	}
	row("weights, mapped from the file", func(m Memory) int64 { return m.Weights })
	row("weights, laid out for the kernels", func(m Memory) int64 { return m.Packed })
	row("K", func(m Memory) int64 { return m.K })
	row("V", func(m Memory) int64 { return m.V })
	row("attention scores", func(m Memory) int64 { return m.Scores })
	row("activations", func(m Memory) int64 { return m.Scratch })
	row("logits", func(m Memory) int64 { return m.Logits })
	row("together", Memory.Total)
	right := func(n int) table.ColumnConfig {
		return table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight}
	}
	w.SetColumnConfigs([]table.ColumnConfig{right(2), right(3)})
	return w
}

// String is a table as text.
func (m Memory) String() string { return m.build(nil).Render() }

// Display is the table as text, Markdown and HTML.
func (m Memory) Display() map[string]string {
	return map[string]string{
		"text/plain":    m.String(),
		"text/markdown": m.build(nil).RenderMarkdown(),
		"text/html":     m.build(nil).RenderHTML(),
	}
}

// MemoryTable is what the model has taken beside what a full context would take.
func (m *Model) MemoryTable() (string, error) {
	full, err := m.cfg.memory(m.net)
	if err != nil {
		return "", err
	}
	return m.Memory().build(&full).Render(), nil
}
