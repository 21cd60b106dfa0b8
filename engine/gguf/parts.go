package gguf

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// The keys of a part (llama.cpp, tools/gguf-split). Parts after the first have no
// other metadata.
const (
	splitNo      = "split.no"            // counts from 0; file names count from 1
	splitCount   = "split.count"         // parts
	splitTensors = "split.tensors.count" // tensors of all parts together
)

// ErrParts: the parts of a model that are there do not belong together.
var ErrParts = errors.New("gguf: parts do not belong together")

// Part is one file of a model that lies in several.
type Part struct {
	Path    string
	Size    int64 // in bytes
	Tensors int
}

// PartError says what is wrong with a part of a model.
type PartError struct {
	Path string // the part
	Msg  string // what was found, and the remedy
	Kind error  // ErrParts, or fs.ErrNotExist
}

func (e *PartError) Error() string { return fmt.Sprintf("gguf: %s: %s", e.Path, e.Msg) }

func (e *PartError) Unwrap() error { return e.Kind }

var partName = regexp.MustCompile(`^(.+)-(\d{5})-of-(\d{5})\.gguf$`)

// SplitName takes the path of a part, PREFIX-00002-of-00003.gguf, to pieces; no is
// from 1 to count. ok is false for other paths.
func SplitName(path string) (prefix string, no, count int, ok bool) {
	dir, file := filepath.Split(path)
	m := partName.FindStringSubmatch(file)
	if m == nil {
		return "", 0, 0, false
	}
	no, _ = strconv.Atoi(m[2]) // five digits
	count, _ = strconv.Atoi(m[3])
	return dir + m[1], no, count, no >= 1 && no <= count
}

// PartPath is what SplitName takes to pieces.
func PartPath(prefix string, no, count int) string {
	return fmt.Sprintf("%s-%05d-of-%05d.gguf", prefix, no, count)
}

// join opens the other parts of the model that f is one of and makes one File of all;
// it gives f itself if it is no part. f is closed on an error.
func join(f *File) (*File, error) {
	count, _, err := f.Uint(splitCount)
	if err == nil && count <= 1 {
		return f, nil
	}
	bad := func(format string, args ...any) (*File, error) {
		f.Close()
		return nil, &PartError{f.Path, fmt.Sprintf(format, args...), ErrParts}
	}
	if err != nil {
		return bad("%s", strings.TrimPrefix(err.Error(), "gguf: "))
	}
	prefix, here, named, ok := SplitName(f.Path)
	if !ok || uint64(named) != count {
		no, _, _ := f.Uint(splitNo)
		return bad("is part %d of %d (%s, %s), so its name must end in -%05d-of-%05d.gguf for the others to be found; rename it", no+1, count, splitNo, splitCount, no+1, count)
	}
	whole := &File{Version: f.Version}
	fail := func(err error) (*File, error) {
		f.Close()
		for _, p := range whole.parts {
			p.Close()
		}
		return nil, err
	}
	var missing []string
	for no := 1; no <= named; no++ {
		p, err := f, error(nil)
		if no != here {
			p, err = OpenPart(PartPath(prefix, no, named))
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, filepath.Base(PartPath(prefix, no, named)))
			continue
		case err != nil:
			return fail(err)
		}
		whole.parts = append(whole.parts, p)
	}
	if missing != nil {
		list := strings.Join(missing[:min(len(missing), 5)], ", ")
		if n := len(missing) - 5; n > 0 {
			list += fmt.Sprintf(" and %d more", n)
		}
		return fail(&PartError{f.Path, fmt.Sprintf("is part %d of %d; beside it are missing: %s; download them into the same folder", here, count, list), fs.ErrNotExist})
	}
	if err := whole.unite(); err != nil {
		return fail(err)
	}
	return whole, nil
}

// unite checks that f.parts belong together and fills in the rest of f.
func (f *File) unite() error {
	first := f.parts[0]
	f.Alignment, f.DataOffset, f.Path = first.Alignment, first.DataOffset, first.Path
	f.Meta, f.meta = first.Meta, first.meta
	f.tensors = map[string]int{}
	from := map[string]int{} // name -> part, from 1
	for i, p := range f.parts {
		if err := p.belongs(first, i, len(f.parts)); err != nil {
			return err
		}
		for _, t := range p.Tensors {
			if there, dup := from[t.Name]; dup {
				return &PartError{p.Path, fmt.Sprintf("holds tensor %s, which part %d holds too: one of them is of another model or of another split of it; download both again", quote(t.Name), there), ErrParts}
			}
			from[t.Name] = i + 1
			f.tensors[t.Name] = len(f.Tensors)
			f.Tensors = append(f.Tensors, t)
		}
		f.Size += p.Size
		f.Parts = append(f.Parts, Part{p.Path, p.Size, len(p.Tensors)})
	}
	if want, ok, err := first.Uint(splitTensors); ok && err == nil && want != uint64(len(f.Tensors)) {
		var each []string
		for _, p := range f.Parts {
			each = append(each, fmt.Sprintf("%s %d", filepath.Base(p.Path), p.Tensors))
		}
		return &PartError{f.Path, fmt.Sprintf("%s is %d, but the parts hold %d tensors: %s; one of them is of another model or of another split of it: download them again",
			splitTensors, want, len(f.Tensors), strings.Join(each, ", ")), ErrParts}
	}
	return nil
}

// belongs checks what f says of itself as part i, from 0, of count.
func (f *File) belongs(first *File, i, count int) error {
	bad := func(format string, args ...any) error {
		return &PartError{f.Path, fmt.Sprintf(format, args...), ErrParts}
	}
	n, ok, err := f.Uint(splitCount)
	switch {
	case err != nil:
		return bad("%s", strings.TrimPrefix(err.Error(), "gguf: "))
	case !ok:
		return bad("has no %s: it is no part of a model, and by its name it should be part %d of %d; download it again", splitCount, i+1, count)
	case n != uint64(count):
		return bad("is of a model in %d parts (%s), and by its name it should be part %d of %d; download it again", n, splitCount, i+1, count)
	}
	no, ok, err := f.Uint(splitNo)
	switch {
	case err != nil:
		return bad("%s", strings.TrimPrefix(err.Error(), "gguf: "))
	case !ok:
		return bad("has no %s; by its name it should be part %d of %d; download it again", splitNo, i+1, count)
	case no != uint64(i):
		return bad("holds part %d (%s is %d), and by its name it should be part %d of %d; rename it, or download it again", no+1, splitNo, no, i+1, count)
	}
	for _, kv := range f.Meta {
		want, ok := first.Get(kv.Key)
		if kv.Key == splitNo || kv.Key == alignmentKey || !ok || reflect.DeepEqual(want.Any(), kv.Value.Any()) {
			continue
		}
		return bad("is of another model than %s: %s is %s here and %s there; download both again", filepath.Base(first.Path), kv.Key, quote(kv.Value.String()), quote(want.String()))
	}
	return nil
}

// bind gives the tensors of a joined file the data that those of its parts have.
func (f *File) bind() {
	i := 0
	for _, p := range f.parts {
		for _, t := range p.Tensors {
			f.Tensors[i].Data = t.Data
			i++
		}
	}
}
