package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"loupe/engine"
	"loupe/engine/store"
	"loupe/kernel"
	"loupe/repl"
)

// prompt is loupe without a command: the REPL, with the model as m.
func prompt(cmd *cobra.Command, model *loadFlags) error {
	opt := repl.Options{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	m, err := model.load(cmd)
	if err != nil {
		return err
	}
	defer m.Close()
	opt.Setup = func(k *kernel.Kernel) error { return k.Define("m", m) }
	opt.Banner = fmt.Sprintf("loupe %s  %s", version, aboutModel(m.Settings()))
	if store.IsDefault(model.model) {
		opt.Banner += "\n" + realModel()
	}
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

// realModel is the banner's line about how to get another m than the built-in one.
func realModel() string {
	const what = "lesson knows only its own small world; "
	if models, err := store.List(); err == nil && len(models) > 1 {
		return fmt.Sprintf(what+"loupe -m %s loads a real model", models[1].Name)
	}
	return what + "loupe pull smollm2 gets a real model"
}
