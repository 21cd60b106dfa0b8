package engine

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loupe/engine/model"
)

// saving gives the test an empty folder of saved settings.
func saving(t *testing.T) string {
	dir := t.TempDir()
	t.Setenv("LOUPE_CONFIG", dir)
	return dir
}

func saveDefault(t *testing.T, scope Scope, name, value string) {
	t.Helper()
	if _, err := SetDefault(scope, name, value); err != nil {
		t.Fatal(err)
	}
}

func lesson(t *testing.T, cfg LoadConfig) *Model {
	t.Helper()
	m, err := Load("lesson", cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// A script's settings override a profile's, these the model's, these every
// model's, and these the built-in ones; the table says so.
func TestProvenance(t *testing.T) {
	saving(t)
	for scope, value := range map[Scope]string{{}: "600", {Model: "lesson"}: "700", {Profile: "long"}: "800", {Model: "other"}: "5"} {
		saveDefault(t, scope, "contextLength", value)
	}
	saveDefault(t, Scope{}, "KCacheType", "q8_0")
	saveDefault(t, Scope{Model: "lesson"}, "flashAttention", "off")
	for _, c := range []struct {
		cfg  LoadConfig
		want int
		from Source
	}{
		{LoadConfig{}, 700, Source{"model lesson", "600"}},
		{LoadConfig{Profile: "long"}, 800, Source{"profile long", "700"}},
		{LoadConfig{Profile: "long", ContextLength: 900}, 900, Source{"script", "800"}},
		{LoadConfig{Profile: BuiltIn}, 512, Source{BuiltIn, ""}},
		{LoadConfig{Profile: BuiltIn, ContextLength: 900}, 900, Source{"script", "512"}},
	} {
		s := lesson(t, c.cfg).Settings()
		if s.ContextLength != c.want || s.Sources["ContextLength"] != c.from {
			t.Errorf("%+v: a context of %d from %+v, want %d from %+v", c.cfg, s.ContextLength, s.Sources["ContextLength"], c.want, c.from)
		}
		saved := c.cfg.Profile != BuiltIn
		if (s.KCacheType == Q8_0) != saved || (s.FlashAttention == Off) != saved {
			t.Errorf("%+v: K in %s, flash attention %s", c.cfg, s.KCacheType, s.FlashAttention)
		}
	}
	text := lesson(t, LoadConfig{}).Settings().String()
	for _, want := range []string{"│ 700 ", "│ model lesson ", "│ defaults.toml ", "│ on (auto) "} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
}

// What a model was loaded with can be saved, for it or as a profile, and is found
// again; what is built in is not written.
func TestSaveDefaults(t *testing.T) {
	dir := saving(t)
	m := lesson(t, LoadConfig{ContextLength: 400, VCacheType: Q4_0, RopeFrequencyScale: 0.5, FlashAttention: Off})
	if path, err := m.SaveDefaults(); err != nil || path != filepath.Join(dir, "models", "lesson.toml") {
		t.Fatal(path, err)
	}
	again := lesson(t, LoadConfig{})
	if s := again.Settings(); s.ContextLength != 400 || s.VCacheType != Q4_0 || s.RopeFrequencyScale != 0.5 || s.FlashAttention != Off || s.Sources["VCacheType"].By != "model lesson" {
		t.Errorf("%+v", s)
	}
	if _, err := again.SaveProfile("tight", "for \"short\" texts\nand tests"); err != nil {
		t.Fatal(err)
	}
	if _, err := again.SaveProfile("tight", "other notes"); err != nil { // again: the same keys, once
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "profiles", "tight.toml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"notes = 'other notes'\n", "version = 1\n", "llm.load.ropeFrequencyScale = 0.5\n", "# RoPE base"} {
		if n := strings.Count(string(data), want); n != 1 && want != "# RoPE base" || n > 0 && want == "# RoPE base" {
			t.Errorf("%q is %d times in\n%s", want, n, data)
		}
	}
	if names, err := Profiles(); err != nil || len(names) != 1 || names[0] != "tight" {
		t.Errorf("profiles %v, %v", names, err)
	}
	for _, name := range []string{"", BuiltIn, "../up", ".hidden", "a/b"} {
		if _, err := m.SaveProfile(name, ""); err == nil {
			t.Errorf("a profile called %q was saved", name)
		}
	}
	if _, err := Load("lesson", LoadConfig{Profile: "tigth"}); err == nil || !strings.Contains(err.Error(), "no profile tigth; there are tight") {
		t.Errorf("%v", err)
	}
}

// Files written by hand keep their comments, and what is wrong in them is named.
func TestSettingsFiles(t *testing.T) {
	dir := saving(t)
	path := filepath.Join(dir, "defaults.toml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	read := func() string {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	write("# mine\nllm.load.contextLength = 600 # why\n\n# more")
	saveDefault(t, Scope{}, "kCacheQuantizationType", "q8_0")
	saveDefault(t, Scope{}, "contextLength", "700")
	if got, want := read(), "# mine\nllm.load.contextLength = 700\n\n# more\n# how keys are stored; fewer bits, less memory, more loss\nllm.load.kCacheQuantizationType = \"q8_0\"\n"; got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
	if _, err := UnsetDefault(Scope{}, "KCacheType"); err != nil {
		t.Fatal(err)
	}
	if got := read(); got != "# mine\nllm.load.contextLength = 700\n\n# more\n" {
		t.Errorf("%q", got)
	}
	if _, err := UnsetDefault(Scope{}, "KCacheType"); err == nil || !strings.Contains(err.Error(), "is not saved for every model") {
		t.Errorf("%v", err)
	}

	write("[llm.load]\ncontextLength = 600\n")
	if m := lesson(t, LoadConfig{}); m.Settings().ContextLength != 600 {
		t.Error("a table is not read")
	}
	saveDefault(t, Scope{}, "contextLength", "700")
	saveDefault(t, Scope{}, "threads", "1")
	if got := read(); got != "[llm.load]\n# threads that generate; more than cores is slower\nthreads = 1\ncontextLength = 700\n" {
		t.Errorf("%q", got)
	}
	write("[other]\n")
	if _, err := SetDefault(Scope{}, "threads", "1"); err != nil {
		t.Error(err)
	}
	if got := read(); !strings.HasSuffix(got, "llm.load.threads = 1\n[other]\n") {
		t.Errorf("%q", got)
	}
	write("llm = { load = { contextLength = 600 } }\n")
	if _, err := SetDefault(Scope{}, "contextLength", "700"); err == nil || !strings.Contains(err.Error(), "change it there") {
		t.Errorf("%v", err)
	}

	for text, want := range map[string]string{
		"llm.load.contextLenth = 1":               "no setting llm.load.contextLenth; nearest: contextLength",
		"llm.load.ContextLength = 1":              "the key is llm.load.contextLength",
		"llm.load.contextLength = -1":             "ContextLength is -1; it may be a whole number from 1 on",
		"llm.load.contextLength = \"many\"":       "ContextLength is many",
		"llm.load.contextLength = 1.5":            "ContextLength is 1.5",
		"llm.load.ropeFrequencyBase = nan":        "RopeFrequencyBase is NaN; it may be a positive number",
		"llm.load.kCacheQuantizationType = 'q9'":  "KCacheType is q9; it may be one of f32, f16",
		"llm.load.flashAttention = 'perhaps'":     "FlashAttention is perhaps",
		"llm.load.contextLength = ":               "line 1",
		"version = 2":                             "this build knows version 1",
		"version = 'new'":                         "this build knows version 1",
		"notes = 3":                               "notes is 3; it is a text",
		"llm.load.contextLength = 5\nllm.load.co": "line 2",
	} {
		write(text)
		_, err := Load("lesson", LoadConfig{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if _, err := SetDefault(Scope{}, "threads", "1"); err == nil {
			t.Errorf("%q was edited", text)
		}
		if read() != text {
			t.Errorf("%q was changed", text)
		}
	}
	if m := lesson(t, LoadConfig{Profile: BuiltIn}); m.Settings().ContextLength != 512 {
		t.Error("built-in settings must not need the file")
	}
	for name, value := range map[string]string{"contextLength": "x", "flashAttention": "1", "exact": "true", "": "1", "KCacheType": "f64"} {
		if _, err := SetDefault(Scope{Model: "m"}, name, value); err == nil {
			t.Errorf("%s = %s was saved", name, value)
		}
	}
}

// What a file cannot take leaves the old one.
func TestSettingsFileThatCannotBeWritten(t *testing.T) {
	dir := saving(t)
	saveDefault(t, Scope{}, "threads", "1")
	path := filepath.Join(dir, "models")
	if err := os.WriteFile(path, nil, 0o666); err != nil { // a file where the folder should be
		t.Fatal(err)
	}
	if _, err := SetDefault(Scope{Model: "lesson"}, "threads", "1"); err == nil {
		t.Error("saved under a file")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// All problems come at once, each as an error of its own.
func TestSettingsAreCheckedAtOnce(t *testing.T) {
	saving(t)
	_, err := Load("lesson", LoadConfig{ContextLength: 100, EvalBatchSize: 200, PhysicalBatchSize: 300, KCacheType: "q9", Threads: -1})
	var all *SettingErrors
	if !errors.As(err, &all) || len(all.Problems) != 4 {
		t.Fatalf("%v", err)
	}
	for _, want := range []string{"4 settings cannot be used", "EvalBatchSize is 200; it may be at most ContextLength, 100", "PhysicalBatchSize is 300", "KCacheType is q9", "Threads is -1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	var one *SettingError
	if !errors.As(err, &one) || one.Name != "Threads" {
		t.Errorf("the first is %v", one)
	}
}

func TestWarnings(t *testing.T) {
	saving(t)
	for _, c := range []struct {
		cfg  LoadConfig
		want string // "" for none
	}{
		{LoadConfig{}, ""},
		{LoadConfig{ContextLength: 600}, "longer than the 512 tokens that the model was trained on; expect nonsense past that; RopeFrequencyScale 0.853"},
		{LoadConfig{ContextLength: 600, RopeFrequencyScale: 0.5}, ""},
		{LoadConfig{ContextLength: 600, RopeFrequencyBase: 50000}, ""},
		{LoadConfig{ContextLength: 2000, RopeFrequencyScale: 0.5}, "stretches the trained 512 tokens to 1,024; a context of 2,000 is longer still"},
		{LoadConfig{RopeFrequencyScale: 2}, "shortens the context: positions come as far apart as trained ones after 256 tokens of the trained 512; below 1 it stretches it (0.5 reaches 1,024 tokens)"},
	} {
		got := strings.Join(lesson(t, c.cfg).Settings().Warnings, "|")
		if before, err := Warnings("lesson", c.cfg); err != nil || strings.Join(before, "|") != got {
			t.Errorf("%+v: %q before loading, %v", c.cfg, before, err)
		}
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.cfg, got, c.want)
		}
	}
	// A window that a file has and that is not applied matters past it.
	phi := model.Config{Context: 4096, RopeBase: 10000, RopeScale: 1, UnusedWindow: 2047}
	for n, want := range map[int]string{2047: "", 2048: "a sliding window of 2,047 tokens, which is not applied"} {
		got := strings.Join(LoadConfig{ContextLength: n, RopeFrequencyBase: 10000, RopeFrequencyScale: 1}.warnings(phi), "|")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("a context of %d: %q, want %q", n, got, want)
		}
	}
}
