package main

import (
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"loupe/engine"
	"loupe/engine/gguf"
	"loupe/engine/model"
	"loupe/engine/store"
	"loupe/engine/token"
)

func newShowCmd() *cobra.Command {
	var asJSON, brief, tensors, check bool
	var load loadFlags
	var loadFlagNames []string
	cmd := &cobra.Command{
		Use:   "show MODEL",
		Short: "Describe a model: metadata, tensors, memory",
		Long: `Describe a GGUF file without loading it: what it is and whether this build runs it,
what weights and K/V cache take in memory, its element types, metadata and tensors.

--check reads every weight as well, and says all that is wrong with the file: values that
are NaN or infinite, tensors that are missing, left over, or of a wrong shape or type, a
vocabulary larger than the head or of an unknown kind, a chat template that cannot be
compiled. It then ends with status 1.

Tensors that the layers have in common are one row, with the number of layers;
--tensors lists each. Long arrays of the metadata are cut, also with --json.
With load settings (-c, -ctk, ...) it says what they would take in all, with a full
context. Layers with a sliding window keep the last cells only, so that K/V bytes are
fewer than the context times those of a token; --swa-full keeps all.`,
		Example: `  loupe show smollm2
  loupe show ./model.gguf --brief
  loupe show ./model.gguf --brief --check         # is the file whole?
  loupe show smollm2 -c 10000 -ctk q8_0 --brief   # what that would take
  loupe show smollm2 --json | jq .memory`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeModels,
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := store.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			d := describeModel(f)
			if d.Runs && slices.ContainsFunc(loadFlagNames, cmd.Flags().Changed) {
				cfg, err := load.config()
				if err != nil {
					return err
				}
				estimate, err := engine.Estimate(args[0], cfg)
				if err != nil {
					return err
				}
				d.Memory.Estimate = &estimate
				if d.Memory.Warnings, err = engine.Warnings(args[0], cfg); err != nil {
					return err
				}
			}
			if _, window := f.Get(d.Architecture + ".attention.sliding_window"); d.Runs && window {
				if err := d.Memory.describeWindow(args[0]); err != nil {
					return err
				}
			}
			if check {
				if d.Check, err = checkModel(cmd, f); err != nil {
					return err
				}
			}
			if asJSON {
				err = writeJSON(cmd.OutOrStdout(), d)
			} else {
				err = d.print(cmd.OutOrStdout(), brief, tensors)
			}
			if err == nil && check && len(d.Check.Problems) > 0 {
				err = statusError(exitFailed)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	f.BoolVarP(&brief, "brief", "q", false, "leave out metadata and tensors")
	f.BoolVar(&tensors, "tensors", false, "list every tensor")
	f.BoolVar(&check, "check", false, "read every weight and say all that is wrong with the file")
	before := map[string]bool{}
	f.VisitAll(func(g *pflag.Flag) { before[g.Name] = true })
	load.addSettings(cmd)
	f.VisitAll(func(g *pflag.Flag) {
		if !before[g.Name] {
			loadFlagNames = append(loadFlagNames, g.Name)
		}
	})
	cmd.MarkFlagsMutuallyExclusive("brief", "tensors")
	return cmd
}

// description is what `loupe show` says of a file.
type description struct {
	Name         string          `json:"name"` // general.name, else the file's
	Path         string          `json:"path"`
	FileBytes    int64           `json:"file_bytes"`      // of all parts
	Parts        []partRow       `json:"parts,omitempty"` // of a model in several files
	GGUFVersion  uint32          `json:"gguf_version"`
	Architecture string          `json:"architecture"`
	Runs         bool            `json:"runs"`               // in this build
	RunsNot      string          `json:"runs_not,omitempty"` // why
	FileType     string          `json:"file_type,omitempty"`
	Parameters   int64           `json:"parameters"`
	Context      int64           `json:"context_length,omitempty"` // trained
	Licence      string          `json:"licence,omitempty"`
	About        string          `json:"about,omitempty"` // general.description
	Memory       memoryUse       `json:"memory"`
	Types        []typeShare     `json:"types"`
	Metadata     []metadataEntry `json:"metadata"`
	Tensors      []tensorRow     `json:"tensors"`
	Check        *checked        `json:"check,omitempty"`
}

type partRow struct {
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"`
	Tensors int    `json:"tensors"`
}

type memoryUse struct {
	Weights    int64          `json:"weights_bytes"`
	Packed     int64          `json:"packed_bytes,omitempty"`          // of these, laid out anew when loaded
	Kernels    string         `json:"kernels,omitempty"`               // that ask for it
	KVElements int64          `json:"kv_elements_per_token,omitempty"` // of K and V, all layers
	Unknown    string         `json:"kv_unknown,omitempty"`            // why there is no K/V figure
	Contexts   []kvMemory     `json:"contexts,omitempty"`
	Estimate   *engine.Memory `json:"estimate,omitempty"` // under the settings that were given
	Warnings   []string       `json:"warnings,omitempty"` // of those settings
}

type kvMemory struct {
	Context int64 `json:"context"` // tokens
	KVF16   int64 `json:"kv_f16_bytes"`
	KVF32   int64 `json:"kv_f32_bytes"`
}

type typeShare struct {
	Type       string  `json:"type"`
	Tensors    int     `json:"tensors"`
	Parameters int64   `json:"parameters"`
	Bytes      int64   `json:"bytes"`
	Share      float64 `json:"share"` // of the bytes of all tensors
}

type metadataEntry struct {
	Key   string `json:"key"`
	Type  string `json:"type"` // "uint32", "[]string"
	Len   int    `json:"len,omitempty"`
	Value any    `json:"value"` // of an array the first elements
}

type tensorRow struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shape []int  `json:"shape"` // fastest-running dimension first
	Bytes int64  `json:"bytes"`
}

func describeModel(f *gguf.File) description {
	d := description{
		Name: metaText(f, "general.name"), Path: f.Path, FileBytes: f.Size, GGUFVersion: f.Version,
		Architecture: metaText(f, "general.architecture"), FileType: f.FileType(), Licence: metaText(f, "general.license"),
		About: metaText(f, "general.description"),
		Types: []typeShare{}, Metadata: []metadataEntry{}, Tensors: []tensorRow{},
	}
	if d.Name == "" {
		d.Name = strings.TrimSuffix(filepath.Base(f.Path), filepath.Ext(f.Path))
	}
	for _, p := range f.Parts {
		d.Parts = append(d.Parts, partRow{p.Path, p.Size, p.Tensors})
	}
	// Binding is what loading does first, and copies next to nothing.
	net, err := model.New(f)
	if err == nil {
		d.Memory.Packed, d.Memory.Kernels, err = net.WillPack()
	}
	if err == nil {
		_, err = token.FromGGUF(f)
	}
	if d.Runs = err == nil; !d.Runs {
		d.RunsNot = strings.TrimPrefix(strings.TrimPrefix(err.Error(), "model: "), "token: ")
	}
	if n, ok, err := f.Uint(d.Architecture + ".context_length"); ok && err == nil {
		d.Context = int64(min(n, 1<<62))
	}
	shares := map[string]*typeShare{}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		name, elements := t.Type.String(), int64(t.Shape.Elements())
		if shares[name] == nil {
			shares[name] = &typeShare{Type: name}
		}
		s := shares[name]
		s.Tensors++
		s.Parameters += elements
		s.Bytes += int64(len(t.Data))
		d.Parameters += elements
		d.Memory.Weights += int64(len(t.Data))
		d.Tensors = append(d.Tensors, tensorRow{t.Name, name, append([]int{}, t.Shape...), int64(len(t.Data))})
	}
	for _, s := range shares {
		if d.Memory.Weights > 0 {
			s.Share = float64(s.Bytes) / float64(d.Memory.Weights)
		}
		d.Types = append(d.Types, *s)
	}
	sort.Slice(d.Types, func(i, j int) bool {
		a, b := d.Types[i], d.Types[j]
		return a.Bytes > b.Bytes || a.Bytes == b.Bytes && a.Type < b.Type
	})
	for _, kv := range f.Meta {
		d.Metadata = append(d.Metadata, describeValue(kv))
	}
	d.Memory.describeKV(f, d.Architecture, d.Context)
	return d
}

