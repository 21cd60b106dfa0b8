package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Saved settings lie in files of TOML, in the folder that LOUPE_CONFIG names, or
// loupe in the user's configuration folder. Those of a later file override those
// of an earlier one, and what a script sets overrides all:
//
//	defaults.toml         for every model
//	models/NAME.toml      for one model
//	profiles/NAME.toml    for whoever asks for the profile
//
// Keys are dotted as in LM Studio's model.yaml: llm.load.contextLength = 10000.

// configVersion is the version of the files that this build reads and writes.
const configVersion = 1

// ConfigDir is the folder of saved settings. LOUPE_CONFIG names another one.
func ConfigDir() (string, error) {
	if dir := os.Getenv("LOUPE_CONFIG"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("engine: there is no folder for saved settings: %w; set LOUPE_CONFIG", err)
	}
	return filepath.Join(dir, "loupe"), nil
}

// A Scope says whose settings a file holds.
type Scope struct {
	Model   string // of this model; "" for every one
	Profile string // of this profile, which a script asks for; then Model is ""
}

// String is "every model", "model smollm2" or "profile long".
func (s Scope) String() string {
	switch {
	case s.Profile != "":
		return "profile " + s.Profile
	case s.Model != "":
		return "model " + s.Model
	}
	return "every model"
}

var scopeName = regexp.MustCompile(`^[\pL\pN][\pL\pN._+ -]*$`)

// path is the scope's file.
func (s Scope) path() (string, error) {
	dir, err := ConfigDir()
	if err != nil {
		return "", err
	}
	folder, name := "models", s.Model
	if s.Profile != "" {
		folder, name = "profiles", s.Profile
	}
	if name == "" {
		return filepath.Join(dir, "defaults.toml"), nil
	}
	if !scopeName.MatchString(name) {
		return "", fmt.Errorf("engine: %q is no name for a file of settings; use letters, digits, spaces and . _ + -", name)
	}
	return filepath.Join(dir, folder, name+".toml"), nil
}

// saved is a file of settings.
type saved struct {
	scope Scope
	path  string
	text  string // of the file; "" if there is none
	notes string
	cfg   LoadConfig
	keys  map[string]bool // that the file sets
}

// readSaved reads the scope's file. That there is none is no error.
func readSaved(scope Scope) (*saved, error) {
	path, err := scope.path()
	if err != nil {
		return nil, err
	}
	f := &saved{scope: scope, path: path, keys: map[string]bool{}}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	f.text = string(data)
	if err := f.parse(); err != nil {
		return nil, fmt.Errorf("engine: %s: %w; correct it, or delete it for the built-in settings", path, err)
	}
	return f, nil
}

func (f *saved) parse() error {
	var tree map[string]any
	if err := toml.Unmarshal([]byte(f.text), &tree); err != nil {
		if at := (*toml.DecodeError)(nil); errors.As(err, &at) {
			row, col := at.Position()
			return fmt.Errorf("line %d, column %d: %s", row, col, strings.TrimPrefix(at.Error(), "toml: "))
		}
		return err
	}
	values := map[string]any{}
	flatten("", tree, values)
	if v, ok := values["version"]; ok {
		if n, ok := v.(int64); !ok || n < 1 || n > configVersion {
			return fmt.Errorf("version is %v; this build knows version %d", v, configVersion)
		}
		delete(values, "version")
	}
	if v, ok := values["notes"]; ok {
		if f.notes, ok = v.(string); !ok {
			return fmt.Errorf("notes is %v; it is a text", v)
		}
		delete(values, "notes")
	}
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		s, err := findSetting(key)
		if err != nil || s.key != key {
			if err == nil {
				return fmt.Errorf("%s: the key is %s", key, s.key)
			}
			return fmt.Errorf("%s: %s", key, strings.TrimPrefix(err.Error(), "engine: "))
		}
		if err := s.set(&f.cfg, values[key]); err != nil {
			return fmt.Errorf("%s: %s", key, strings.TrimPrefix(err.Error(), "engine: "))
		}
		f.keys[key] = true
	}
	return nil
}

// flatten makes dotted keys of tables.
func flatten(prefix string, tree map[string]any, to map[string]any) {
	for key, v := range tree {
		if sub, ok := v.(map[string]any); ok {
			flatten(prefix+key+".", sub, to)
		} else {
			to[prefix+key] = v
		}
	}
}

// tableLine is the header of a table, as in "[llm.load]".
var tableLine = regexp.MustCompile(`^\s*\[\s*([^\[\]]+?)\s*\]`)

