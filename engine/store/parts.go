package store

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"loupe/engine/gguf"
)

// pullParts fetches all parts of the model that src names one of, each as a file of its
// own, and then checks that they belong together. Parts that came stay.
func (p *puller) pullParts(ctx context.Context, src source, count int) (Model, error) {
	prefix, no, _, _ := gguf.SplitName(src.file)
	ending := strings.TrimPrefix(src.file, prefix)
	if !strings.Contains(src.text, ending) {
		return Model{}, &SourceError{src.text, fmt.Sprintf("is part %d of %d, and the addresses of the others cannot be told from this one; fetch them one by one by other means and put them into the folder of models", no, count)}
	}
	for i := 1; i <= count; i++ {
		part, err := parseSource1(strings.ReplaceAll(src.text, ending, gguf.PartPath("", i, count)))
		if err != nil {
			return Model{}, err
		}
		p.note("%s: part %d of %d", prefix, i, count)
		if _, err := p.pullOne(ctx, part); err != nil {
			return Model{}, err
		}
	}
	first := gguf.PartPath(prefix, 1, count)
	f, err := gguf.Open(filepath.Join(p.dir, first))
	if err != nil {
		return Model{}, fmt.Errorf("store: %s: the parts came, but make no model: %w", prefix, err)
	}
	f.Close()
	models, err := list(p.dir)
	if err != nil {
		return Model{}, err
	}
	for _, m := range models {
		if m.File == first {
			return m, nil
		}
	}
	return Model{}, fmt.Errorf("store: %s was here and is gone", first)
}
