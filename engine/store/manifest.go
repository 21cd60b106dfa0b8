package store

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// manifest is what stands in NAME.json beside NAME.gguf: where the file came from.
type manifest struct {
	Source  string    `json:"source"`
	Size    int64     `json:"size"`
	SHA256  string    `json:"sha256"`
	Licence string    `json:"licence,omitempty"`
	Pulled  time.Time `json:"pulled"`
}

func manifestPath(model string) string {
	return strings.TrimSuffix(model, filepath.Ext(model)) + ".json"
}

// readManifest gives the record of a model file of size bytes. A record that is
// absent, unreadable, or of a file of another size tells nothing about this file.
func readManifest(model string, size int64) (manifest, bool) {
	data, err := os.ReadFile(manifestPath(model))
	if err != nil {
		return manifest{}, false
	}
	var m manifest
	if json.Unmarshal(data, &m) != nil || m.Size != size || m.Source == "" {
		return manifest{}, false
	}
	return m, true
}

// writeJSON writes v at path, whole or not at all.
func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("store: %s: %w", path, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".json-*")
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer os.Remove(tmp.Name()) // gone already after the rename
	_, err = tmp.Write(append(data, '\n'))
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chmod(tmp.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("store: write %s: %w", path, err)
	}
	return nil
}
