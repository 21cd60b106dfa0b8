package engine

import (
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
	start := time.Now()
	f, err := store.Open(name)
	if err != nil {
		return nil, err
	}
	m, err := open(f, name, cfg)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%w (%s)", err, strings.Trim(f.Path, "()"))
	}
	m.settings.LoadTime = time.Since(start)
	return m, nil
}

// open builds a model on an open file.
func open(f *gguf.File, name string, cfg LoadConfig) (*Model, error) {
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
	if cfg.LoadMode == LoadRead {
		if err := f.Read(); err != nil {
			return nil, fmt.Errorf("engine: %w", err)
		}
		if net, err = model.New(f); err != nil {
			return nil, err
		}
	}
	tok, err := token.FromGGUF(f)
	if err != nil {
		return nil, err
	}
	kern, err := simd.Choose()
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
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
	cells, err := kvcache.NewStore(cache)
	if err != nil {
		return nil, err
	}
	m := &Model{
		name: modelName(name), path: f.Path, cfg: cfg, net: net, tok: tok,
		resources: &resources{file: f, cells: cells, cpu: ops.NewCPU(max(cfg.Threads, cfg.BatchThreads), kern, cfg.Exact)},
		busy:      make(chan struct{}, 1),
	}
	if m.packed, err = m.cpu.Pack(packing); err != nil {
		m.cpu.Close()
		cells.Close()
		return nil, fmt.Errorf("engine: %w; Exact multiplies by the weights as the file has them", err)
	}
	switch {
	case cfg.LoadMode == LoadLock:
		if err = m.packed.Lock(); err == nil && net.MappedBytes(cfg.Exact) > 0 {
			err = f.Lock()
		}
		if err != nil {
			m.cpu.Close()
			m.packed.Close()
			cells.Close()
			return nil, fmt.Errorf("engine: LoadMode mlock: %w", err)
		}
	case m.packed.Bytes() > 0:
		f.Release()
	}
	m.pass = net.NewPass(m.cpu, cfg.PhysicalBatchSize)
	m.pass.Flash = cfg.FlashAttention == On
	m.pass.Rope = cfg.rope(m.pass.Rope)
	m.pass.RotateK, m.pass.RotateV = rotateK, rotateV
	src, _, err := f.Text("tokenizer.chat_template")
	if err != nil {
		m.cpu.Close()
		m.packed.Close()
		cells.Close()
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

func (r *resources) close() {
	r.cpu.Close()
	r.packed.Close()
	r.cells.Close()
	r.file.Close()
}
