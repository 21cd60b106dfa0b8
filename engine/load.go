package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"loupe/engine/chat"
	"loupe/engine/gguf"
	"loupe/engine/internal/simd"
	"loupe/engine/kvcache"
	"loupe/engine/model"
	"loupe/engine/ops"
	"loupe/engine/store"
	"loupe/engine/token"
)

// Load opens a model: name is a path to a GGUF file, the name of a pulled model
// ("smollm2"), or "lesson", the small teaching model inside the program. Settings are
// checked before anything is computed; what cannot be done is an error that names the
// setting and the remedy.
//
// The weights stay in the file's memory map, and those that kernels read faster
// from panels are laid out so in memory of their own (PackedBytes). Close gives
// everything back; a model that is no longer reachable is closed by the garbage collector.
func Load(name string, cfg LoadConfig) (*Model, error) {
	return LoadContext(hostContext(), name, cfg)
}

// LoadContext is Load, which gives up when ctx ends; the error is then ctx's.
func LoadContext(ctx context.Context, name string, cfg LoadConfig) (*Model, error) {
	start := time.Now()
	f, err := beside(ctx, func() (*gguf.File, error) { return store.Open(name) }, func(f *gguf.File) { f.Close() })
	if err != nil {
		return nil, err
	}
	m, err := open(ctx, f, name, cfg)
	if err != nil {
		f.Close()
		if end := ctx.Err(); end != nil && errors.Is(err, end) {
			return nil, end
		}
		return nil, fmt.Errorf("%w (%s)", err, strings.Trim(f.Path, "()"))
	}
	m.settings.LoadTime = time.Since(start)
	return m, nil
}

// open builds a model on an open file, which is the caller's if it fails.
func open(ctx context.Context, f *gguf.File, name string, cfg LoadConfig) (_ *Model, err error) {
	net, err := model.New(f)
	if err != nil {
		return nil, err
	}
	list, err := layers(modelName(name), cfg)
	if err != nil {
		return nil, err
	}
	chosen, sources, err := choose(list, net.Config)
	if err != nil {
		return nil, err
	}
	cfg, err = chosen.resolve(net.Config)
	if err != nil {
		return nil, err
	}
	if err := checkMemory(cfg, net, sources["ContextLength"].By); err != nil {
		return nil, err
	}
	// What it reads stays valid when the file is closed.
	tok, err := beside(ctx, func() (*token.Tokenizer, error) { return token.FromGGUF(f) }, func(*token.Tokenizer) {})
	if err != nil {
		return nil, err
	}
	if cfg.LoadMode == LoadRead {
		if err := f.Read(ctx, hostLoading("read")); err != nil {
			return nil, fmt.Errorf("engine: %w", err)
		}
		if net, err = model.New(f); err != nil {
			return nil, err
		}
	}
	kern, err := simd.Choose()
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	res := &resources{file: f, cpu: ops.NewCPU(max(cfg.Threads, cfg.BatchThreads), kern, cfg.Exact)}
	defer func() {
		if err != nil {
			res.closeOwn()
		}
	}()
	cache := cfg.cache(net)
	packing := net.Matrices()
	var rotateK, rotateV *ops.Rotation
	if cfg.KRotation == On {
		rotateK = ops.NewRotation(cache.HeadK, 0)
		cache.RotatedK, packing = rotateK.Block, append(packing, rotateK.Weights()...)
	}
	if cfg.VRotation == On {
		rotateV = ops.NewRotation(cache.HeadV, ops.ValueBlock)
		cache.RotatedV, packing = rotateV.Block, append(packing, rotateV.Weights()...)
	}
	if res.cells, err = kvcache.NewStore(cache); err != nil {
		return nil, err
	}
	if err := res.place(ctx, packing, cfg, net); err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	m := &Model{
		name: modelName(name), path: f.Path, cfg: cfg, net: net, tok: tok,
		resources: res,
		busy:      make(chan struct{}, 1),
	}
	m.pass = net.NewPass(m.cpu, cfg.PhysicalBatchSize)
	m.pass.Flash = cfg.FlashAttention == On
	m.pass.Rope = cfg.rope(m.pass.Rope)
	m.pass.RotateK, m.pass.RotateV = rotateK, rotateV
	src, _, err := f.Text("tokenizer.chat_template")
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	// That there is no template, or one that does not compile, matters only to
	// Chat, which says so.
	m.template, m.templateErr = chat.Parse(src)
	m.settings = settingsOf(m)
	m.settings.Sources, m.settings.chosen = sources, chosen
	m.settings.Warnings = cfg.warnings(net.Config)
	for _, w := range m.settings.Warnings {
		hostWarn(m.name + ": " + w)
	}
	m.cleanup = runtime.AddCleanup(m, (*resources).close, m.resources)
	return m, nil
}

// beside waits for a step that does not look at ctx: to read the tables of a file of
// 262,144 tokens takes 10 ms, to make its tokenizer 60. When ctx ends the step is left to
// itself, and drop gets what it makes.
func beside[T any](ctx context.Context, step func() (T, error), drop func(T)) (made T, err error) {
	if err := ctx.Err(); err != nil {
		return made, err
	}
	type result struct {
		made  T
		err   error
		fault any // a bug's panic belongs to who asked
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			r.fault = recover()
			done <- r
		}()
		r.made, r.err = step()
	}()
	select {
	case r := <-done:
		if r.fault != nil {
			panic(r.fault)
		}
		return r.made, r.err
	case <-ctx.Done():
		go func() {
			if r := <-done; r.err == nil && r.fault == nil {
				drop(r.made)
			}
		}()
		return made, ctx.Err()
	}
}

// modelName is what a model is called in tables: a path loses its folder and
// extension, and the number of a part.
func modelName(name string) string {
	if prefix, _, _, ok := gguf.SplitName(name); ok {
		return filepath.Base(prefix)
	}
	if strings.HasSuffix(name, ".gguf") {
		return strings.TrimSuffix(filepath.Base(name), ".gguf")
	}
	return name
}

// resources is what a model holds outside the Go heap.
type resources struct {
	file  *gguf.File
	cells *kvcache.Store
	cpu   *ops.CPU

	packed *ops.Packed // weights as the kernels read them fastest
}

// place gets the weights where LoadMode wants them, in the form that kernels read.
func (r *resources) place(ctx context.Context, weights []*ops.Weight, cfg LoadConfig, net *model.Model) error {
	stop := context.AfterFunc(ctx, r.cpu.Cancel)
	packed, err := r.cpu.Pack(weights, hostLoading("packed"))
	if err != nil {
		stop()
		return fmt.Errorf("%w; Exact multiplies by the weights as the file has them", err)
	}
	r.packed = packed
	if !stop() {
		return ctx.Err()
	}
	switch {
	case cfg.LoadMode == LoadLock:
		if err := packed.Lock(); err != nil {
			return fmt.Errorf("LoadMode mlock: %w", err)
		}
		if net.MappedBytes(cfg.Exact) == 0 {
			return nil
		}
		if err := r.file.Lock(ctx, hostLoading("locked")); err != nil {
			return fmt.Errorf("LoadMode mlock: %w", err)
		}
	case packed.Bytes() > 0:
		r.file.Release()
	}
	return nil
}

func (r *resources) close() {
	r.closeOwn()
	r.file.Close()
}

// closeOwn closes all but the file, what there is of it.
func (r *resources) closeOwn() {
	r.cpu.Close()
	if r.packed != nil {
		r.packed.Close()
	}
	if r.cells != nil {
		r.cells.Close()
	}
}
