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

// List is Default, and what the folder holds: every file ending in .gguf, in the order of their file
// names, with the data of its manifest where one stands beside it. Nothing is
// hashed or opened. Parts of one model are one row, of the first part and with the
// size of all. A folder that does not exist has none.
func List() ([]Model, error) {
	dir, err := Dir()
	if err != nil {
		return nil, err
	}
	models, err := list(dir)
	if err != nil {
		return nil, err
	}
	return append([]Model{builtIn()}, models...), nil
}

// list reads the folder.
func list(dir string) ([]Model, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: read the folder of models: %w; set LOUPE_MODELS to a folder that can be read", err)
	}
	var models []Model
	split := map[string]int{} // prefix and count -> its row
	for _, e := range entries {
		if !isGGUF(e.Name()) || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path) // follows links: a model may be linked in
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		m := describe(path, info.Size())
		if prefix, _, count, ok := gguf.SplitName(e.Name()); ok {
			key := gguf.PartPath(prefix, 1, count)
			if row, ok := split[key]; ok { // names are in order, so the first part was first
				models[row].Size += info.Size()
				continue
			}
			split[key] = len(models)
			m.Name, m.SHA256 = prefix, ""
		}
		models = append(models, m)
	}
	return models, nil
}

// describe is the Model at path, from its name, its size and its manifest.
func describe(path string, size int64) Model {
	file := filepath.Base(path)
	m := Model{Name: strings.TrimSuffix(file, filepath.Ext(file)), File: file, Path: path, Size: size}
	record, recorded := readManifest(path, size)
	if recorded {
		m.Source, m.SHA256, m.Licence, m.Pulled = record.Source, record.SHA256, record.Licence, record.Pulled
	}
	for _, k := range table {
		// A file of the table's name and size is taken for the table's model; its
		// checksum is claimed only where a manifest has it.
		if k.File == file && k.Size == size && (!recorded || record.SHA256 == k.SHA256) {
			m.Name, m.Licence, m.Terms, m.About = k.Name, k.Licence, k.Terms, k.About
		}
	}
	return m
}

func isGGUF(name string) bool { return strings.EqualFold(filepath.Ext(name), ".gguf") }