// describeValue cuts arrays and leaves the rest as it is.
func describeValue(kv gguf.KV) metadataEntry {
	e := metadataEntry{Key: kv.Key, Type: kv.Value.Kind().String(), Value: kv.Value.Any()}
	switch x := e.Value.(type) {
	case float32: // stays one: its shortest form is that of 32 bits
		if !finite(float64(x)) {
			e.Value = fmt.Sprint(x)
		}
	case float64:
		if !finite(x) {
			e.Value = fmt.Sprint(x)
		}
	}
	if kv.Value.Kind() == gguf.Array {
		e.Type, e.Len, e.Value = "[]"+kv.Value.Elem().String(), kv.Value.Len(), kv.Value.String()
	}
	return e
}

// finite reports whether JSON has a number for x.
func finite(x float64) bool { return x-x == 0 }

// describeKV fills in what a cache takes: for each layer n_head_kv rows of K and
// of V, of key_length and value_length elements.
func (m *memoryUse) describeKV(f *gguf.File, arch string, trained int64) {
	n, err := kvElements(f, arch)
	if err != nil {
		m.Unknown = err.Error()
		return
	}
	m.KVElements = n
	for _, c := range []int64{512, 2048, 8192, trained} {
		known := slices.ContainsFunc(m.Contexts, func(k kvMemory) bool { return k.Context == c })
		if c > 0 && (trained == 0 || c <= trained) && !known && c < 1<<32 {
			m.Contexts = append(m.Contexts, kvMemory{Context: c, KVF16: 2 * n * c, KVF32: 4 * n * c})
		}
	}
}

