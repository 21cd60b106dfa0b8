package engine

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// badValues are texts in a file that no setting of a type takes.
func badValues(v any) []string {
	switch v.(type) {
	case int:
		return []string{"-1", "99999999999999", "9999999999", "1e300", "nan", "inf", "1.5", "'many'", "true", "[1]", "2026-01-01"}
	case float64:
		return []string{"-1", "-0.5", "1e13", "nan", "inf", "-inf", "'many'", "true", "[1.0]"}
	case Switch:
		return []string{"0", "-1", "1e300", "nan", "'perhaps'", "''", "'On'", "['on']"}
	}
	return []string{"0", "-1", "1e300", "nan", "true", "'q9'", "''", "'F16'", "['f16']"} // a name of a list
}

// Every setting that can be saved refuses, in a file, what it cannot be: by name, with
// the value, what may be, and the file. 0 is the default, where 0 is a number.
func TestBadSettingsInFiles(t *testing.T) {
	dir := saving(t)
	path := filepath.Join(dir, "models", "lesson.toml")
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	load := func(text string) error {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := layers("lesson", LoadConfig{}) // what Load does before all else
		return err
	}
	n := 0
	for _, s := range settings {
		if s.key == "" {
			continue
		}
		var cfg LoadConfig
		v := s.of(&cfg).Interface()
		for _, bad := range badValues(v) {
			n++
			err := load(s.key + " = " + bad + "\n")
			if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), s.name+" is ") || !strings.Contains(err.Error(), "it may be") {
				t.Errorf("%s = %s: %v", s.key, bad, err)
			}
			if text := strings.Trim(bad, "'"); strings.HasPrefix(bad, "[") || strings.HasPrefix(bad, "2026") {
				continue // no value of a command
			} else if _, err := SetDefault(Scope{}, s.name, text); err == nil && !sameTyped(v, text) {
				t.Errorf("loupe config set %s %s was saved", s.name, text)
			}
		}
		switch v.(type) {
		case int, float64:
			if err := load(s.key + " = 0\n"); err != nil {
				t.Errorf("%s = 0: %v", s.key, err)
			}
		}
		// A letter too few, and another case.
		for _, name := range []string{s.key[:len(s.key)-1], strings.ToUpper(s.key), "llm.load.x" + s.short(), s.short()} {
			err := load(name + " = 1\n")
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), s.short()) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	t.Logf("%d values refused", n)
}

// sameTyped reports whether a text that is wrong in a file, where it has quotes or not, is right
// where all are typed without.
func sameTyped(v any, text string) bool {
	_, isSwitch := v.(Switch)
	return isSwitch && (text == "true" || text == "false")
}

// Every setting that a script gives refuses what it cannot be, before the model is
// read: by name.
func TestBadSettingsInScripts(t *testing.T) {
	saving(t)
	refused := func(name string, err error) {
		t.Helper()
		for _, p := range problemsOf(err) {
			if p.Name == name && strings.Contains(p.Error(), "may be") {
				return
			}
		}
		t.Errorf("%s: %v", name, err)
	}
	typ := reflect.TypeFor[LoadConfig]()
	for i := range typ.NumField() {
		name := typ.Field(i).Name
		var bad []any
		switch reflect.Zero(typ.Field(i).Type).Interface().(type) {
		case int:
			bad = []any{-1, math.MinInt, math.MaxInt}
		case float64:
			bad = []any{-1.0, 1e300, math.NaN(), math.Inf(1), math.Inf(-1)}
		case Switch:
			bad = []any{Switch(-1), Switch(3), Switch(math.MaxInt)}
		case CacheType:
			bad = []any{CacheType("q9"), CacheType("F16"), CacheType(" ")}
		case RopeScaling:
			bad = []any{RopeScaling("q9")}
		case LoadMode:
			bad = []any{LoadMode("q9")}
		case bool:
		case string: // Profile
			if _, err := Load("lesson", LoadConfig{Profile: "no such"}); err == nil || !strings.Contains(err.Error(), "there is no profile no such") {
				t.Errorf("%v", err)
			}
		default:
			t.Errorf("%s is of a type that is not tried", name)
		}
		for _, v := range bad {
			var cfg LoadConfig
			f := reflect.ValueOf(&cfg).Elem().Field(i)
			f.Set(reflect.ValueOf(v).Convert(f.Type()))
			_, err := Load("lesson", cfg)
			refused(name, err)
			if _, err := Estimate("lesson", cfg); err == nil {
				t.Errorf("%s %v: there is an estimate", name, v)
			}
		}
	}

	typ = reflect.TypeFor[GenerateConfig]()
	for i := range typ.NumField() {
		name := typ.Field(i).Name
		var bad []any
		switch reflect.Zero(typ.Field(i).Type).Interface().(type) {
		case int:
			bad = []any{-2, math.MinInt, math.MaxInt}
		case float64:
			bad = []any{1e300, math.NaN(), math.Inf(1), math.Inf(-1), -1e300}
		case ContextOverflowPolicy:
			bad = []any{ContextOverflowPolicy("q9")}
		case map[int]float64:
			bad = []any{map[int]float64{1: math.NaN()}, map[int]float64{1: math.Inf(1)}, map[int]float64{-1: 1}}
		case []string:
			bad = []any{[]string{""}}
		}
		for _, v := range bad {
			var cfg GenerateConfig
			f := reflect.ValueOf(&cfg).Elem().Field(i)
			f.Set(reflect.ValueOf(v).Convert(f.Type()))
			if err := cfg.Check(); err == nil || !strings.HasPrefix(err.Error(), "engine: ") || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(name)) {
				t.Errorf("GenerateConfig.%s %v: %v", name, v, err)
			}
		}
	}
}

// A file that cannot be written stays as it was: of another version, cut off in the
// middle, read-only, in a folder that is.
func TestOldSettingsAreNeverLost(t *testing.T) {
	dir := saving(t)
	path := filepath.Join(dir, "defaults.toml")
	for name, c := range map[string]struct {
		text string
		mode fs.FileMode
		want string
	}{
		"half written":     {"llm.load.contextLength = 600\nllm.load.thre", 0o644, "line 2"},
		"of a newer build": {"version = 2\nllm.load.contextLength = 600\n", 0o644, "this build knows version 1"},
		"no text":          {"\x00\x01\xff", 0o644, "correct it, or delete it"},
		"read-only":        {"llm.load.contextLength = 600\n", 0o444, "is read-only"},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := SetDefault(Scope{}, "threads", "1")
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		onlyFile(t, name, path, c.text)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	// A link to a file elsewhere stays one, and the file keeps its mode.
	real := filepath.Join(t.TempDir(), "mine.toml")
	if err := os.WriteFile(real, []byte("llm.load.threads = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, path); err != nil {
		t.Skip(err)
	}
	saveDefault(t, Scope{}, "threads", "2")
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	if info, err := os.Stat(real); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	onlyFile(t, "linked", real, "llm.load.threads = 2\n")
}

// onlyFile checks that a file has a text and that nothing is beside it.
func onlyFile(t *testing.T, name, path, text string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil || string(data) != text {
		t.Errorf("%s: %q, %v; want %q", name, data, err, text)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("%s: beside it lie %v, %v", name, entries, err)
	}
}
