package main

import (
	"fmt"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"loupe/engine/model"
	"loupe/engine/quantize"
	"loupe/engine/store"
)

func newQuantizeCmd() *cobra.Command {
	var o quantize.Options
	var asJSON bool
	var names []string
	for _, m := range quantize.Mixes() {
		names = append(names, m.Name)
	}
	cmd := &cobra.Command{
		Use:   "quantize MODEL [OUT.gguf] TYPE",
		Short: "Write a model in another type of weights, as llama-quantize does",
		Long: `Write a model in another type of weights, as llama-quantize does, with its rules for
which tensor gets which type and its bits, without an importance matrix. TYPE is one of
` + strings.Join(names, ", ") + `.
Without OUT.gguf the file is called MODEL-TYPE.gguf and lies in the current folder.

A mix spends more bits on tensors that suffer more. Rows that the blocks of a type do
not divide get the nearest type that fits, which the table says. MXFP4 is for the matrices
of layers; embedding and head get Q8_0.`,
		Example: `  loupe quantize model-f16.gguf Q4_K_M
  loupe quantize model-bf16.gguf small.gguf Q5_1
  loupe quantize smollm2 Q8_0 --allow-requantize`,
		Args: cobra.RangeArgs(2, 3),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, to string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return completeModels(cmd, args, to)
			}
			return names, cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runQuantize(cmd, args, o, asJSON) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.Requantize, "allow-requantize", false, "take a model that is quantised already: what that lost stays lost")
	f.BoolVar(&o.Pure, "pure", false, "the type itself for every matrix, without the rules of the mix")
	f.IntVarP(&o.Threads, "threads", "t", 0, "`number` of threads (0: one per processor)")
	f.BoolVar(&asJSON, "json", false, `print {"path", "type", "bytes_before", "bytes", "tensors": [{"name", "from", "to", ..}]}`)
	return cmd
}

func runQuantize(cmd *cobra.Command, args []string, o quantize.Options, asJSON bool) error {
	mix, err := quantize.Find(args[len(args)-1])
	if err != nil {
		return usageError{err}
	}
	f, err := store.Open(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	// The rules are those of architectures that run here, and a damaged file would only
	// make another.
	if _, err := model.New(f); err != nil {
		return err
	}
	path := strings.TrimSuffix(filepath.Base(args[0]), ".gguf") + "-" + mix.Name + ".gguf"
	if len(args) == 3 {
		path = args[1]
	}
	// What closes the terminal or ends the session must not leave half a file behind.
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	bar, began := newWorkBar(cmd), time.Now()
	o.Progress = bar.show
	list, err := quantize.File(ctx, f, path, mix, o)
	bar.line("")
	if err != nil {
		return err
	}
	report := quantized{Path: path, Type: mix.Name}
	for i, t := range f.Tensors {
		report.Before += int64(len(t.Data))
		x := list[i]
		report.Bytes += x.Bytes
		report.Tensors = append(report.Tensors, quantizedTensor{x.Name, x.From.String(), x.To.String(), x.Bytes})
	}
	if asJSON {
		return writeJSON(cmd.OutOrStdout(), report)
	}
	w := newTable("from", "to", "tensors", "bytes", "")
	rightAlign(w, "tensors", "bytes")
	for _, r := range summary(list) {
		w.AppendRow(table.Row{r.from, r.to, r.n, number(r.bytes), r.why})
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n%s\nweights %s, were %s; %v\n", w.Render(), path,
		store.FormatSize(report.Bytes), store.FormatSize(report.Before), time.Since(began).Round(100*time.Millisecond))
	return err
}

type quantized struct {
	Path    string            `json:"path"`
	Type    string            `json:"type"`
	Before  int64             `json:"bytes_before"` // of the tensors
	Bytes   int64             `json:"bytes"`
	Tensors []quantizedTensor `json:"tensors"`
}

type quantizedTensor struct {
	Name  string `json:"name"`
	From  string `json:"from"`
	To    string `json:"to"`
	Bytes int64  `json:"bytes"`
}

// summaryRow is all tensors of which the same became.
type summaryRow struct {
	from, to, why string
	n             int
	bytes         int64
}

func summary(list []quantize.Tensor) (rows []summaryRow) {
	at := map[[3]string]int{}
	for _, t := range list {
		why := ""
		if t.Instead != t.To {
			why = fmt.Sprintf("rows do not fit the blocks of %s", t.Instead)
		}
		key := [3]string{t.From.String(), t.To.String(), why}
		i, ok := at[key]
		if !ok {
			i = len(rows)
			at[key] = i
			rows = append(rows, summaryRow{from: key[0], to: key[1], why: why})
		}
		rows[i].n++
		rows[i].bytes += t.Bytes
	}
	return rows
}
