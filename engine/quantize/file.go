package quantize

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"

	"loupe/engine/gguf"
	"loupe/engine/quant"
	"loupe/engine/tensor"
)

// version is general.quantization_version: of the block formats, ggml's
// GGML_QNT_VERSION.
const version = uint32(2)

// Options are the settings of one quantisation.
type Options struct {
	// Requantize allows tensors that are quantised already, whose loss adds to that
	// of the new type (llama-quantize --allow-requantize).
	Requantize bool
	// Pure gives every tensor the mix's own type, without its rules (--pure).
	Pure bool
	// Threads that encode; 0: one per processor.
	Threads int
	// Progress, if not nil, hears how many bytes of the source's tensors are done.
	Progress func(done, total int64)
}

// Tensor is what became of one tensor.
type Tensor struct {
	Name     string
	From, To tensor.DType
	Shape    tensor.Shape
	Bytes    int64 // as it is now
	// Instead is the type that the mix asked for where rows do not fit its blocks.
	Instead tensor.DType
}

// File writes the model f to path under a mix. The file appears whole or not at
// all. What is not a matrix of weights, norms above all, stays as it is.
func File(ctx context.Context, f *gguf.File, path string, mix Mix, o Options) ([]Tensor, error) {
	if o.Threads < 1 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	for _, p := range append(f.Parts, gguf.Part{Path: f.Path}) {
		if p.Path != "" && same(p.Path, path) {
			return nil, fmt.Errorf("quantize: %s is the model itself; give the result another name", path)
		}
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("quantize: %s is a folder; name the file to write in it", path)
	}
	w, list, err := plan(ctx, f, mix, o)
	if err != nil {
		return nil, err
	}
	if err := w.WriteFile(path); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("quantize: %w", err)
	}
	return list, nil
}

func same(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// plan decides on every tensor and prepares the file.
func plan(ctx context.Context, f *gguf.File, mix Mix, o Options) (*gguf.Writer, []Tensor, error) {
	s, err := shape(f)
	if err != nil {
		return nil, nil, err
	}
	w := gguf.NewWriter()
	for _, kv := range f.Meta {
		if strings.HasPrefix(kv.Key, "split.") {
			continue
		}
		if err := w.Set(kv.Key, kv.Value); err != nil {
			return nil, nil, fmt.Errorf("quantize: %w", err)
		}
	}
	for _, kv := range []struct {
		key   string
		value uint32
	}{{"general.quantization_version", version}, {"general.file_type", mix.FileType}} {
		if err := w.Set(kv.key, kv.value); err != nil {
			return nil, nil, fmt.Errorf("quantize: %w", err)
		}
	}
	var list []Tensor
	p := &progress{report: o.Progress}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		p.total += int64(len(t.Data))
		x := Tensor{Name: t.Name, From: t.Type, To: t.Type, Shape: t.Shape, Instead: t.Type}
		if matrix(t) {
			x.To = mix.typeOf(t.Name, layerOf(t.Name), s, t.Shape[0])
			if o.Pure {
				x.To = fits(mix.Type, t.Shape[0])
			}
			x.Instead = x.To
			if fits(mix.Type, t.Shape[0]) != mix.Type {
				x.Instead = mix.Type
			}
		}
		switch {
		case x.To == x.From:
		case !quant.Readable(t.Type):
			return nil, nil, fmt.Errorf("quantize: tensor %s is of type %s, which this build cannot read", t.Name, t.Type)
		case t.Type.BlockSize() > 1 && !o.Requantize:
			return nil, nil, fmt.Errorf("quantize: tensor %s is quantised already (%s), and what that lost stays lost; start from an f32, f16 or bf16 file, or allow it with --allow-requantize", t.Name, t.Type)
		}
		x.Bytes = int64(x.To.RowBytes(t.Shape[0]) * t.Shape.Rows())
		list = append(list, x)
		to := x.To
		err := w.AddTensorFunc(t.Name, to, t.Shape, func(dst io.Writer) error { return convert(ctx, dst, t, to, o.Threads, p) })
		if err != nil {
			return nil, nil, fmt.Errorf("quantize: %w", err)
		}
	}
	return w, list, nil
}

