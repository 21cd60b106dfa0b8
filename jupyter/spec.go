package jupyter

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// logos are what front-ends show for the kernel; package logo draws them.
//
//go:generate go run ./logo
//go:embed logo-32x32.png logo-64x64.png logo-svg.svg
var logos embed.FS

// Spec is a kernelspec: what a front-end needs to start the kernel.
type Spec struct {
	Name        string   // of its folder, and of the kernel in notebooks: "loupe"
	DisplayName string   // "Go (Loupe)"
	Argv        []string // the command; one word is {connection_file}
}

// kernelJSON is the file that describes a kernelspec.
type kernelJSON struct {
	Argv        []string     `json:"argv"`
	DisplayName string       `json:"display_name"`
	Language    string       `json:"language"`
	Interrupt   string       `json:"interrupt_mode"`
	Metadata    specMetadata `json:"metadata"`
}

type specMetadata struct {
	Debugger bool       `json:"debugger"`
	Loupe    *loupeMark `json:"loupe,omitempty"`
}

// loupeMark says that a kernelspec is ours, and which files are.
type loupeMark struct {
	Files []string `json:"files"`
}

const specFile = "kernel.json"

var specName = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// UserKernels is the folder of the user's kernelspecs: kernels in
// JUPYTER_DATA_DIR, else in jupyter's folder of the user's data.
func UserKernels() (string, error) {
	if dir := os.Getenv("JUPYTER_DATA_DIR"); dir != "" {
		return filepath.Join(dir, "kernels"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("jupyter: no folder for kernelspecs: %w; set JUPYTER_DATA_DIR", err)
	}
	switch runtime.GOOS {
	case "windows":
		if dir := os.Getenv("APPDATA"); dir != "" {
			return filepath.Join(dir, "jupyter", "kernels"), nil
		}
		return filepath.Join(home, ".jupyter", "data", "kernels"), nil
	case "darwin":
		return filepath.Join(home, "Library", "Jupyter", "kernels"), nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "jupyter", "kernels"), nil
	}
	return filepath.Join(home, ".local", "share", "jupyter", "kernels"), nil
}

// PrefixKernels is the folder of the kernelspecs of an installation: that of a
// virtual environment, or /usr/local.
func PrefixKernels(prefix string) string {
	return filepath.Join(prefix, "share", "jupyter", "kernels")
}

// Install writes the kernelspec into a folder of kernelspecs and returns its
// own folder. One that is there and ours is replaced, whole; another's is not.
func (s Spec) Install(kernels string) (dir string, err error) {
	if !specName.MatchString(s.Name) || strings.Trim(s.Name, ".") == "" {
		return "", fmt.Errorf("jupyter: %q is no name of a kernelspec; letters, digits, - . and _ are allowed", s.Name)
	}
	dir = filepath.Join(kernels, s.Name)
	if _, err := os.Lstat(dir); err == nil {
		if _, err := readSpec(dir); err != nil {
			return "", fmt.Errorf("%w; --name chooses another name", err)
		}
	}
	if err := os.MkdirAll(kernels, 0o755); err != nil {
		return "", fmt.Errorf("jupyter: kernelspec: %w", err)
	}
	made, err := os.MkdirTemp(kernels, ".loupe-*")
	if err != nil {
		return "", fmt.Errorf("jupyter: kernelspec: %w", err)
	}
	defer os.RemoveAll(made)
	if err := s.write(made); err != nil {
		return "", fmt.Errorf("jupyter: kernelspec: %w", err)
	}
	// A folder cannot take the place of one that is not empty: what is ours
	// there goes first.
	if _, err := os.Lstat(dir); err == nil {
		left, err := remove(dir)
		if err != nil {
			return "", err
		}
		if len(left) > 0 {
			return "", fmt.Errorf("jupyter: %s holds files that are not ours: %s; move them away", dir, strings.Join(left, ", "))
		}
	}
	if err := os.Rename(made, dir); err != nil {
		return "", fmt.Errorf("jupyter: kernelspec: %w", err)
	}
	return dir, nil
}

// write writes the files of a kernelspec.
func (s Spec) write(dir string) error {
	if err := os.Chmod(dir, 0o755); err != nil { // a temporary one is private
		return err
	}
	entries, err := logos.ReadDir(".")
	if err != nil {
		return err
	}
	var files []string
	for _, e := range entries {
		data, err := logos.ReadFile(e.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), data, 0o644); err != nil {
			return err
		}
		files = append(files, e.Name())
	}
	data, err := json.MarshalIndent(kernelJSON{
		Argv: s.Argv, DisplayName: s.DisplayName, Language: "go", Interrupt: "message",
		Metadata: specMetadata{Loupe: &loupeMark{Files: files}},
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, specFile), append(data, '\n'), 0o644)
}

// readSpec reads the kernelspec in dir, which must be ours.
func readSpec(dir string) (*loupeMark, error) {
	var k kernelJSON
	data, err := os.ReadFile(filepath.Join(dir, specFile))
	if err == nil {
		err = json.Unmarshal(data, &k)
	}
	if err != nil {
		return nil, fmt.Errorf("jupyter: %s is not a kernelspec of loupe: %w", dir, err)
	}
	if k.Metadata.Loupe == nil {
		return nil, fmt.Errorf("jupyter: %s is the kernelspec of another kernel, %q", dir, k.DisplayName)
	}
	return k.Metadata.Loupe, nil
}

// Uninstall removes the kernelspec of a name from a folder of kernelspecs:
// the files that Install wrote, and the folder when nothing else is in it.
// left names what stays.
func Uninstall(kernels, name string) (dir string, left []string, err error) {
	if !specName.MatchString(name) {
		return "", nil, fmt.Errorf("jupyter: %q is no name of a kernelspec", name)
	}
	dir = filepath.Join(kernels, name)
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return dir, nil, fmt.Errorf("jupyter: no kernelspec %s in %s", name, kernels)
	}
	left, err = remove(dir)
	return dir, left, err
}

// remove removes what is ours in dir.
func remove(dir string) (left []string, err error) {
	mark, err := readSpec(dir)
	if err != nil {
		return nil, err
	}
	// kernel.json goes last: without it nobody could say whose the rest is.
	for _, name := range append(slices.Clone(mark.Files), specFile) {
		if name != filepath.Base(name) { // nobody's word leads out of the folder
			continue
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("jupyter: kernelspec: %w", err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("jupyter: kernelspec: %w", err)
	}
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if len(left) > 0 {
		return left, nil
	}
	if err := os.Remove(dir); err != nil {
		return nil, fmt.Errorf("jupyter: kernelspec: %w", err)
	}
	return nil, nil
}
