package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"loupe/engine"
	"loupe/engine/measure"
)

// manifest says what a run was: everything that its texts depend on, and what came
// of it.
type manifest struct {
	Version  int               `json:"version"`
	Program  string            `json:"program"`
	File     string            `json:"file"`
	SHA256   string            `json:"sha256"` // of the file
	Args     []string          `json:"args"`
	Params   map[string]string `json:"params,omitempty"`
	Machine  manifestMachine   `json:"machine"`
	Models   []manifestModel   `json:"models"`
	Calls    []manifestCall    `json:"calls"`
	Status   int               `json:"exit_status"`
	recorder sync.Mutex
	known    map[*engine.Model]int
}

type manifestMachine struct {
	CPU        string `json:"cpu"`
	Processors int    `json:"processors"`
	System     string `json:"system"` // "linux/amd64"
	Go         string `json:"go"`
}

type manifestModel struct {
	Name     string                `json:"name"`
	Path     string                `json:"path"`
	SHA256   string                `json:"sha256"`
	Kernels  string                `json:"kernels"`
	Settings []engine.SettingValue `json:"settings"`
}

type manifestCall struct {
	Model     int            `json:"model"` // index in models
	Settings  map[string]any `json:"settings"`
	PromptIDs string         `json:"prompt_ids_sha256"` // of the ids, 4 bytes each
	IDs       string         `json:"ids_sha256"`
	Text      string         `json:"text"`
	Stats     statsReport    `json:"stats"`
}

// newManifest begins the account of a run of a file.
func newManifest(path string, args []string, params map[string]string) (*manifest, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return &manifest{
		Version: 1, Program: versionText(), File: filepath.Base(path), SHA256: fmt.Sprintf("%x", sha256.Sum256(data)), Args: append([]string{}, args...), Params: params,
		Machine: manifestMachine{measure.CPUInfo(), runtime.NumCPU(), runtime.GOOS + "/" + runtime.GOARCH, runtime.Version()},
		Models:  []manifestModel{}, Calls: []manifestCall{}, known: map[*engine.Model]int{},
	}, nil
}

// call notes one generation.
func (m *manifest) call(c engine.Call) {
	m.recorder.Lock()
	defer m.recorder.Unlock()
	i, ok := m.known[c.Model]
	if !ok {
		s := c.Model.Settings()
		i = len(m.Models)
		m.known[c.Model] = i
		m.Models = append(m.Models, manifestModel{s.Model, s.Path, c.Model.SHA256(), s.Kernels, s.Values()})
	}
	m.Calls = append(m.Calls, manifestCall{
		Model: i, Settings: settingsOfCall(c.Config), PromptIDs: hashIDs(c.Reply.PromptIDs), IDs: hashIDs(c.Reply.IDs),
		Text: c.Reply.Text, Stats: newStatsReport(c.Reply.Stats),
	})
}

// settingsOfCall are the settings that were given: fields that are not zero.
func settingsOfCall(cfg engine.GenerateConfig) map[string]any {
	cfg.OnText = nil
	data, err := json.Marshal(struct {
		engine.GenerateConfig
		OnText any `json:",omitempty"`
	}{GenerateConfig: cfg})
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	all := map[string]any{}
	if err := json.Unmarshal(data, &all); err != nil {
		return map[string]any{"error": err.Error()}
	}
	for name, v := range all {
		switch v {
		case nil, 0.0, "", false:
			delete(all, name)
		}
	}
	return all
}

func hashIDs(ids []int) string {
	h := sha256.New()
	for _, id := range ids {
		_ = binary.Write(h, binary.LittleEndian, int32(id)) // a hash takes everything
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// write writes the manifest, whole or not at all.
func (m *manifest) write(path string) error {
	m.recorder.Lock()
	data, err := json.MarshalIndent(m, "", "  ")
	m.recorder.Unlock()
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("--manifest: %w", err)
	}
	defer os.Remove(tmp.Name()) // fails, as it should, once it has its name
	_, err = tmp.Write(append(data, '\n'))
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Chmod(tmp.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("--manifest: %w", err)
	}
	return nil
}

// readManifest reads what an earlier run has written.
func readManifest(path string) (*manifest, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usageError{fmt.Errorf("--replay: %w", err)}
	}
	if err != nil {
		return nil, fmt.Errorf("--replay: %w", err)
	}
	m := &manifest{}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, usageError{fmt.Errorf("--replay: %s is no manifest: %w", path, err)}
	}
	if m.Version != 1 {
		return nil, usageError{fmt.Errorf("--replay: %s is of version %d; this program knows version 1", path, m.Version)}
	}
	return m, nil
}

// differences says where a run is not the one of an earlier manifest; what does not
// change texts, such as times, is left out.
func (m *manifest) differences(old *manifest) (list []string) {
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if m.SHA256 != old.SHA256 {
		add("the file is another one than %s was then", old.File)
	}
	if !maps.Equal(m.Params, old.Params) {
		add("the parameters are %v, then %v", m.Params, old.Params)
	}
	for i := range min(len(m.Models), len(old.Models)) {
		a, b := m.Models[i], old.Models[i]
		if a.SHA256 != b.SHA256 {
			add("model %s is another file", b.Name)
		}
		if a.Kernels != b.Kernels {
			add("model %s: kernels %s, then %s", b.Name, a.Kernels, b.Kernels)
		}
		for j := range min(len(a.Settings), len(b.Settings)) {
			if a.Settings[j].Value != b.Settings[j].Value {
				add("model %s: %s is %s (%s), then %s", b.Name, b.Settings[j].Name, a.Settings[j].Value, a.Settings[j].By, b.Settings[j].Value)
			}
		}
	}
	for i := range min(len(m.Calls), len(old.Calls)) {
		switch a, b := m.Calls[i], old.Calls[i]; {
		case a.PromptIDs != b.PromptIDs:
			add("call %d: another prompt", i+1)
		case a.IDs != b.IDs:
			add("call %d: %.60q, then %.60q", i+1, a.Text, b.Text)
		}
	}
	if len(m.Calls) != len(old.Calls) {
		add("%d calls, then %d", len(m.Calls), len(old.Calls))
	}
	return list
}
