package engine

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// setting describes one field of LoadConfig for tables, files and commands.
type setting struct {
	name  string // of the field
	key   string // in files, as LM Studio's model.yaml has it where it has one
	about string // what it does and costs, in a line
}

// settings is the table of load settings, in the order in which they are shown.
// Profile is none of them: it names where settings come from.
var settings = []setting{
	{"ContextLength", "llm.load.contextLength", "tokens a session holds; K and V take memory as it fills"},
	{"EvalBatchSize", "llm.load.evalBatchSize", "prompt tokens handed over at a time; progress and Ctrl-C between"},
	{"PhysicalBatchSize", "llm.load.physicalBatchSize", "tokens through the layers at once; more take more scratch memory"},
	{"RopeFrequencyBase", "llm.load.ropeFrequencyBase", "RoPE base: a greater one turns positions more slowly"},
	{"RopeFrequencyScale", "llm.load.ropeFrequencyScale", "multiplies positions; below 1 stretches the context, at some loss"},
	{"RopeScaling", "llm.load.ropeScaling", "how it is stretched: linear slows all that turns, yarn what turns slowly"},
	{"YarnExtFactor", "llm.load.yarnExtFactor", "yarn: how much of its speed what turns fast keeps"},
	{"YarnAttnFactor", "llm.load.yarnAttnFactor", "yarn: multiplies the sharpening of attention"},
	{"YarnBetaFast", "llm.load.yarnBetaFast", "yarn: what turns more often keeps its speed"},
	{"YarnBetaSlow", "llm.load.yarnBetaSlow", "yarn: what turns less often is slowed in full"},
	{"YarnOrigContext", "llm.load.yarnOrigContext", "yarn: the context that the turns are counted in"},
	{"FlashAttention", "llm.load.flashAttention", "goes through the cache in blocks and keeps no scores"},
	{"KCacheType", "llm.load.kCacheQuantizationType", "how keys are stored; fewer bits, less memory, more loss"},
	{"VCacheType", "llm.load.vCacheQuantizationType", "how values are stored; they mind fewer bits less than keys"},
	{"CacheSinkTokens", "llm.load.cacheSinkTokens", "first tokens whose keys and values stay in f16; for quantised types"},
	{"CacheResidualLength", "llm.load.cacheResidualLength", "last tokens whose keys and values are in f16 still"},
	{"CacheQuantizedStart", "llm.load.cacheQuantizedStart", "all are in f16 until there are more tokens than this"},
	{"KRotation", "llm.load.kRotation", "stores keys turned, which spreads outliers: fewer bits lose less"},
	{"VRotation", "llm.load.vRotation", "the same for values"},
	{"SWAFull", "llm.load.swaFull", "keeps all cells also in layers with a sliding window, which see the last ones only"},
	{"Threads", "llm.load.threads", "threads that generate; more than cores is slower"},
	{"BatchThreads", "llm.load.batchThreads", "threads that read prompts"},
	{"ReusePrefix", "llm.load.reusePrefix", "keeps what a prompt shares with the cache"},
	{"LoadMode", "llm.load.loadMode", "mmap maps the file, none reads it whole, mlock keeps it in memory"},
	{"LoadAnyway", "", "loads also what the memory seems too small for"},
	{"Exact", "", "float32 activations, to compare with; slower"}, // a run's, never saved
}

// findSetting is the setting, of those that can be saved, of a name, a key or the last part of a key, in any
// case.
func findSetting(name string) (setting, error) {
	var all []string
	wanted := name[strings.LastIndexByte(name, '.')+1:]
	for _, s := range settings {
		if s.key == "" {
			continue
		}
		if strings.EqualFold(name, s.name) || strings.EqualFold(name, s.key) || strings.EqualFold(name, s.short()) {
			return s, nil
		}
		all = append(all, s.short())
	}
	slices.SortStableFunc(all, func(a, b string) int { return distance(wanted, a) - distance(wanted, b) })
	if distance(wanted, all[0]) <= 1+len(wanted)/3 {
		return setting{}, &UnknownSettingError{name, all[:1]}
	}
	slices.Sort(all)
	return setting{}, &UnknownSettingError{name, all}
}

