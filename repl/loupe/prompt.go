package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"loupe/engine"
	"loupe/engine/store"
	"loupe/kernel"
	"loupe/repl"
)

// prompt is loupe without a command: the REPL, with the model as m if one is
// named.
func prompt(ctx context.Context, model *loadFlags) error {
	opt := repl.Options{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	about := noModel()
	if model.model != "" {
		m, err := model.load()
		if err != nil {
			return err
		}
		defer m.Close()
		opt.Setup = func(k *kernel.Kernel) error { return k.Define("m", m) }
		about = aboutModel(m.Settings())
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	opt.Banner = fmt.Sprintf("loupe %s  %s", version, about)
	var err error
	if opt.HistoryPath, err = repl.HistoryPath(); err != nil {
		fmt.Fprintln(os.Stderr, "loupe:", err) // the prompt works without
	}
	r, err := repl.New(opt)
	if err != nil {
		return err
	}
	defer r.Close()
	return r.Run()
}

// aboutModel is the banner's part about a model that is there as m.
func aboutModel(s engine.Settings) string {
	name := strings.TrimSuffix(filepath.Base(s.Model), ".gguf")
	return fmt.Sprintf("model %s (%s, %s)  context %d  %d threads %s",
		name, parameters(s.Parameters), s.Quantisation, s.ContextLength, s.Threads, s.Kernels)
}

func parameters(n int64) string {
	if n >= 1e9 {
		return fmt.Sprintf("%.1f B", float64(n)/1e9)
	}
	return fmt.Sprintf("%.1f M", float64(n)/1e6)
}

// noModel is the banner's part when there is no m: how to get one.
func noModel() string {
	if models, err := store.List(); err == nil && len(models) > 0 {
		return fmt.Sprintf("no model: loupe -m %s loads one as m", models[0].Name)
	}
	return "no model: loupe pull smollm2 gets one, loupe -m smollm2 loads it"
}
