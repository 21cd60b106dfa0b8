package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"loupe/engine/gguf"
)

// Find gives the file for a name, which may be
//
//   - a path: it has a separator, or ends in .gguf, or a file is there;
//   - a model of the table ("smollm2") or of the folder (its file name with or
//     without .gguf, in either case, and of parts without their numbers), or the
//     source it was pulled from.
//
// Errors: NotPulledError for a model that can be pulled, UnknownError with the
// nearest names for one that nobody knows, and one that wraps fs.ErrNotExist for
// a path where no file is.
func Find(name string) (string, error) {
	if name == "" {
		return "", &UnknownError{Name: name}
	}
	if IsDefault(name) {
		return "", fmt.Errorf("store: model %q lies in no file: it is inside the program", name)
	}
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		return name, nil
	}
	dir, err := Dir()
	if err != nil {
		return "", err
	}
	return find(dir, name)
}

// find is Find for a name that is no file as it stands.
func find(dir, name string) (string, error) {
	if isSource(name) {
		return findSource(dir, name)
	}
	if strings.ContainsRune(name, filepath.Separator) || strings.Contains(name, "/") {
		return "", missingPath(name)
	}
	if k, ok := lookup(name); ok {
		return findKnown(dir, k)
	}
	models, err := list(dir)
	if err != nil {
		return "", err
	}
	for _, m := range models {
		if strings.EqualFold(name, m.File) || strings.EqualFold(name, m.Name) || strings.EqualFold(name, strings.TrimSuffix(m.File, filepath.Ext(m.File))) {
			return m.Path, nil
		}
	}
	for _, k := range table {
		if strings.EqualFold(name, k.File) || strings.EqualFold(name, strings.TrimSuffix(k.File, ".gguf")) {
			return "", &NotPulledError{k.Model}
		}
	}
	return "", &UnknownError{Name: name, Near: nearest(name, names(models))}
}

func findKnown(dir string, k known) (string, error) {
	path := filepath.Join(dir, k.File)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", &NotPulledError{k.Model}
	}
	if err != nil {
		return "", fmt.Errorf("store: model %q: %w", k.Name, err)
	}
	if info.Size() != k.Size {
		return "", fmt.Errorf("store: model %q: %s has %d bytes but must have %d; move it away and run: loupe pull %s",
			k.Name, path, info.Size(), k.Size, k.Name)
	}
	return path, nil
}

func findSource(dir, source string) (string, error) {
	src, err := parseSource(source)
	if err != nil {
		return "", err
	}
	if src.known != nil {
		return findKnown(dir, *src.known)
	}
	models, err := list(dir)
	if err != nil {
		return "", err
	}
	for _, m := range models {
		if m.Source == source {
			return m.Path, nil
		}
	}
	return "", &NotPulledError{Model{Name: source, Source: source}}
}

func missingPath(path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("store: %s is a folder; name the .gguf file in it", path)
	case err == nil:
		return fmt.Errorf("store: %s is no regular file", path)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("store: no file %s: %w; loupe models lists what can be used by name", path, fs.ErrNotExist)
	}
	return fmt.Errorf("store: %w", err)
}

// names is every name that Find accepts, for offering the nearest.
func names(models []Model) []string {
	all := []string{Default}
	for _, k := range table {
		all = append(all, k.Name)
	}
	for _, m := range models {
		if _, _, _, part := gguf.SplitName(m.File); part {
			all = append(all, m.Name)
		} else {
			all = append(all, strings.TrimSuffix(m.File, filepath.Ext(m.File)))
		}
	}
	return all
}