// describeWindow puts right what a cache takes in a model with a sliding window.
func (m *memoryUse) describeWindow(name string) error {
	for i := range m.Contexts {
		c := &m.Contexts[i]
		for typ, bytes := range map[engine.CacheType]*int64{engine.F16: &c.KVF16, engine.F32: &c.KVF32} {
			e, err := engine.Estimate(name, engine.LoadConfig{ContextLength: int(c.Context), KCacheType: typ, VCacheType: typ})
			if err != nil {
				return err
			}
			*bytes = e.K + e.V
		}
	}
	return nil
}

// kvElements counts the elements of K and V of one token, over all layers.
func kvElements(f *gguf.File, arch string) (int64, error) {
	// Far above any model, and their products stay far below an overflow.
	const maxLayers, maxHeads, maxLength = 1 << 10, 1 << 10, 1 << 10
	var err error
	get := func(key string, def, most uint64) uint64 {
		v, ok, e := f.Uint(arch + "." + key)
		switch {
		case err != nil:
		case e != nil:
			err = e
		case !ok && def == 0:
			err = fmt.Errorf("the file has no %s.%s", arch, key)
		case !ok:
			return def
		case v == 0 || v > most:
			err = fmt.Errorf("%s.%s is %d, which no model has", arch, key, v)
		}
		return v
	}
	layers := get("block_count", 0, maxLayers)
	var head uint64 // embedding_length / head_count, where a length is not given
	_, hasKey := f.Get(arch + ".attention.key_length")
	_, hasValue := f.Get(arch + ".attention.value_length")
	if !hasKey || !hasValue {
		if heads := get("attention.head_count", 0, maxHeads); err == nil {
			head = get("embedding_length", 0, maxHeads*maxLength) / heads
		}
	}
	key := get("attention.key_length", head, maxLength)
	value := get("attention.value_length", head, maxLength)
	var headsKV uint64                                                            // summed over the layers
	if list, ok, e := f.Ints(arch + ".attention.head_count_kv"); ok && e == nil { // one number a layer
		for _, n := range list {
			if n < 0 || n > maxHeads {
				return 0, fmt.Errorf("%s.attention.head_count_kv has %d, which no model has", arch, n)
			}
			headsKV += uint64(n)
		}
		if uint64(len(list)) != layers {
			return 0, fmt.Errorf("%s.attention.head_count_kv has %d numbers for %d layers", arch, len(list), layers)
		}
	} else {
		all, _, _ := f.Uint(arch + ".attention.head_count")
		headsKV = layers * get("attention.head_count_kv", all, maxHeads)
	}
	return int64(headsKV * (key + value)), err
}