// edit writes a setting into the text of the file, or takes it out. What else the
// file holds, comments too, stays.
func (f *saved) edit(s setting, value string, set bool) error {
	lines := strings.SplitAfter(f.text, "\n")
	if f.text == "" {
		lines = []string{fmt.Sprintf("# Load settings of Loupe for %s. A script's own settings override them.\n", f.scope),
			fmt.Sprintf("version = %d\n", configVersion)}
	}
	at, insert, name := place(lines, s.key)
	comment := "# " + s.about + "\n"
	switch {
	case at < 0 && f.keys[s.key]:
		return fmt.Errorf("engine: %s sets %s in a way that is not understood here; change it there", f.path, s.key)
	case at >= 0 && set:
		key, _, _ := strings.Cut(lines[at], "=")
		lines[at] = strings.TrimRight(key, " \t") + " = " + value + "\n"
	case at >= 0:
		from := at
		if at > 0 && lines[at-1] == comment {
			from--
		}
		lines = slices.Delete(lines, from, at+1)
	case set:
		if insert > 0 && lines[insert-1] != "" && !strings.HasSuffix(lines[insert-1], "\n") {
			lines[insert-1] += "\n"
		}
		lines = slices.Insert(lines, insert, comment, name+" = "+value+"\n")
	}
	f.text = strings.Join(lines, "")
	f.keys[s.key] = set
	return nil
}

// place finds the line that sets a key, or -1, and where a new one goes: behind the
// header of the table that the key belongs to, under the name that it has there, or
// before the first table.
func place(lines []string, key string) (at, insert int, name string) {
	at, insert, name = -1, len(lines), key
	table := ""
	for i, line := range lines {
		if m := tableLine.FindStringSubmatch(line); m != nil {
			if table == "" && name == key {
				insert = i
			}
			table = m[1] + "."
			if rest, ok := strings.CutPrefix(key, table); ok {
				insert, name = i+1, rest
			}
			continue
		}
		if left, _, ok := strings.Cut(line, "="); ok && table+strings.TrimSpace(left) == key {
			at = i
		}
	}
	return at, insert, name
}

// write replaces the file, whole or not at all.
func (f *saved) write() error {
	check := saved{scope: f.scope, path: f.path, keys: map[string]bool{}, text: f.text}
	if err := check.parse(); err != nil {
		return fmt.Errorf("engine: %s was not written: %w", f.path, err)
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o777); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	path, mode := f.path, fs.FileMode(0o644)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // a link stays one
	}
	if info, err := os.Stat(path); err == nil {
		// A new file under the name of a read-only one would be written all the same.
		if mode = info.Mode().Perm(); mode&0o222 == 0 {
			return fmt.Errorf("engine: %s is read-only (%v) and stays as it was; chmod u+w lets it be changed", f.path, mode)
		}
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("engine: %s stays as it was: %w", f.path, err)
	}
	defer os.Remove(tmp.Name()) // fails, as it should, once it has its name
	_, err = tmp.WriteString(f.text)
	if err == nil {
		err = tmp.Sync()
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Chmod(tmp.Name(), mode)
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("engine: %s stays as it was: %w", f.path, err)
	}
	return nil
}

// tomlText is a value as TOML writes it.
func tomlText(s setting, cfg LoadConfig) string {
	switch v := s.of(&cfg).Interface().(type) {
	case Switch, CacheType, RopeScaling, LoadMode:
		return fmt.Sprintf("%q", s.text(cfg))
	case float64:
		if text := s.text(cfg); strings.ContainsAny(text, ".e") {
			return text
		}
		return fmt.Sprintf("%.1f", v)
	}
	return s.text(cfg)
}

// SetDefault saves a value for a setting, for every model, one model or a profile,
// and returns the file. The setting is named as in LoadConfig, or by its key
// ("llm.load.contextLength", "contextLength"); the value is written as in tables:
// 10000, "q8_0", "on".
func SetDefault(scope Scope, name, value string) (path string, err error) {
	s, err := findSetting(name)
	if err != nil {
		return "", err
	}
	var cfg LoadConfig
	if err := s.parse(&cfg, value); err != nil {
		return "", err
	}
	f, err := readSaved(scope)
	if err != nil {
		return "", err
	}
	if err := f.edit(s, tomlText(s, cfg), true); err != nil {
		return "", err
	}
	return f.path, f.write()
}

