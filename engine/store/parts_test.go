package store

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"loupe/engine/gguf"
)

// A model in parts is pulled whole, whichever part is named, is one model of the list,
// and is found by its name without numbers.
func TestParts(t *testing.T) {
	const dir = "../gguf/testdata/split"
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, filepath.Base(r.URL.Path))
		http.ServeFile(w, r, filepath.Join(dir, filepath.Base(r.URL.Path)))
	}))
	defer srv.Close()
	p, _ := testPuller(t)
	m, err := p.pull(context.Background(), srv.URL+"/by-tensors-00002-of-00003.gguf")
	if err != nil {
		t.Fatal(err)
	}
	var size int64
	for no := 1; no <= 3; no++ {
		info, err := os.Stat(gguf.PartPath(filepath.Join(dir, "by-tensors"), no, 3))
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if m.Name != "by-tensors" || m.File != "by-tensors-00001-of-00003.gguf" || m.Size != size || len(asked) != 3 {
		t.Errorf("%+v, asked for %v", m, asked)
	}
	models, err := list(p.dir)
	if err != nil || len(models) != 1 || models[0] != m {
		t.Errorf("%+v, %v", models, err)
	}
	for _, name := range []string{"by-tensors", "BY-TENSORS-00001-of-00003"} {
		path, err := find(p.dir, name)
		if err != nil || path != m.Path {
			t.Errorf("%s: %s, %v", name, path, err)
		}
	}
	if f, err := gguf.Open(m.Path); err != nil || len(f.Tensors) != 5 {
		t.Error(err)
	} else {
		f.Close()
	}

	// A second pull asks for nothing; one whose part is gone fetches that part.
	asked = nil
	if err := os.Remove(filepath.Join(p.dir, "by-tensors-00003-of-00003.gguf")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.pull(context.Background(), srv.URL+"/by-tensors-00001-of-00003.gguf"); err != nil || len(asked) != 1 {
		t.Errorf("asked for %v, %v", asked, err)
	}
	_, err = p.pull(context.Background(), srv.URL+"/nothing-00001-of-00002.gguf")
	wants(t, err, "nothing-00001-of-00002.gguf")
	// The part of another model under a part's name.
	os.Remove(filepath.Join(p.dir, "by-tensors-00001-of-00003.gguf"))
	srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(dir, "no-first-00001-of-00003.gguf"))
	})
	_, err = p.pull(context.Background(), srv.URL+"/by-tensors-00001-of-00003.gguf")
	wants(t, err, "make no model", "split.tensors.count is 5, but the parts hold 3 tensors")
}