func metaText(f *gguf.File, key string) string {
	s, _, _ := f.Text(key)
	return s
}

func (d *description) print(out io.Writer, brief, allTensors bool) error {
	var b strings.Builder
	d.printFacts(&b)
	d.printMemory(&b)
	d.printTypes(&b)
	if !brief {
		d.printMetadata(&b)
		d.printTensors(&b, allTensors)
	}
	d.Check.print(&b)
	_, err := io.WriteString(out, b.String())
	return err
}

func (d *description) printFacts(b *strings.Builder) {
	runs := "yes"
	if !d.Runs {
		runs = "no: " + printable(d.RunsNot, 200)
	}
	context := number(d.Context) + " tokens"
	if d.Context == 0 {
		context = "-"
	}
	file := fmt.Sprintf("%s (%s, GGUF %d)", d.Path, store.FormatSize(d.FileBytes), d.GGUFVersion)
	for i, p := range d.Parts {
		if i == 0 {
			file = fmt.Sprintf("%d parts (%s, GGUF %d)", len(d.Parts), store.FormatSize(d.FileBytes), d.GGUFVersion)
		}
		file += fmt.Sprintf("\n%16s %s (%s, %s tensors)", "", p.Path, store.FormatSize(p.Bytes), number(int64(p.Tensors)))
	}
	for _, fact := range [][2]string{
		{"name", printable(d.Name, 100)},
		{"file", file},
		{"architecture", dash(printable(d.Architecture, 60))},
		{"runs here", runs},
		{"kernels", dash(d.Memory.Kernels)},
		{"type", dash(d.FileType)},
		{"parameters", fmt.Sprintf("%s (%s)", number(d.Parameters), millions(d.Parameters))},
		{"trained context", context},
		{"licence", dash(printable(d.Licence, 100))},
		{"about", dash(printable(d.About, 200))},
	} {
		fmt.Fprintf(b, "%-16s %s\n", fact[0], fact[1])
	}
}

func (d *description) printMemory(b *strings.Builder) {
	m := d.Memory
	fmt.Fprintf(b, "\nmemory: weights %s, mapped from the file; ", engine.Size(m.Weights))
	if m.Packed > 0 {
		fmt.Fprintf(b, "%s of them laid out anew for the kernels; ", engine.Size(m.Packed))
	}
	if m.Unknown != "" {
		fmt.Fprintf(b, "K/V cache not known: %s\n", printable(m.Unknown, 200))
		return
	}
	fmt.Fprintf(b, "K/V cache %s a token in f16, %s in f32\n", engine.Size(2*m.KVElements), engine.Size(4*m.KVElements))
	if m.Estimate != nil {
		fmt.Fprintln(b, m.Estimate)
		for _, warning := range m.Warnings {
			fmt.Fprintln(b, "warning:", warning)
		}
		return
	}
	w := newTable("context", "K/V f16", "K/V f32", "with weights, f16", "with weights, f32")
	rightAlign(w, "context", "K/V f16", "K/V f32", "with weights, f16", "with weights, f32")
	for _, c := range m.Contexts {
		w.AppendRow(table.Row{number(c.Context), engine.Size(c.KVF16), engine.Size(c.KVF32), engine.Size(m.Weights + c.KVF16), engine.Size(m.Weights + c.KVF32)})
	}
	fmt.Fprintln(b, w.Render())
}