// shape reads what the rules ask for.
func shape(f *gguf.File) (shapeOf, error) {
	arch, _, err := f.Text("general.architecture")
	if err != nil {
		return shapeOf{}, fmt.Errorf("quantize: %w", err)
	}
	number := func(key string, otherwise uint64) uint64 {
		n, ok, e := f.Uint(arch + "." + key)
		if list, isList, _ := f.Ints(arch + "." + key); isList && len(list) > 0 { // one for each layer
			n, e = uint64(max(list[0], 0)), nil
		}
		if e != nil && err == nil {
			err = fmt.Errorf("quantize: %w", e)
		}
		if !ok {
			return otherwise
		}
		return n
	}
	layers, heads := number("block_count", 0), number("attention.head_count", 1)
	kv, experts := number("attention.head_count_kv", heads), number("expert_count", 0)
	switch {
	case err != nil:
		return shapeOf{}, err
	case experts > 1:
		return shapeOf{}, fmt.Errorf("quantize: the model is a mixture of %d experts, for which the mixes have rules that this build does not know", experts)
	case kv == 0 || layers > 1<<20:
		return shapeOf{}, fmt.Errorf("quantize: %d layers and %d K/V heads are no shape of a model; the file is damaged", layers, kv)
	}
	_, untied := f.Tensor("output.weight")
	wide := layers == 80 && (arch == "llama" && heads != kv || arch == "qwen2")
	return shapeOf{layers: int(layers), group: int(heads / kv), tied: !untied, wide: wide}, nil
}

// matrix reports whether a tensor is one that quantisation is for.
func matrix(t *gguf.Tensor) bool {
	return len(t.Shape) > 1 && t.Shape.Rows() > 1 && strings.HasSuffix(t.Name, "weight") && !strings.Contains(t.Name, "_norm.weight")
}

// layerOf is the number in "blk.12.ffn_down.weight", 0 for others.
func layerOf(name string) int {
	var n int
	if _, err := fmt.Sscanf(name, "blk.%d.", &n); err != nil {
		return 0
	}
	return n
}

// progress counts bytes of the source.
type progress struct {
	done, total int64
	report      func(done, total int64)
}

func (p *progress) add(n int) {
	p.done += int64(n)
	if p.report != nil {
		p.report(p.done, p.total)
	}
}

// rowsAPiece is how many rows a thread converts at a time.
const rowsAPiece = 32

// convert writes a tensor in another type: a piece of rows for each thread, then
// these pieces in order.
func convert(ctx context.Context, dst io.Writer, t *gguf.Tensor, to tensor.DType, threads int, p *progress) error {
	if to == t.Type {
		defer p.add(len(t.Data))
		_, err := dst.Write(t.Data)
		return err
	}
	n, rows := t.Shape[0], t.Shape.Rows()
	from := t.Type.RowBytes(n)
	pieces := make([]piece, threads)
	for row := 0; row < rows; row += rowsAPiece * threads {
		if err := ctx.Err(); err != nil {
			return err
		}
		var wg sync.WaitGroup
		for i := range pieces {
			first := min(row+i*rowsAPiece, rows)
			src := t.Data[first*from : min(first+rowsAPiece, rows)*from]
			wg.Go(func() { pieces[i].convert(src, t.Type, to, n) })
		}
		wg.Wait()
		for i := range pieces {
			if pieces[i].err != nil {
				return pieces[i].err
			}
			if _, err := dst.Write(pieces[i].out); err != nil {
				return err
			}
		}
		p.add(min(rowsAPiece*threads, rows-row) * from)
	}
	return nil
}

// piece is some rows on their way.
type piece struct {
	x   []float32
	out []byte
	err error
}

func (p *piece) convert(src []byte, from, to tensor.DType, n int) {
	rows := len(src) / from.RowBytes(n)
	p.x = sized(p.x, rows*n)
	p.out = sized(p.out, rows*to.RowBytes(n))
	if p.err = quant.Dequantize(from, p.x, src); p.err == nil {
		p.err = quant.QuantizeFile(to, p.out, p.x)
	}
}

func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
