package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"loupe/engine/enginetest"
)

// Scripts that need the real SmolLM2.
func TestModelScripts(t *testing.T) {
	model := enginetest.SmolLM2(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/model",
		Setup: func(env *testscript.Env) error {
			env.Setenv("LOUPE_MODELS", filepath.Dir(model))
			env.Setenv("LOUPE_SIMD", os.Getenv("LOUPE_SIMD"))
			env.Setenv("MODEL", model)
			env.Setenv("XDG_STATE_HOME", env.WorkDir+"/state")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"status": status},
	})
}