// UnknownSettingError says that there is no setting of a name.
type UnknownSettingError struct {
	Name string
	Near []string // the nearest one, or all
}

func (e *UnknownSettingError) Error() string {
	if len(e.Near) == 1 {
		return fmt.Sprintf("engine: there is no setting %s; nearest: %s", e.Name, e.Near[0])
	}
	return fmt.Sprintf("engine: there is no setting %s; there are %s", e.Name, strings.Join(e.Near, ", "))
}

// short is the last part of the key.
func (s setting) short() string { return s.key[strings.LastIndexByte(s.key, '.')+1:] }

func (s setting) of(cfg *LoadConfig) reflect.Value {
	return reflect.ValueOf(cfg).Elem().FieldByName(s.name)
}

// text is the value of the setting as tables and files write it.
func (s setting) text(cfg LoadConfig) string { return settingText(s.of(&cfg)) }

func settingText(v reflect.Value) string {
	if x, ok := v.Interface().(fmt.Stringer); ok {
		return x.String()
	}
	switch v.Kind() {
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case reflect.Int:
		return strconv.FormatInt(v.Int(), 10)
	}
	return fmt.Sprint(v.Interface())
}

// set gives the setting a value from a file: a number, a text or true and false.
func (s setting) set(cfg *LoadConfig, value any) error {
	v := s.of(cfg)
	refuse := func(allowed string) error { return &SettingError{s.name, fmt.Sprintf("%v", value), allowed} }
	switch v.Interface().(type) {
	case Switch:
		if b, ok := value.(bool); ok { // LM Studio's files
			value = map[bool]string{true: "on", false: "off"}[b]
		}
		text, _ := value.(string)
		x, err := ParseSwitch(text)
		if err != nil {
			return refuse(`"auto", "on" or "off"`)
		}
		v.Set(reflect.ValueOf(x))
		return nil
	case CacheType:
		text, _ := value.(string)
		if !slices.Contains(CacheTypes(), CacheType(text)) {
			return refuse("one of " + joined(CacheTypes()) + ", in quotes")
		}
		v.SetString(text)
		return nil
	case LoadMode:
		text, _ := value.(string)
		switch LoadMode(text) {
		case LoadMmap, LoadRead, LoadLock:
			v.SetString(text)
			return nil
		}
		return refuse(`"mmap", "none" or "mlock"`)
	case RopeScaling:
		text, _ := value.(string)
		switch RopeScaling(text) {
		case RopeNone, RopeLinear, RopeYarn:
			v.SetString(text)
			return nil
		}
		return refuse(`"none", "linear" or "yarn"`)
	case bool:
		b, ok := value.(bool)
		if !ok {
			return refuse("true or false")
		}
		v.SetBool(b)
		return nil
	case int:
		n, ok := value.(int64)
		if !ok || n < 0 || n > math.MaxInt32 {
			return refuse("a whole number from 1 on, or 0 for the default")
		}
		v.SetInt(n)
		return nil
	case float64:
		x, ok := value.(float64)
		if n, whole := value.(int64); whole {
			x, ok = float64(n), true
		}
		if !ok || !(x >= 0 && x < 1e12) {
			return refuse("a positive number, or 0 for the model's own")
		}
		v.SetFloat(x)
		return nil
	}
	panic("engine: setting " + s.name + " is of type " + v.Type().String())
}

// parse is set for a value as it is typed: without quotes.
func (s setting) parse(cfg *LoadConfig, text string) error {
	var value any = text
	switch s.of(cfg).Interface().(type) {
	case int:
		if n, err := strconv.ParseInt(strings.ReplaceAll(text, ",", ""), 10, 64); err == nil {
			value = n
		}
	case float64:
		if x, err := strconv.ParseFloat(text, 64); err == nil {
			value = x
		}
	case bool:
		if b, err := strconv.ParseBool(text); err == nil {
			value = b
		}
	}
	return s.set(cfg, value)
}

// distance is how many letters must change to make b of a (Levenshtein), in any
// case.
func distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost = 1 + min(last, row[j], row[j+1])
			}
			last, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
