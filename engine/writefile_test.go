package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loupe/engine/picture"
)

// Names that no file can have are refused in words, and nothing is left beside them.
func TestFilesThatCannotBeWritten(t *testing.T) {
	m := lesson(t, LoadConfig{Threads: 1})
	s := m.NewSession()
	if _, err := s.Eval([]int{5, 6, 7}); err != nil {
		t.Fatal(err)
	}
	k, err := s.K(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	folder := filepath.Join(dir, "folder")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for what, write := range map[string]func(path string) error{
		"npy": k.WriteNPY, "csv": k.WriteCSV, "session": s.Save, "svg": k.Heat().WriteSVG, "png": k.Heat().WritePNG,
		"html": picture.HeadView{Tokens: []string{"a"}, Layers: []picture.HeadLayer{{Heads: []picture.HeadWeights{{Weights: []float32{1}}}}}}.WriteHTML,
	} {
		for path, want := range map[string]string{
			"": "the name of the file to write is empty", folder: "is a folder; name a file in it", filepath.Join(dir, "none", "x"): "no such file or directory",
		} {
			if err := write(path); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), ".part") {
				t.Errorf("%s to %q: %v", what, path, err)
			}
		}
	}
	if _, err := m.Restore(folder); err == nil || !strings.Contains(err.Error(), "this is a folder") {
		t.Error(err)
	}
	if err := (&Matrix{Rows: 2, Cols: 2, Values: make([]float32, 3)}).WriteNPY(filepath.Join(dir, "bad.npy")); err == nil || !strings.Contains(err.Error(), "2 x 2 with 3 values") {
		t.Error(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("%v is left, %v", left, err)
	}
}
