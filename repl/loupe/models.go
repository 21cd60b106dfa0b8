package main

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"loupe/engine/gguf"
	"loupe/engine/store"
)

func newModelsCmd() *cobra.Command {
	var asJSON, remote bool
	cmd := &cobra.Command{
		Use:   "models",
		Short: "List the models that are here and those that can be pulled",
		Long: `List the model inside the program, the GGUF files in the folder of models (LOUPE_MODELS,
or loupe/models in the user's cache folder) and the known models that are not there yet. Every file ending
in .gguf in that folder is a model, however it came there.

--remote lists what can be pulled by a name: what it is good for and its licence, with
--json its source and checksum too.`,
		Example: `  loupe models
  loupe models --remote
  loupe models --json | jq -r '.[] | select(.here) | .path'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if remote {
				return listRemote(cmd, asJSON)
			}
			return listModels(cmd, asJSON)
		},
	}
	cmd.Flags().BoolVar(&remote, "remote", false, "list the models that loupe pull knows by name")
	cmd.Flags().BoolVar(&asJSON, "json", false, `print [{"name", "here", "path", "size", "type", "context_length", ..}]`)
	return cmd
}

// listedModel is one row of `loupe models`.
type listedModel struct {
	store.Model
	Here         bool   `json:"here"`
	Type         string `json:"type,omitempty"` // as general.file_type names it
	Architecture string `json:"architecture,omitempty"`
	Context      int64  `json:"context_length,omitempty"`
	Error        string `json:"error,omitempty"` // why the file cannot be read
}

func listModels(cmd *cobra.Command, asJSON bool) error {
	here, err := store.List()
	if err != nil {
		return err
	}
	rows := []listedModel{}
	for _, m := range here {
		rows = append(rows, readListed(m))
	}
	for _, k := range store.Known() {
		if !containsFile(here, k.File) {
			rows = append(rows, listedModel{Model: k})
		}
	}
	out := cmd.OutOrStdout()
	if asJSON {
		return writeJSON(out, rows)
	}
	w := newTable("name", "size", "type", "context", "licence", "path")
	rightAlign(w, "size", "context")
	for _, r := range rows {
		where := r.Path
		if !r.Here {
			where = "not here: loupe pull " + r.Name
		}
		w.AppendRow(table.Row{printable(r.Name, 60), store.FormatSize(r.Size), dash(r.Type), dash(number(r.Context)), dash(printable(r.Licence, 40)), where})
	}
	if _, err := fmt.Fprintln(out, w.Render()); err != nil {
		return err
	}
	for _, r := range rows {
		if r.Error != "" {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s cannot be read: %s\n", r.Name, r.Error)
		}
	}
	return nil
}

// listRemote lists the table of known models. Whether they can be had now is said
// first, and at once.
func listRemote(cmd *cobra.Command, asJSON bool) error {
	if err := store.Online(cmd.Context()); err != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), err)
	}
	here, err := store.List()
	if err != nil {
		return err
	}
	rows := []listedModel{}
	for _, k := range store.Known() {
		rows = append(rows, listedModel{Model: k, Here: containsFile(here, k.File)})
	}
	out := cmd.OutOrStdout()
	if asJSON {
		return writeJSON(out, rows)
	}
	w := newTable("name", "size", "licence", "good for")
	rightAlign(w, "size")
	for _, r := range rows {
		name := r.Name
		if r.Here {
			name += " (here)"
		}
		w.AppendRow(table.Row{name, store.FormatSize(r.Size), r.Licence, r.About})
	}
	_, err = fmt.Fprintf(out, "%s\nget one with: loupe pull NAME, or any file of the hub with: loupe pull hf:OWNER/REPO/FILE.gguf; sources and checksums: --json\n", w.Render())
	return err
}

func containsFile(models []store.Model, file string) bool {
	for _, m := range models {
		if m.File == file {
			return true
		}
	}
	return false
}

// readListed looks into the file for what its name does not say.
func readListed(m store.Model) listedModel {
	r := listedModel{Model: m, Here: true}
	f, err := openListed(m)
	if err != nil {
		r.Error = err.Error()
		return r
	}
	defer f.Close()
	r.Architecture = metaText(f, "general.architecture")
	r.Type = f.FileType()
	if n, ok, err := f.Uint(r.Architecture + ".context_length"); ok && err == nil {
		r.Context = int64(min(n, 1<<62))
	}
	if r.Licence == "" {
		r.Licence = metaText(f, "general.license")
	}
	return r
}

// openListed opens a row of the list: the model that is in no file by its name.
func openListed(m store.Model) (*gguf.File, error) {
	if m.File == "" {
		return store.Open(m.Name)
	}
	return gguf.Open(m.Path)
}

func dash(s string) string {
	if s == "" || s == "0" {
		return "-"
	}
	return s
}