// UnsetDefault takes a setting out of a file and returns the file. That it was not
// there is an error.
func UnsetDefault(scope Scope, name string) (path string, err error) {
	s, err := findSetting(name)
	if err != nil {
		return "", err
	}
	f, err := readSaved(scope)
	if err != nil {
		return "", err
	}
	if !f.keys[s.key] {
		return "", fmt.Errorf("engine: %s is not saved for %s (%s)", s.key, scope, f.path)
	}
	if err := f.edit(s, "", false); err != nil {
		return "", err
	}
	return f.path, f.write()
}

// Default is one saved setting.
type Default struct {
	Scope Scope
	Name  string // "ContextLength"
	Key   string // "llm.load.contextLength"
	Value string
	About string
	Path  string
}

// Defaults lists what is saved: for every model, then by model, then by profile.
func Defaults() ([]Default, error) {
	dir, err := ConfigDir()
	if err != nil {
		return nil, err
	}
	scopes := []Scope{{}}
	for _, folder := range []string{"models", "profiles"} {
		names, err := savedNames(filepath.Join(dir, folder))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if folder == "models" {
				scopes = append(scopes, Scope{Model: name})
			} else {
				scopes = append(scopes, Scope{Profile: name})
			}
		}
	}
	var list []Default
	for _, scope := range scopes {
		f, err := readSaved(scope)
		if err != nil {
			return nil, err
		}
		for _, s := range settings {
			if f.keys[s.key] {
				list = append(list, Default{scope, s.name, s.key, s.text(f.cfg), s.about, f.path})
			}
		}
	}
	return list, nil
}

// SavedKeys lists the settings that can be saved, by their keys, with a line on
// each.
func SavedKeys() (keys, about []string) {
	for _, s := range settings {
		if s.key != "" {
			keys, about = append(keys, s.key), append(about, s.about)
		}
	}
	return keys, about
}

// Profiles lists the names of saved profiles.
func Profiles() ([]string, error) {
	dir, err := ConfigDir()
	if err != nil {
		return nil, err
	}
	return savedNames(filepath.Join(dir, "profiles"))
}

// savedNames lists the files of settings in a folder.
func savedNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".toml"); ok && !strings.HasPrefix(name, ".") {
			names = append(names, name)
		}
	}
	return names, nil
}

// SaveDefaults saves what this model was loaded with, where that differs from the
// built-in settings, as the defaults of the model, and returns the file.
func (m *Model) SaveDefaults() (path string, err error) {
	return m.settings.save(Scope{Model: m.name}, "")
}

// SaveProfile saves the same as a profile for any model, which LoadConfig.Profile
// asks for, with notes for its readers.
func (m *Model) SaveProfile(name, notes string) (path string, err error) {
	if name == "" || name == BuiltIn {
		return "", fmt.Errorf("engine: a profile needs a name, and %s is that of no saved settings", BuiltIn)
	}
	return m.settings.save(Scope{Profile: name}, notes)
}

// save writes the settings that somebody chose.
func (s Settings) save(scope Scope, notes string) (string, error) {
	f, err := readSaved(scope)
	if err != nil {
		return "", err
	}
	for _, x := range settings {
		if x.key == "" {
			continue
		}
		if s.Sources[x.name].By == BuiltIn {
			if f.keys[x.key] {
				if err := f.edit(x, "", false); err != nil {
					return "", err
				}
			}
			continue
		}
		if err := f.edit(x, tomlText(x, s.chosen), true); err != nil {
			return "", err
		}
	}
	if notes != "" {
		if err := f.note(notes); err != nil {
			return "", err
		}
	}
	return f.path, f.write()
}

// note writes the notes of a profile.
func (f *saved) note(notes string) error {
	data, err := toml.Marshal(map[string]string{"notes": notes})
	if err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	if f.text == "" { // nothing was chosen: a profile of notes alone
		f.text = fmt.Sprintf("version = %d\n", configVersion)
	}
	lines := strings.SplitAfter(f.text, "\n")
	for i, line := range lines {
		if key, _, ok := strings.Cut(line, "="); ok && strings.TrimSpace(key) == "notes" {
			if strings.Contains(line, `"""`) || strings.Contains(line, "'''") {
				return fmt.Errorf("engine: %s has notes of several lines; change them there", f.path)
			}
			lines[i] = string(data)
			f.text = strings.Join(lines, "")
			return nil
		}
	}
	at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "version") }) + 1
	f.text = strings.Join(slices.Insert(lines, at, string(data)), "")
	return nil
}
