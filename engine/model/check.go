package model

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"loupe/engine/gguf"
	"loupe/engine/quant"
)

// Report is what Check has found.
type Report struct {
	Problems []string `json:"problems"` // each names its tensor or key
	Tensors  int      `json:"tensors"`  // whose values were looked at
	Values   int64    `json:"values"`
}

// Check looks for all that is wrong with a file: what New would refuse it for, and in
// every tensor values that are NaN or infinite, of blocks by way of their scales. It
// reads the whole file, with so many threads, and tells progress, from one goroutine at
// a time, how many bytes of tensors are done. It fails only when ctx ends.
func Check(ctx context.Context, f *gguf.File, threads int, progress func(done, total int64)) (Report, error) {
	r := Report{Problems: []string{}}
	_, err := New(f)
	var weights *WeightsError
	if errors.As(err, &weights) {
		r.Problems = append(r.Problems, weights.Problems...)
	} else if err != nil {
		r.Problems = append(r.Problems, err.Error())
	}
	var done, total int64
	for i := range f.Tensors {
		total += int64(len(f.Tensors[i].Data))
	}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if !quant.Readable(t.Type) {
			r.Problems = append(r.Problems, fmt.Sprintf("tensor %s is of type %s, whose values this build cannot read", t.Name, t.Type))
		} else {
			bad := scan(ctx, t, threads, func(n int) {
				if done += int64(n); progress != nil {
					progress(done, total)
				}
			})
			if err := ctx.Err(); err != nil {
				return r, err
			}
			r.Tensors++
			r.Values += int64(t.Shape.Elements())
			if bad.n > 0 {
				r.Problems = append(r.Problems, bad.describe(t))
			}
		}
	}
	return r, nil
}

// badValues are the values of a tensor that are no numbers.
type badValues struct {
	n     int
	first int // element
	value float32
}

// scanValues is how many values are decoded at a time: a multiple of every block.
const scanValues = 1 << 14

// scan looks at all values of t. done hears of bytes, from one goroutine at a time.
func scan(ctx context.Context, t *gguf.Tensor, threads int, done func(bytes int)) badValues {
	var (
		mu   sync.Mutex
		all  badValues
		next atomic.Int64
		wg   sync.WaitGroup
	)
	block, size := t.Type.BlockSize(), t.Type.BlockBytes()
	elements := len(t.Data) / size * block
	for range max(threads, 1) {
		wg.Go(func() {
			x := make([]float32, scanValues)
			for ctx.Err() == nil {
				from := int(next.Add(scanValues)) - scanValues
				if from >= elements {
					return
				}
				n := min(scanValues, elements-from)
				src := t.Data[from/block*size : (from+n)/block*size]
				if err := quant.Dequantize(t.Type, x[:n], src); err != nil {
					panic(err) // lengths are whole blocks of a type that can be read
				}
				bad := findBad(x[:n])
				mu.Lock()
				if bad.n > 0 {
					if bad.first += from; all.n == 0 || bad.first < all.first {
						all.first, all.value = bad.first, bad.value
					}
					all.n += bad.n
				}
				done(len(src))
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return all
}

func findBad(x []float32) (bad badValues) {
	var sum float32
	for _, v := range x {
		sum += v - v // NaN as soon as one is none
	}
	if sum == 0 {
		return bad
	}
	for i, v := range x {
		if v-v != 0 {
			if bad.n == 0 {
				bad.first, bad.value = i, v
			}
			bad.n++
		}
	}
	return bad
}

// describe says where the first one is.
func (b badValues) describe(t *gguf.Tensor) string {
	row := 1
	if len(t.Shape) > 0 {
		row = t.Shape[0]
	}
	block := t.Type.BlockSize()
	where := fmt.Sprintf("row %d, column %d", b.first/row, b.first%row)
	if block > 1 {
		where += fmt.Sprintf(" (block %d of %s, whose scale is broken)", b.first/block, t.Type)
	}
	what := "NaN"
	if b.value == b.value {
		what = "infinite"
	}
	return fmt.Sprintf("tensor %s has %d of %d values that are NaN or infinite, the first at %s: %s", t.Name, b.n, t.Shape.Elements(), where, what)
}
