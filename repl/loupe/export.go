package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"loupe/kernel"
	"loupe/kernel/export"
	"loupe/repl"
)

// exportOptions are the flags of export.
type exportOptions struct {
	out    string
	params []string
	run    export.Options
}

func newExportCmd() *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export [flags] FILE.go -o OUT [-- ARGUMENTS]",
		Short: "Run a notebook and make a page of it: Markdown, HTML, or a Jupyter notebook",
		Long: `Run a notebook file and write what it is and did, by the name of the output:

  .md     Markdown: values in their Markdown or text form, pictures in the folder OUT_files
  .html   one page that needs nothing else and no network: pictures and colours are
          inside, light or dark as the reader's system is, a table of contents
  .ipynb  a Jupyter notebook with its outputs, for the kernel of loupe jupyter install
  .go     the Go file of a Jupyter notebook, FILE.ipynb, which is not run

Under each cell stand its time and what its engine calls did. The output is
written when the run is over, whole or not at all: if a cell fails, the old file stays
and the exit status is the program's. With --keep-going the cells below it run too, and
the page is written, with each error in its place.

A notebook with a cell titled "parameters" takes other values for its variables.
Cells are named by number or title. What follows -- are the program's arguments.`,
		Example: `  loupe export notebooks/firststeps/firststeps.go -o firststeps.html
  loupe export lesson.go -o lesson.md -p model=smollm2
  loupe export lesson.go -o part.html --from "Cache off" --to "Cache on"
  loupe export lesson.go -o lesson.ipynb
  loupe export lesson.ipynb -o lesson.go`,
		Args:                  oneNotebook,
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, args []string) error { return o.export(cmd, args) },
	}
	f := cmd.Flags()
	f.StringVarP(&o.out, "output", "o", "", "the `file` to write: .md, .html, .ipynb or .go")
	f.BoolVar(&o.run.KeepGoing, "keep-going", false, "if a cell fails, go on with the next one")
	paramFlag(f, &o.params)
	partFlags(f, &o.run.From, &o.run.To)
	f.Int64Var(&o.run.MaxOutput, "max-output", export.MaxOutput, "`bytes` of text that a cell shows; -1: all")
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"go", "ipynb"}, cobra.ShellCompDirectiveFilterFileExt
	}
	return cmd
}

func oneNotebook(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return fmt.Errorf("%s: no file given; %s FILE.go", cmd.Name(), cmd.CommandPath())
	case filepath.Ext(args[0]) != ".go" && filepath.Ext(args[0]) != ".ipynb":
		return fmt.Errorf("%s: %s is neither a .go file nor an .ipynb file", cmd.Name(), args[0])
	}
	return nil
}

func (o *exportOptions) export(cmd *cobra.Command, args []string) error {
	from, to := args[0], filepath.Ext(o.out)
	switch {
	case o.out == "":
		return usageError{errors.New("export: no output given; -o FILE.md, .html or .ipynb")}
	case !strings.Contains(" .md .html .ipynb .go ", " "+to+" ") || to == "":
		return usageError{fmt.Errorf("export: %s: the output's name must end in .md, .html, .ipynb or .go", o.out)}
	case same(from, o.out):
		return usageError{fmt.Errorf("export: %s is the input and the output", o.out)}
	case to == ".go" && filepath.Ext(from) == ".go":
		return usageError{fmt.Errorf("export: %s is a Go file already", from)}
	}
	if info, err := os.Stat(filepath.Dir(o.out)); err != nil || !info.IsDir() {
		return fmt.Errorf("export: %s is no folder to write %s into", filepath.Dir(o.out), filepath.Base(o.out))
	}
	if filepath.Ext(from) == ".ipynb" {
		src, err := readJupyter(from)
		if err != nil {
			return err
		}
		if to == ".go" {
			return o.write(src)
		}
		o.run.Source = src
	}
	var err error
	if o.run.Params, err = params(o.params); err != nil {
		return usageError{err}
	}
	o.run.Args = args
	line := progressLine(cmd)
	at := ""
	o.run.Cell = func(number, total int, name string) {
		at = fmt.Sprintf("[%d/%d] %s", number, total, name)
		line(at)
	}
	o.run.Note = func(text string) { line(at + ": " + text) }
	doc, err := export.Run(cmd.Context(), from, o.run)
	line("")
	return o.finish(doc, err)
}

// finish writes the document, if it may be written, and says what failed.
func (o *exportOptions) finish(doc *export.Document, err error) error {
	var failed *kernel.Error
	if err != nil && !errors.As(err, &failed) {
		return err
	}
	say := repl.Plain{Out: io.Discard, Err: os.Stderr}
	if failed == nil || o.run.KeepGoing && failed.Kind != kernel.Compile {
		text, pictures := o.render(doc) // which may find something to warn of
		if err := o.writePictures(pictures); err != nil {
			return err
		}
		if err := o.write(text); err != nil {
			return err
		}
	}
	for _, w := range doc.Warnings {
		say.Render(w)
	}
	if failed == nil {
		return nil
	}
	say.Render(kernel.Failed{Err: failed})
	if o.run.KeepGoing && failed.Kind != kernel.Compile {
		fmt.Fprintf(os.Stderr, "loupe: export: %s holds what ran, and the error\n", o.out)
	} else {
		fmt.Fprintf(os.Stderr, "loupe: export: %s is not written\n", o.out)
	}
	if failed.Kind == kernel.Interrupted {
		return statusError(exitInterrupted)
	}
	return statusError(failed.ExitCode)
}

func (o *exportOptions) render(doc *export.Document) (text string, pictures map[string][]byte) {
	switch filepath.Ext(o.out) {
	case ".html":
		return doc.HTML(), nil
	case ".ipynb":
		return doc.Jupyter(), nil
	}
	return doc.Markdown(filepath.Base(o.pictures()))
}

// pictures is the folder of a Markdown page's pictures, named as nbconvert does.
func (o *exportOptions) pictures() string {
	return strings.TrimSuffix(o.out, filepath.Ext(o.out)) + "_files"
}

func (o *exportOptions) writePictures(pictures map[string][]byte) error {
	if len(pictures) == 0 {
		return nil
	}
	if err := os.MkdirAll(o.pictures(), 0o755); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	for name, data := range pictures {
		err := writeWhole(filepath.Join(o.pictures(), name), func(w io.Writer) error {
			_, err := w.Write(data)
			return err
		})
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
	}
	return nil
}

func (o *exportOptions) write(text string) error {
	err := writeWhole(o.out, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

func readJupyter(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("export: %w", err)
	}
	return export.FromJupyter(path, data)
}

// paramFlag and partFlags are the flags of all commands that run notebooks.
func paramFlag(f *pflag.FlagSet, list *[]string) {
	f.StringArrayVarP(list, "param", "p", nil, "another value for a variable of the cell \"parameters\", `name=value`; may be repeated")
}

func partFlags(f *pflag.FlagSet, from, to *string) {
	f.StringVar(from, "from", "", "the first `cell` to show, by number or title; those before it run too")
	f.StringVar(to, "to", "", "the last `cell` to run")
}

// params reads name=value words.
func params(words []string) (map[string]string, error) {
	m := map[string]string{}
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("-p %s: a parameter is name=value", w)
		}
		m[name] = value
	}
	return m, nil
}

// same reports whether two names are one file.
func same(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
