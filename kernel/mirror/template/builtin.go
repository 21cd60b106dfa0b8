package template

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"text/template"

	mirror "loupe/kernel/mirror"
)

// builtin is a predefined function.
func (x *execution) builtin(name string) (mirror.Value, bool) {
	f, ok := builtins[name]
	if !ok {
		switch name {
		case "print":
			f = x.host.Sprint
		case "printf":
			f = x.host.Sprintf
		case "println":
			f = x.host.Sprintln
		case "html":
			f = func(args ...any) string { return template.HTMLEscapeString(x.text(args)) }
		case "js":
			f = func(args ...any) string { return template.JSEscapeString(x.text(args)) }
		case "urlquery":
			f = func(args ...any) string { return url.QueryEscape(x.text(args)) }
		case "eq":
			f = x.eq
		case "ne":
			f = func(a, b mirror.Value) (bool, error) { return not(x.eq(a, b)) }
		case "le":
			f = x.le
		case "gt":
			f = func(a, b mirror.Value) (bool, error) { return not(x.le(a, b)) }
		default:
			return mirror.Value{}, false
		}
	}
	return mirror.ValueOf(f), true
}

// builtins are the predefined functions that print nothing.
var builtins = map[string]any{
	"and":   func(mirror.Value, ...mirror.Value) mirror.Value { return mirror.Value{} }, // see apply
	"or":    func(mirror.Value, ...mirror.Value) mirror.Value { return mirror.Value{} },
	"call":  func(mirror.Value, ...mirror.Value) mirror.Value { return mirror.Value{} },
	"not":   func(v mirror.Value) bool { return !truth(v) },
	"len":   length,
	"index": index,
	"slice": slice,
	"lt":    lt,
	"ge":    func(a, b mirror.Value) (bool, error) { return not(lt(a, b)) },
}

func not(is bool, err error) (bool, error) { return err == nil && !is, err }

func truth(v mirror.Value) bool {
	is, _ := isTrue(held(v))
	return is
}

// text is what the escaping functions escape.
func (x *execution) text(args []any) string {
	if len(args) == 1 {
		if s, ok := args[0].(string); ok {
			return s
		}
	}
	for i, a := range args {
		if p, ok := printable(mirror.ValueOf(a)); ok {
			args[i] = p
		}
	}
	return x.host.Sprint(args...)
}

// position is an index of something of a length.
func position(i mirror.Value, length int) (int, error) {
	var n int64
	switch {
	case i.CanInt():
		n = i.Int()
	case i.CanUint():
		n = int64(i.Uint())
	case !i.IsValid():
		return 0, errors.New("cannot index slice/array with nil")
	default:
		return 0, fmt.Errorf("cannot index slice/array with type %s", i.Type())
	}
	if n < 0 || int(n) < 0 || int(n) > length {
		return 0, fmt.Errorf("index out of range: %d", n)
	}
	return int(n), nil
}

func index(v mirror.Value, at ...mirror.Value) (mirror.Value, error) {
	none := mirror.Value{}
	if v = held(v); !v.IsValid() {
		return none, errors.New("index of untyped nil")
	}
	for _, i := range at {
		i = held(i)
		var isNil bool
		if v, isNil = indirect(v); isNil {
			return none, errors.New("index of nil pointer")
		}
		switch v.Kind() {
		case reflect.Array, reflect.Slice, reflect.String:
			n, err := position(i, v.Len())
			if err != nil {
				return none, err
			}
			v = v.Index(n)
		case reflect.Map:
			key, err := suited(i, v.Type().Key())
			if err != nil {
				return none, err
			}
			if e := v.MapIndex(key); e.IsValid() {
				v = e
			} else {
				v = mirror.Zero(v.Type().Elem())
			}
		default:
			return none, fmt.Errorf("can't index item of type %s", v.Type())
		}
	}
	return v, nil
}

// suited is a value as an argument of a type.
func suited(v mirror.Value, t mirror.Type) (mirror.Value, error) {
	if !v.IsValid() {
		if !nilable(t) {
			return v, fmt.Errorf("value is nil; should be of type %s", t)
		}
		v = mirror.Zero(t)
	}
	if v.Type().AssignableTo(t) {
		return v, nil
	}
	if whole(v.Kind()) && whole(t.Kind()) && v.Type().ConvertibleTo(t) {
		return v.Convert(t), nil
	}
	return mirror.Value{}, fmt.Errorf("value has type %s; should be %s", v.Type(), t)
}

func whole(k reflect.Kind) bool { return reflect.Int <= k && k <= reflect.Uintptr }

func slice(v mirror.Value, at ...mirror.Value) (mirror.Value, error) {
	none := mirror.Value{}
	if v = held(v); !v.IsValid() {
		return none, errors.New("slice of untyped nil")
	}
	v, isNil := indirect(v)
	if isNil {
		return none, errors.New("slice of nil pointer")
	}
	if len(at) > 3 {
		return none, fmt.Errorf("too many slice indexes: %d", len(at))
	}
	limit := 0
	switch v.Kind() {
	case reflect.String:
		if len(at) == 3 {
			return none, errors.New("cannot 3-index slice a string")
		}
		limit = v.Len()
	case reflect.Array, reflect.Slice:
		limit = v.Cap()
	default:
		return none, fmt.Errorf("can't slice item of type %s", v.Type())
	}
	bounds := [3]int{0, v.Len()}
	for i, a := range at {
		n, err := position(a, limit)
		if err != nil {
			return none, err
		}
		bounds[i] = n
	}
	if bounds[0] > bounds[1] {
		return none, fmt.Errorf("invalid slice index: %d > %d", bounds[0], bounds[1])
	}
	if len(at) < 3 {
		return v.Slice(bounds[0], bounds[1]), nil
	}
	if bounds[1] > bounds[2] {
		return none, fmt.Errorf("invalid slice index: %d > %d", bounds[1], bounds[2])
	}
	return v.Slice3(bounds[0], bounds[1], bounds[2]), nil
}

func length(v mirror.Value) (int, error) {
	v, isNil := indirect(v)
	if isNil {
		return 0, errors.New("len of nil pointer")
	}
	switch v.Kind() {
	case reflect.Array, reflect.Chan, reflect.Map, reflect.Slice, reflect.String:
		return v.Len(), nil
	}
	return 0, fmt.Errorf("len of type %s", v.Type())
}

// callFunc is the predefined function call, which is told the callee's name.
func (x *execution) callFunc(name string, f mirror.Value, args ...mirror.Value) (mirror.Value, error) {
	none := mirror.Value{}
	if f = held(f); !f.IsValid() {
		return none, errors.New("call of nil")
	}
	t := f.Type()
	if t.Kind() != reflect.Func {
		return none, fmt.Errorf("non-function %s of type %s", name, t)
	}
	if err := GoodFunc(name, t); err != nil {
		return none, err
	}
	fixed := t.NumIn()
	if t.IsVariadic() {
		if fixed--; len(args) < fixed {
			return none, fmt.Errorf("wrong number of args for %s: got %d want at least %d", name, len(args), fixed)
		}
	} else if len(args) != fixed {
		return none, fmt.Errorf("wrong number of args for %s: got %d want %d", name, len(args), fixed)
	}
	in := make([]mirror.Value, len(args))
	for i, a := range args {
		want := t.In(min(i, fixed))
		if i >= fixed {
			want = want.Elem()
		}
		var err error
		if in[i], err = suited(held(a), want); err != nil {
			return none, fmt.Errorf("arg %d: %w", i, err)
		}
	}
	return x.safely(f, in)
}
