package grammar

import (
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// FromJSONSchema turns a JSON schema into GBNF that describes values of it, as
// llama.cpp's converter does.
//
// It knows type (one or several), const, enum; properties, required,
// additionalProperties; items, prefixItems, minItems, maxItems; minLength, maxLength,
// pattern, format (date, time, date-time, uuid); minimum, maximum, exclusiveMinimum,
// exclusiveMaximum of integers, and of numbers a minimum of 0; anyOf, oneOf, allOf, and $ref within the schema.
// Titles, descriptions, defaults, examples and the like are passed over. Every other
// keyword is refused by name.
//
// Where it differs from the letter of JSON Schema, it takes less: an object with
// properties has no others unless additionalProperties says so; properties come in
// the order of the schema, the required ones first; a tuple (prefixItems) is whole;
// a schema that is silent on type has the type of its keywords; numbers have at most
// 16 digits before and behind the point and two in the exponent; the keys of
// additional properties are written without escapes. And where it takes more: oneOf
// is anyOf, which lets a value match two alternatives.
func FromJSONSchema(schema string) (string, error) {
	root, err := readJSON(schema)
	if err != nil {
		return "", err
	}
	r := &schemaReader{root: root, rules: map[string]string{}, refs: map[string]string{}}
	r.rules["root"] = "" // the name is taken
	body, err := r.visit(root, "", "#", 0)
	if err != nil {
		return "", err
	}
	r.rules["root"] = body
	r.names = append(r.names, "root")
	slices.Sort(r.names)
	var b strings.Builder
	for _, name := range r.names {
		fmt.Fprintf(&b, "%s ::= %s\n", name, r.rules[name])
	}
	return b.String(), nil
}

// SchemaError is a JSON schema that cannot be used.
type SchemaError struct {
	Path   string // a JSON pointer: "#/properties/age"
	Reason string
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("grammar: JSON schema: %s: %s", e.Path, e.Reason)
}

func schemaError(path, format string, args ...any) error {
	return &SchemaError{path, fmt.Sprintf(format, args...)}
}

// maxSchema is how deep schemas lie in schemas, and maxAlternatives how many
// combinations anyOf and allOf make, of how many copies.
const maxSchema, maxAlternatives, maxExpand = 100, 256, 5000

// builtin rules; those of JSON have the names and forms of llama.cpp's.
var builtin = map[string]struct {
	text string
	uses []string
}{
	"space":          {`| " " | "\n"{1,2} [ \t]{0,20}`, nil},
	"boolean":        {`"true" | "false"`, nil},
	"null":           {`"null"`, nil},
	"integral-part":  {`"0" | [1-9] [0-9]{0,15}`, nil},
	"integer":        {`"-"? integral-part`, []string{"integral-part"}},
	"number":         {`"-"? integral-part ("." [0-9]{1,16})? exponent?`, []string{"integral-part", "exponent"}},
	"number-from-0":  {`integral-part ("." [0-9]{1,16})? exponent?`, []string{"integral-part", "exponent"}},
	"number-above-0": {`([1-9] [0-9]{0,15} ("." [0-9]{1,16})? | "0." "0"{0,14} [1-9] [0-9]{0,15}) exponent?`, []string{"exponent"}},
	"exponent":       {`[eE] [-+]? [0-9]{1,2}`, nil},
	"hex":            {`[0-9a-fA-F]`, nil},
	"char": {`[^"\\\x7F\x00-\x1F] | "\\" (["\\/bfnrt] | "u" ([0-9a-cA-CefEF] hex{3} | [dD] [0-7] hex{2} | [dD] [89abAB] hex{2} "\\u" [dD] [c-fC-F] hex{2}))`,
		[]string{"hex"}},
	"string": {`"\"" char* "\""`, []string{"char"}},
	"value":  {`object | array | string | number | boolean | null`, []string{"object", "array", "string", "number", "boolean", "null"}},
	"object": {`"{" space (string ":" space value ("," space string ":" space value)*)? space "}"`, []string{"space", "string", "value"}},
	"array":  {`"[" space (value ("," space value)*)? space "]"`, []string{"space", "value"}},
	"uuid":   {`"\"" hex{8} "-" hex{4} "-" hex{4} "-" hex{4} "-" hex{12} "\""`, []string{"hex"}},
	"year":   {`[0-9]{4}`, nil},
	"leap":   {`[0-9]{2} ("0" [48] | [2468] [048] | [13579] [26]) | ("0" [048] | [2468] [048] | [13579] [26]) "00"`, nil},
	"day":    {`"0" [1-9] | [12] [0-9]`, nil},
	"date": {`year "-" (("0" [13578] | "10" | "12") "-" (day | "3" [01]) | ("0" [469] | "11") "-" (day | "30") | "02-" ("0" [1-9] | "1" [0-9] | "2" [0-8])) | leap "-02-29"`,
		[]string{"year", "day", "leap"}},
	"time":      {`([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{3})? ("Z" | [-+] ([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9])`, nil},
	"date-time": {`date "T" time`, []string{"date", "time"}},
}

// annotations say nothing of what a value is.
var annotations = []string{
	"$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "examples", "example",
	"deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType",
}

// families are the keywords that speak of values of one type.
var families = map[string][]string{
	"object":  {"properties", "required", "additionalProperties"},
	"array":   {"items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems"},
	"string":  {"minLength", "maxLength", "pattern", "format"},
	"integer": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
}

var combiners = []string{"$ref", "anyOf", "oneOf", "allOf"}

// typeNames are the types in the order in which values are tried.
var typeNames = []string{"object", "array", "string", "number", "integer", "boolean", "null"}

type schemaReader struct {
	root  any
	work  int // schemas that expand has looked at
	rules map[string]string
	names []string
	refs  map[string]string // rule of a $ref, by pointer
}

// rule adds a rule; another of the same name and text is the same.
func (r *schemaReader) rule(name, text string) string {
	name = ruleName(name)
	for i := 0; ; i++ {
		try := name
		if i > 0 {
			try = name + "-" + strconv.Itoa(i)
		}
		_, isBuiltin := builtin[try]
		had, taken := r.rules[try]
		if taken && had == text && had != "" {
			return try
		}
		if taken || isBuiltin && text != builtin[try].text {
			continue
		}
		r.rules[try] = text
		r.names = append(r.names, try)
		return try
	}
}

// reserve takes a name for a rule whose text comes later.
func (r *schemaReader) reserve(name string) string { return r.rule(name, "") }

func (r *schemaReader) use(name string) string {
	if _, ok := r.rules[name]; !ok {
		b := builtin[name]
		r.rules[name] = b.text
		r.names = append(r.names, name)
		for _, u := range b.uses {
			r.use(u)
		}
	}
	return name
}

// ruleName makes a name for rules of any text.
func ruleName(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if isWord(s[i]) {
			b.WriteByte(s[i])
		} else if b.Len() > 0 && !strings.HasSuffix(b.String(), "-") {
			b.WriteByte('-')
		}
	}
	if b.Len() == 0 {
		return "x"
	}
	return b.String()
}