func (d *description) printTypes(b *strings.Builder) {
	fmt.Fprintf(b, "\n%d tensors by type\n", len(d.Tensors))
	w := newTable("type", "tensors", "parameters", "bytes", "share")
	rightAlign(w, "tensors", "parameters", "bytes", "share")
	for _, t := range d.Types {
		w.AppendRow(table.Row{t.Type, t.Tensors, number(t.Parameters), number(t.Bytes), fmt.Sprintf("%.1f %%", 100*t.Share)})
	}
	fmt.Fprintln(b, w.Render())
}

func (d *description) printMetadata(b *strings.Builder) {
	fmt.Fprintf(b, "\n%d metadata entries\n", len(d.Metadata))
	w := newTable("key", "type", "value")
	for _, e := range d.Metadata {
		kind := e.Type
		if strings.HasPrefix(kind, "[]") {
			kind = fmt.Sprintf("[%d]%s", e.Len, kind[2:])
		}
		w.AppendRow(table.Row{printable(e.Key, 80), kind, printable(fmt.Sprint(e.Value), 72)})
	}
	fmt.Fprintln(b, w.Render())
}

var inLayer = regexp.MustCompile(`^blk\.\d+\.`)

func (d *description) printTensors(b *strings.Builder, all bool) {
	w := newTable("tensor", "type", "shape", "bytes")
	rightAlign(w, "bytes")
	if all {
		for _, t := range d.Tensors {
			w.AppendRow(table.Row{printable(t.Name, 80), t.Type, shape(t.Shape), number(t.Bytes)})
		}
		fmt.Fprintf(b, "\n%d tensors\n%s\n", len(d.Tensors), w.Render())
		return
	}
	w = newTable("tensor", "type", "shape", "count", "bytes each", "bytes")
	rightAlign(w, "count", "bytes each", "bytes")
	type group struct {
		tensorRow
		count int
	}
	var groups []*group
	for _, t := range d.Tensors {
		t.Name = inLayer.ReplaceAllString(t.Name, "blk.*.")
		at := slices.IndexFunc(groups, func(g *group) bool {
			return g.Name == t.Name && g.Type == t.Type && slices.Equal(g.Shape, t.Shape)
		})
		if at < 0 {
			at = len(groups)
			groups = append(groups, &group{tensorRow: t})
		}
		groups[at].count++
	}
	for _, g := range groups {
		w.AppendRow(table.Row{printable(g.Name, 80), g.Type, shape(g.Shape), g.count, number(g.Bytes), number(int64(g.count) * g.Bytes)})
	}
	fmt.Fprintf(b, "\n%d tensors, those of the layers together; --tensors lists each\n%s\n", len(d.Tensors), w.Render())
}

func newTable(header ...any) table.Writer {
	w := table.NewWriter()
	style := table.StyleLight
	style.Format.Header = text.FormatDefault // names keep their case
	w.SetStyle(style)
	w.AppendHeader(header)
	return w
}

func rightAlign(w table.Writer, columns ...string) {
	var configs []table.ColumnConfig
	for _, c := range columns {
		configs = append(configs, table.ColumnConfig{Name: c, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	w.SetColumnConfigs(configs)
}

func shape(dims []int) string {
	parts := make([]string, len(dims))
	for i, d := range dims {
		parts[i] = strconv.Itoa(d)
	}
	return strings.Join(parts, " x ")
}

// number writes 49152 as "49,152".
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// millions writes a count of parameters as model names do.
func millions(n int64) string {
	if n >= 999_950_000 {
		return fmt.Sprintf("%.2f B", float64(n)/1e9)
	}
	return fmt.Sprintf("%.1f M", float64(n)/1e6)
}

// printable is text from a file on one line of at most limit characters: what a
// terminal would obey or a table would break on is written as Go escapes it.
func printable(s string, limit int) string {
	cut := []rune(s)
	if len(cut) > limit {
		cut = append(cut[:limit], '…')
	}
	if s = string(cut); strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		s = strings.Trim(strconv.Quote(s), `"`)
	}
	return s
}
