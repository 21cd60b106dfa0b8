package engine

import (
	"fmt"
	"strings"

	"loupe/engine/model"
)

// BuiltIn is the profile without saved settings: every field that is not set has
// Loupe's own default, or the model's. Measurements use it.
const BuiltIn = "built-in"

// Source says where the value of a setting came from.
type Source struct {
	By        string // "built-in", "defaults.toml", "model smollm2", "profile long" or "script"
	Otherwise string // the value without this source; "" for built-in
}

// layer is the settings of one source, the zero value of a field being none.
type layer struct {
	by  string
	cfg LoadConfig
}

// layers are the sources for a model, the weakest first.
func layers(model string, script LoadConfig) ([]layer, error) {
	scopes := []Scope{{}, {Model: model}}
	switch script.Profile {
	case "":
	case BuiltIn:
		scopes = nil
	default:
		scopes = append(scopes, Scope{Profile: script.Profile})
	}
	var list []layer
	for _, scope := range scopes {
		if scope.Model != "" && !scopeName.MatchString(scope.Model) {
			continue // a file of such a name cannot have been saved
		}
		f, err := readSaved(scope)
		if err != nil {
			return nil, err
		}
		if f.text == "" && scope.Profile != "" {
			return nil, noProfile(scope.Profile)
		}
		by := scope.String()
		if scope == (Scope{}) {
			by = "defaults.toml"
		}
		list = append(list, layer{by, f.cfg})
	}
	return append(list, layer{"script", script}), nil
}

func noProfile(name string) error {
	all, err := Profiles()
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("engine: there is no profile %s; none is saved yet: SaveProfile saves one", name)
	}
	return fmt.Errorf("engine: there is no profile %s; there are %s", name, strings.Join(all, ", "))
}

// choose merges the layers: what was chosen, and by whom.
func choose(list []layer, c model.Config) (LoadConfig, map[string]Source, error) {
	chosen := LoadConfig{Profile: list[len(list)-1].cfg.Profile}
	own, err := LoadConfig{}.resolve(c)
	if err != nil {
		return chosen, nil, err
	}
	from := map[string]Source{}
	for _, s := range settings {
		source := Source{By: BuiltIn}
		value := s.text(own)
		for i := range list {
			v := s.of(&list[i].cfg)
			if v.IsZero() {
				continue
			}
			source = Source{By: list[i].by, Otherwise: value}
			value = settingText(v)
			s.of(&chosen).Set(v)
		}
		from[s.name] = source
	}
	return chosen, from, nil
}