// sub is the name for what lies in what has a name.
func sub(name, of string) string {
	if name == "" {
		return of
	}
	return name + "-" + of
}

// visit gives the expression of a schema: a rule's name, or the text of one.
func (r *schemaReader) visit(schema any, name, path string, depth int) (string, error) {
	if depth > maxSchema {
		return "", schemaError(path, "schemas lie more than %d deep", maxSchema)
	}
	if b, ok := schema.(bool); ok {
		if !b {
			return "", schemaError(path, "the schema false allows no value at all")
		}
		return r.use("value"), nil
	}
	o, ok := schema.(*object)
	if !ok {
		return "", schemaError(path, "is %s; a schema is an object, true or false", jsonText1(schema))
	}
	core, err := coreKeys(o, path)
	if err != nil {
		return "", err
	}
	if len(core) == 1 {
		switch k := core[0]; k {
		case "$ref":
			return r.ref(o, path, depth)
		case "anyOf", "oneOf":
			return r.alternatives(o, k, name, path, depth)
		}
	}
	if !slices.ContainsFunc(core, func(k string) bool { return slices.Contains(combiners, k) }) {
		return r.plain(o, core, name, path, depth)
	}
	all, err := r.expand(o, path, depth)
	if err != nil {
		return "", err
	}
	var texts []string
	for i, x := range all {
		n := name
		if len(all) > 1 {
			n = sub(name, strconv.Itoa(i))
		}
		core, err := coreKeys(x, path)
		if err != nil {
			return "", err
		}
		text, err := r.plain(x, core, n, path, depth+1)
		if err != nil {
			return "", err
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " | "), nil
}

// named is visit as a rule.
func (r *schemaReader) named(schema any, name, path string, depth int) (string, error) {
	text, err := r.visit(schema, name, path, depth)
	if err != nil || isName(text) {
		return text, err
	}
	return r.rule(name, text), nil
}

func isName(text string) bool {
	for i := 0; i < len(text); i++ {
		if !isWord(text[i]) {
			return false
		}
	}
	return text != ""
}

// coreKeys is the keywords that say something, all of them known.
func coreKeys(o *object, path string) ([]string, error) {
	var core []string
	for _, k := range o.keys {
		if slices.Contains(annotations, k) || strings.HasPrefix(k, "x-") {
			continue
		}
		known := k == "type" || k == "const" || k == "enum" || slices.Contains(combiners, k)
		for _, f := range families {
			known = known || slices.Contains(f, k)
		}
		if !known {
			return nil, schemaError(path, "the keyword %q cannot be used; remove it, and check it afterwards", k)
		}
		core = append(core, k)
	}
	return core, nil
}

// alternatives is anyOf or oneOf.
func (r *schemaReader) alternatives(o *object, key, name, path string, depth int) (string, error) {
	list, err := schemas(o, key, path)
	if err != nil {
		return "", err
	}
	var texts []string
	for i, x := range list {
		text, err := r.named(x, sub(name, "alternative-"+strconv.Itoa(i)), path+"/"+key+"/"+strconv.Itoa(i), depth+1)
		if err != nil {
			return "", err
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " | "), nil
}

func schemas(o *object, key, path string) ([]any, error) {
	list, ok := o.values[key].([]any)
	if !ok || len(list) == 0 {
		return nil, schemaError(path+"/"+key, "is %s; it must be a list of schemas, one at least", jsonText1(o.values[key]))
	}
	return list, nil
}

// ref is the rule of what a $ref points to.
func (r *schemaReader) ref(o *object, path string, depth int) (string, error) {
	target, pointer, err := r.resolve(o, path)
	if err != nil {
		return "", err
	}
	if pointer == "#" {
		return "root", nil
	}
	if name, ok := r.refs[pointer]; ok {
		return name, nil
	}
	name := r.reserve("ref-" + pointer[strings.LastIndexByte(pointer, '/')+1:])
	r.refs[pointer] = name
	text, err := r.visit(target, name, pointer, depth+1)
	if err != nil {
		return "", err
	}
	r.rules[name] = text
	return name, nil
}

// resolve finds what a $ref points to.
func (r *schemaReader) resolve(o *object, path string) (any, string, error) {
	path += "/$ref"
	pointer, ok := o.values["$ref"].(string)
	if !ok {
		return nil, "", schemaError(path, "is %s; it must be a text, as \"#/$defs/name\"", jsonText1(o.values["$ref"]))
	}
	if pointer != "#" && !strings.HasPrefix(pointer, "#/") {
		return nil, "", schemaError(path, "is %q; only places in the schema itself can be used, as \"#/$defs/name\": copy the other schema into $defs", pointer)
	}
	at := r.root
	for _, part := range strings.Split(pointer, "/")[1:] {
		if s, err := url.PathUnescape(part); err == nil {
			part = s
		}
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		var next any
		found := false
		switch x := at.(type) {
		case *object:
			next, found = x.values[part], x.has(part)
		case []any:
			if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(x) {
				next, found = x[i], true
			}
		}
		if !found {
			return nil, "", schemaError(path, "is %q, and there is no %q", pointer, part)
		}
		at = next
	}
	return at, pointer, nil
}

// expand makes a schema with combiners a list of those without: one for each way to
// choose of anyOf and oneOf, allOf and $ref merged in.
func (r *schemaReader) expand(schema any, path string, depth int) ([]*object, error) {
	if depth > maxSchema {
		return nil, schemaError(path, "schemas lie more than %d deep; a $ref beside other keywords cannot lead to itself", maxSchema)
	}
	if r.work++; r.work > maxExpand {
		return nil, schemaError(path, "$ref, allOf and anyOf lead to more than %d schemas; a $ref alone, without other keywords beside it, is not copied", maxExpand)
	}
	if b, ok := schema.(bool); ok && b {
		return []*object{newObject()}, nil
	}
	o, ok := schema.(*object)
	if !ok {
		return nil, schemaError(path, "is %s; it must be a schema", jsonText1(schema))
	}
	core, err := coreKeys(o, path)
	if err != nil {
		return nil, err
	}
	own := newObject()
	for _, k := range core {
		if !slices.Contains(combiners, k) {
			own.set(k, o.values[k])
		}
	}
	all := []*object{own}
	product := func(with []*object, path string) error {
		var next []*object
		var clash error
		for _, a := range all {
			for _, b := range with {
				m, err := merge(a, b, path)
				if err != nil {
					clash = err
					continue // no value is both; another pair may be
				}
				if next = append(next, m); len(next) > maxAlternatives {
					return schemaError(path, "the alternatives combine in more than %d ways", maxAlternatives)
				}
			}
		}
		if len(next) == 0 {
			return clash
		}
		all = next
		return nil
	}
	for _, k := range combiners {
		if !o.has(k) {
			continue
		}
		at := path + "/" + k
		if k == "$ref" {
			target, pointer, err := r.resolve(o, path)
			if err != nil {
				return nil, err
			}
			with, err := r.expand(target, pointer, depth+1)
			if err != nil {
				return nil, err
			}
			if err := product(with, at); err != nil {
				return nil, err
			}
			continue
		}
		list, err := schemas(o, k, path)
		if err != nil {
			return nil, err
		}
		var either []*object
		for i, x := range list {
			with, err := r.expand(x, at+"/"+strconv.Itoa(i), depth+1)
			if err != nil {
				return nil, err
			}
			if k != "allOf" {
				either = append(either, with...)
			} else if err := product(with, at); err != nil {
				return nil, err
			}
		}
		if k != "allOf" {
			if err := product(either, at); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// plain is a schema without combiners.
func (r *schemaReader) plain(o *object, core []string, name, path string, depth int) (string, error) {
	types, err := typesOf(o, core, path)
	if err != nil {
		return "", err
	}
	if o.has("const") || o.has("enum") {
		return r.constants(o, types, path)
	}
	if len(types) == 1 {
		return r.typed(o, types[0], name, path, depth)
	}
	if len(types) == 0 {
		return r.use("value"), nil
	}
	var texts []string
	for i, t := range types {
		text, err := r.typed(o, t, sub(name, "alternative-"+strconv.Itoa(i)), path, depth)
		if err != nil {
			return "", err
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " | "), nil
}

// typesOf is the types of a schema, as it names them or by its keywords; none is any.
func typesOf(o *object, core []string, path string) ([]string, error) {
	check := func(v any) (string, error) {
		s, ok := v.(string)
		if !ok || !slices.Contains(typeNames, s) {
			return "", schemaError(path+"/type", "is %s; the types are %s", jsonText1(v), strings.Join(typeNames, ", "))
		}
		return s, nil
	}
	if list, ok := o.values["type"].([]any); ok {
		var types []string
		for _, v := range list {
			s, err := check(v)
			if err != nil {
				return nil, err
			}
			if !slices.Contains(types, s) {
				types = append(types, s)
			}
		}
		if len(types) == 0 {
			return nil, schemaError(path+"/type", "is an empty list, which allows no value")
		}
		return types, nil
	}
	if o.has("type") {
		s, err := check(o.values["type"])
		return []string{s}, err
	}
	var types []string
	for _, t := range typeNames {
		for _, k := range core {
			if slices.Contains(families[t], k) && !slices.Contains(types, t) {
				types = append(types, t)
			}
		}
	}
	switch {
	case len(types) > 1:
		return nil, schemaError(path, "has keywords of %s and no type; add \"type\"", strings.Join(types, " and "))
	case len(types) == 1 && types[0] == "integer":
		return nil, schemaError(path, "has limits of numbers and no type; add \"type\": \"integer\"")
	}
	return types, nil
}

// constants is const or enum: values as they are written.
func (r *schemaReader) constants(o *object, types []string, path string) (string, error) {
	for _, t := range types {
		for _, k := range families[t] {
			if o.has(k) {
				return "", schemaError(path, "has %q beside const or enum; choose the values that fit it, and remove it", k)
			}
		}
	}
	list, ok := []any{o.values["const"]}, true
	if o.has("enum") {
		if list, ok = o.values["enum"].([]any); !ok || len(list) == 0 {
			return "", schemaError(path+"/enum", "is %s; it must be a list of values, one at least", jsonText1(o.values["enum"]))
		}
		if o.has("const") {
			list = slices.DeleteFunc(slices.Clone(list), func(v any) bool { return jsonText1(v) != jsonText1(o.values["const"]) })
		}
	}
	var texts []string
	for _, v := range list {
		if len(types) == 0 || slices.ContainsFunc(types, func(t string) bool { return isType(v, t) }) {
			texts = append(texts, literal(jsonText1(v)))
		}
	}
	if len(texts) == 0 {
		return "", schemaError(path, "no value of const or enum is of the schema's type")
	}
	return strings.Join(texts, " | "), nil
}

// typed is a schema of one type.
func (r *schemaReader) typed(o *object, t, name, path string, depth int) (string, error) {
	switch t {
	case "object":
		return r.object(o, name, path, depth)
	case "array":
		return r.array(o, name, path, depth)
	case "string":
		return r.text(o, path)
	case "integer":
		return r.integer(o, path)
	case "number":
		return r.number(o, path)
	}
	return r.use(t), nil
}

// count reads a keyword that is a whole number from 0 on; -1 if it is not there.
func count(o *object, key, path string) (int, error) {
	if !o.has(key) {
		return -1, nil
	}
	if x, ok := ratOf(o.values[key]); ok && x.IsInt() && x.Sign() >= 0 && x.Num().IsInt64() && x.Num().Int64() <= maxRepeat {
		return int(x.Num().Int64()), nil
	}
	return 0, schemaError(path+"/"+key, "is %s; it must be a whole number from 0 to %d", jsonText1(o.values[key]), maxRepeat)
}

// counts reads a pair of such keywords; max is -1 without end.
func counts(o *object, least, most, path string) (lo, hi int, err error) {
	if lo, err = count(o, least, path); err != nil {
		return 0, 0, err
	}
	if hi, err = count(o, most, path); err != nil {
		return 0, 0, err
	}
	if hi >= 0 && lo > hi {
		return 0, 0, schemaError(path, "%s is %d and %s is %d: no value is both", least, lo, most, hi)
	}
	return lo, hi, nil
}

// repeated is an item so many times.
func repeated(item string, lo, hi int) string {
	if hi < 0 {
		return fmt.Sprintf("%s{%d,}", item, lo)
	}
	return fmt.Sprintf("%s{%d,%d}", item, lo, hi)
}

func (r *schemaReader) text(o *object, path string) (string, error) {
	lo, hi, err := counts(o, "minLength", "maxLength", path)
	if err != nil {
		return "", err
	}
	long := lo > 0 || hi >= 0
	if o.has("pattern") {
		if long || o.has("format") {
			return "", schemaError(path, "has a pattern beside a format or lengths; write the lengths into the pattern, as ^.{2,5}$")
		}
		p, ok := o.values["pattern"].(string)
		if !ok {
			return "", schemaError(path+"/pattern", "is %s; it must be a text", jsonText1(o.values["pattern"]))
		}
		text, err := r.pattern(p, path+"/pattern")
		return `"\"" ` + text + ` "\""`, err
	}
	if o.has("format") {
		if long {
			return "", schemaError(path, "has a format beside lengths; remove one")
		}
		switch f := o.values["format"]; f {
		case "uuid":
			return r.use("uuid"), nil
		case "date", "time", "date-time":
			return `"\"" ` + r.use(f.(string)) + ` "\""`, nil
		default:
			return "", schemaError(path+"/format", "the format %s cannot be used; there are date, time, date-time and uuid: remove it, or write a pattern", jsonText1(f))
		}
	}
	if !long {
		return r.use("string"), nil
	}
	return `"\"" ` + repeated(r.use("char"), max(lo, 0), hi) + ` "\""`, nil
}

func (r *schemaReader) array(o *object, name, path string, depth int) (string, error) {
	if u, ok := o.values["uniqueItems"]; ok && u != false {
		return "", schemaError(path, "the keyword %q cannot be used; remove it, and check it afterwards", "uniqueItems")
	}
	lo, hi, err := counts(o, "minItems", "maxItems", path)
	if err != nil {
		return "", err
	}
	var prefix []any
	at, rest, more := "prefixItems", o.values["items"], o.has("items")
	switch x := o.values["prefixItems"].(type) {
	case nil:
		if list, ok := rest.([]any); ok {
			prefix, at = list, "items"
			rest, more = o.values["additionalItems"], o.has("additionalItems")
		} else if !more {
			rest, more = true, true
		}
	case []any:
		prefix = x
	default: // as items, which is what llama.cpp makes of it
		if more = !o.has("items"); !more {
			return "", schemaError(path+"/prefixItems", "is %s beside items; it must be a list of schemas", jsonText1(x))
		}
		rest = x
	}
	if rest == false {
		more = false
	}
	r.use("space")
	item := ""
	if more {
		if item, err = r.named(rest, sub(name, "item"), path+"/items", depth+1); err != nil {
			return "", err
		}
	}
	if len(prefix) == 0 {
		switch {
		case !more && lo > 0:
			return "", schemaError(path, "minItems is %d, and items is false: no value is both", lo)
		case !more || hi == 0:
			return `"[" space "]"`, nil
		}
		text := item
		if hi != 1 {
			text += " " + repeated(`("," space `+item+")", max(lo-1, 0), max(hi-1, -1))
		}
		if lo <= 0 {
			text = "(" + text + ")?"
		}
		return `"[" space ` + text + ` space "]"`, nil
	}
	if lo < 0 {
		lo = len(prefix)
	}
	if !more && (hi < 0 || hi > len(prefix)) {
		hi = len(prefix)
	}
	if hi >= 0 && lo > hi {
		return "", schemaError(path, "minItems is %d, and there are %d items at most: no value is both", lo, hi)
	}
	// The tuple from its end: what may be missing holds what comes after it.
	text := ""
	if more && hi != len(prefix) {
		most := -1
		if hi >= 0 {
			most = hi - len(prefix)
		}
		if most != 0 && (hi < 0 || hi > len(prefix)) {
			text = " " + repeated(`("," space `+item+")", max(lo-len(prefix), 0), most)
		}
	}
	for i := len(prefix) - 1; i >= 0; i-- {
		if hi >= 0 && i >= hi {
			continue
		}
		one, err := r.named(prefix[i], sub(name, "tuple-"+strconv.Itoa(i)), fmt.Sprintf("%s/%s/%d", path, at, i), depth+1)
		if err != nil {
			return "", err
		}
		if i > 0 {
			one = ` "," space ` + one
		}
		if text = one + text; i >= lo {
			text = " (" + text + ")?"
		}
	}
	return `"[" space ` + text + ` space "]"`, nil
}

func (r *schemaReader) object(o *object, name, path string, depth int) (string, error) {
	properties := newObject()
	if o.has("properties") {
		var ok bool
		if properties, ok = o.values["properties"].(*object); !ok {
			return "", schemaError(path+"/properties", "is %s; it must be an object of schemas", jsonText1(o.values["properties"]))
		}
	}
	var required []string
	if o.has("required") {
		list, ok := o.values["required"].([]any)
		for _, v := range list {
			s, text := v.(string)
			ok = ok && text
			if text && !slices.Contains(required, s) {
				required = append(required, s)
			}
		}
		if !ok {
			return "", schemaError(path+"/required", "is %s; it must be a list of names", jsonText1(o.values["required"]))
		}
	}
	others, open := o.values["additionalProperties"]
	if others == false {
		open = false
	}
	if len(properties.keys) == 0 && len(required) == 0 && (!o.has("additionalProperties") || others == true) {
		return r.use("object"), nil
	}
	r.use("space")
	var must, may []string // rules of "name": value
	for _, k := range properties.keys {
		value, err := r.named(properties.values[k], sub(name, k), path+"/properties/"+escapePointer(k), depth+1)
		if err != nil {
			return "", err
		}
		kv := r.rule(sub(name, k+"-kv"), literal(jsonText1(k))+` space ":" space `+value)
		if slices.Contains(required, k) {
			must = append(must, kv)
		} else {
			may = append(may, kv)
		}
	}
	loop := ""
	for _, k := range required {
		if properties.has(k) {
			continue
		}
		if !open {
			return "", schemaError(path+"/required", "requires %q, which is not among the properties; describe it there", k)
		}
		value, err := r.named(others, sub(name, "additional-value"), path+"/additionalProperties", depth+1)
		if err != nil {
			return "", err
		}
		must = append(must, r.rule(sub(name, k+"-kv"), literal(jsonText1(k))+` space ":" space `+value))
	}
	if open {
		value, err := r.named(others, sub(name, "additional-value"), path+"/additionalProperties", depth+1)
		if err != nil {
			return "", err
		}
		key := r.rule(sub(name, "additional-key"), notKeys(append(slices.Clone(properties.keys), required...)))
		loop = r.rule(sub(name, "additional-kv"), key+` space ":" space `+value)
	}
	if len(must)+len(may) == 0 && loop == "" {
		return `"{" space "}"`, nil
	}
	const comma = ` "," space `
	text := strings.Join(must, comma)
	// Those that may be missing come in order: each begins what is left of them.
	tail := ""
	if loop != "" {
		tail = "(" + comma + loop + ")*"
	}
	var begins []string
	if loop != "" {
		begins = append(begins, loop+" "+tail)
	}
	for i := len(may) - 1; i >= 0; i-- {
		begins = append([]string{may[i] + " " + tail}, begins...)
		if i > 0 || len(must) > 0 {
			tail = r.rule(sub(name, "rest-"+strconv.Itoa(i)), "("+comma+may[i]+")? "+tail)
		}
	}
	switch {
	case len(begins) == 0:
	case len(must) > 0:
		text += " " + tail
	default:
		text = "(" + strings.Join(begins, " | ") + ")?"
	}
	return `"{" space ` + text + ` space "}"`, nil
}

func escapePointer(s string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(s) }

// keyChar is a character of a key that is written without escapes.
const keyChar = `[^"\\\x7F\x00-\x1F]`

// notKeys is a key that is none of some.
func notKeys(keys []string) string {
	type node struct {
		next map[rune]*node
		ends bool
	}
	root := &node{next: map[rune]*node{}}
	for _, k := range keys {
		at := root
		for _, c := range k {
			if at.next[c] == nil {
				at.next[c] = &node{next: map[rune]*node{}}
			}
			at = at.next[c]
		}
		at.ends = true
	}
	var text func(n *node) string
	text = func(n *node) string {
		var chars []rune
		for c := range n.next {
			chars = append(chars, c)
		}
		slices.Sort(chars)
		var alts []string
		others := strings.TrimSuffix(keyChar, "]")
		for _, c := range chars {
			others += classChar(c)
			if c >= ' ' && c != '"' && c != '\\' && c != 0x7F { // else a key without escapes does not have it
				alts = append(alts, "["+classChar(c)+"] ("+text(n.next[c])+")")
			}
		}
		alts = append(alts, others+"] "+keyChar+"*")
		if !n.ends {
			alts = append(alts, `""`)
		}
		return strings.Join(alts, " | ")
	}
	return `"\"" (` + text(root) + `) "\""`
}

// number is any number; of limits it knows only 0 from below.
func (r *schemaReader) number(o *object, path string) (string, error) {
	sign := ""
	for _, k := range families["integer"] {
		if !o.has(k) {
			continue
		}
		x, ok := ratOf(o.values[k])
		if !ok {
			return "", schemaError(path+"/"+k, "is %s; it must be a number", jsonText1(o.values[k]))
		}
		if x.Sign() != 0 || k != "minimum" && k != "exclusiveMinimum" {
			return "", schemaError(path, "the keyword %q can be used with \"type\": \"integer\" only, but for a minimum of 0; remove it, and check it afterwards", k)
		}
		if sign == "" || k == "exclusiveMinimum" {
			sign = k
		}
	}
	switch sign {
	case "minimum":
		return r.use("number-from-0"), nil
	case "exclusiveMinimum":
		return r.use("number-above-0"), nil
	}
	return r.use("number"), nil
}

// integer is a whole number between limits.
func (r *schemaReader) integer(o *object, path string) (string, error) {
	var lo, hi *big.Int
	for _, k := range families["integer"] {
		if !o.has(k) {
			continue
		}
		x, ok := ratOf(o.values[k])
		if !ok {
			return "", schemaError(path+"/"+k, "is %s; it must be a number", jsonText1(o.values[k]))
		}
		floor := new(big.Int).Div(x.Num(), x.Denom()) // Euclidean: rounds down, as the denominator is positive
		switch k {
		case "minimum", "exclusiveMinimum":
			if !x.IsInt() || k == "exclusiveMinimum" {
				floor.Add(floor, big.NewInt(1))
			}
			if lo == nil || floor.Cmp(lo) > 0 {
				lo = floor
			}
		default:
			if x.IsInt() && k == "exclusiveMaximum" {
				floor.Sub(floor, big.NewInt(1))
			}
			if hi == nil || floor.Cmp(hi) < 0 {
				hi = floor
			}
		}
	}
	if lo == nil && hi == nil {
		return r.use("integer"), nil
	}
	if lo != nil && hi != nil && lo.Cmp(hi) > 0 {
		return "", schemaError(path, "no whole number is from %v to %v", lo, hi)
	}
	return integers(lo, hi), nil
}
