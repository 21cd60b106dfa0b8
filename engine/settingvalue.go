package engine

// SettingValue is one effective setting with its source.
type SettingValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	By    string `json:"by"`
}

// Values lists the effective settings as text, with who set each.
func (s Settings) Values() []SettingValue {
	list := make([]SettingValue, 0, len(settings))
	for _, x := range settings {
		list = append(list, SettingValue{x.name, x.text(s.LoadConfig), s.Sources[x.name].By})
	}
	return list
}
