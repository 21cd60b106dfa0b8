package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
)

//go:embed firstnotebook.txt
var firstNotebook string

func newNewCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "new NAME",
		Short: "Make a folder with a first notebook and a go.mod",
		Long: `Make the folder NAME with the notebook NAME.go and a go.mod, so that loupe run and
go run both run it. The go.mod points at the checkout of Loupe: the one around the
current folder, or the one that this program was built from.

NAME may be a path. An existing folder is left as it is.`,
		Example: `  loupe new lesson
  cd lesson && go run . && loupe run lesson.go
  loupe help notebooks            # what a notebook is`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("new: one name is needed; loupe new NAME")
			}
			if name := filepath.Base(args[0]); !notebookName.MatchString(name) {
				return fmt.Errorf("new: %q is no name for a notebook: letters, digits, - and _, a letter first", name)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return makeNotebook(cmd, filepath.Clean(args[0])) },
	}
}

var notebookName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

func makeNotebook(cmd *cobra.Command, dir string) error {
	if _, err := os.Lstat(dir); err == nil {
		return fmt.Errorf("new: %s exists; take another name", dir)
	}
	// A go file whose name ends in _test or _linux would be no part of the program.
	name := strings.ReplaceAll(filepath.Base(dir), "_", "-")
	files := map[string]string{name + ".go": strings.ReplaceAll(firstNotebook, "NAME", name)}
	root := checkout()
	if err := goMod(files, root, dir, name); err != nil {
		return fmt.Errorf("new: %w", err)
	}
	parent := filepath.Dir(dir)
	if info, err := os.Stat(parent); err != nil || !info.IsDir() {
		return fmt.Errorf("new: %s is no folder to make %s in", parent, filepath.Base(dir))
	}
	tmp, err := os.MkdirTemp(parent, "."+name+"-*")
	if err != nil {
		return fmt.Errorf("new: %w", err)
	}
	defer os.RemoveAll(tmp) // once renamed there is none
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(tmp, file), []byte(text), 0o644); err != nil {
			return fmt.Errorf("new: %w", err)
		}
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return fmt.Errorf("new: %w", err)
	}
	if err := os.Rename(tmp, dir); err != nil {
		return fmt.Errorf("new: %w", err)
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "made %s; run it with\n\n  loupe run %s\n", dir, filepath.Join(dir, name+".go"))
	if root == "" {
		fmt.Fprintf(out, "\nNo checkout of Loupe was found, so there is no go.mod. For go run, begin one with\n\n  module notebook/%s\n  require loupe v0.0.0\n  replace loupe => FOLDER OF LOUPE\n\nand run go mod tidy.\n", name)
		return nil
	}
	fmt.Fprintf(out, "  cd %s && go run .\n", dir)
	return nil
}

// goMod adds the go.mod and go.sum of a program that uses the checkout at root:
// those of the checkout, since it needs the same modules.
func goMod(files map[string]string, root, dir, name string) error {
	if root == "" {
		return nil
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	to := root
	if rel, err := filepath.Rel(abs, root); err == nil && strings.Trim(rel, "./\\") == "" {
		to = filepath.ToSlash(rel) // inside of the checkout: they move together
	}
	if strings.ContainsAny(to, " \t'`") {
		to = fmt.Sprintf("%q", to)
	}
	text := moduleLine.ReplaceAllString(string(mod), "module notebook/"+name)
	files["go.mod"] = text + fmt.Sprintf("\nrequire loupe v0.0.0\n\nreplace loupe => %s\n", to)
	files["go.sum"] = string(sums)
	return nil
}

var moduleLine = regexp.MustCompile(`(?m)^module loupe\b`)

// checkout is the folder of Loupe's own module: around the current folder, or
// where this program was built from; "" if there is none.
func checkout() string {
	var from []string
	if dir, err := os.Getwd(); err == nil {
		from = append(from, dir)
	}
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		from = append(from, filepath.Dir(file))
	}
	for _, dir := range from {
		for ; ; dir = filepath.Dir(dir) {
			if mod, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && moduleLine.Match(bytes.TrimSpace(mod)) {
				return dir
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return ""
}

// newNotebooksCmd is help about what has no command of its own.
func newNotebooksCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "notebooks",
		Short: "What a notebook file is (help only)",
		Long:  strings.TrimSpace(notebookHelp),
		Example: `  loupe new lesson; loupe run lesson/lesson.go
  loupe export lesson/lesson.go -o lesson.html; loupe test --update lesson/lesson.go`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
}

//go:embed notebooks.txt
var notebookHelp string
