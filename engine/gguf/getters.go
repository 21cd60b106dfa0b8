package gguf

import "fmt"

// The typed getters return ok false when the key is absent, and an error when
// its value is of another kind. Integer kinds stand in for each other where
// the value fits, as do the two float kinds.

// wrongKind names the key, what was asked for and what is there.
func wrongKind(key, want string, v Value) error {
	kind := v.kind.String()
	if v.kind == Array {
		kind = "array of " + v.elem.String()
	}
	return fmt.Errorf("gguf: %s is of type %s (%s), not %s; the file was converted by something unknown or is damaged", key, kind, quote(v.String()), want)
}

// Uint reads an integer that must not be negative.
func (f *File) Uint(key string) (n uint64, ok bool, err error) {
	v, ok := f.Get(key)
	if !ok {
		return 0, false, nil
	}
	var i int64
	switch x := v.v.(type) {
	case uint8:
		return uint64(x), true, nil
	case uint16:
		return uint64(x), true, nil
	case uint32:
		return uint64(x), true, nil
	case uint64:
		return x, true, nil
	case int8:
		i = int64(x)
	case int16:
		i = int64(x)
	case int32:
		i = int64(x)
	case int64:
		i = x
	default:
		return 0, true, wrongKind(key, "an integer", v)
	}
	if i < 0 {
		return 0, true, fmt.Errorf("gguf: %s is %d and must not be negative", key, i)
	}
	return uint64(i), true, nil
}

// Float reads a float32 or float64.
func (f *File) Float(key string) (x float64, ok bool, err error) {
	v, ok := f.Get(key)
	if !ok {
		return 0, false, nil
	}
	switch x := v.v.(type) {
	case float32:
		return float64(x), true, nil
	case float64:
		return x, true, nil
	}
	return 0, true, wrongKind(key, "a float", v)
}

// Bool reads a bool.
func (f *File) Bool(key string) (b, ok bool, err error) {
	return get[bool](f, key, "a bool")
}

// Text reads a string. It is whatever bytes the file holds: UTF-8, as a rule.
func (f *File) Text(key string) (s string, ok bool, err error) {
	return get[string](f, key, "a string")
}

// Texts reads an array of strings. The slice is the file's own.
func (f *File) Texts(key string) (s []string, ok bool, err error) {
	return get[[]string](f, key, "an array of strings")
}

func get[T any](f *File, key, want string) (T, bool, error) {
	var zero T
	v, ok := f.Get(key)
	if !ok {
		return zero, false, nil
	}
	x, is := v.v.(T)
	if !is {
		return zero, true, wrongKind(key, want, v)
	}
	return x, true, nil
}

// Floats reads an array of float32 or float64, rounded to float32. An array of
// float32 is the file's own.
func (f *File) Floats(key string) (x []float32, ok bool, err error) {
	v, ok := f.Get(key)
	if !ok {
		return nil, false, nil
	}
	switch x := v.v.(type) {
	case []float32:
		return x, true, nil
	case []float64:
		out := make([]float32, len(x))
		for i, e := range x {
			out[i] = float32(e)
		}
		return out, true, nil
	}
	return nil, true, wrongKind(key, "an array of floats", v)
}

// Ints reads an array of any integer kind.
func (f *File) Ints(key string) (x []int, ok bool, err error) {
	v, ok := f.Get(key)
	if !ok {
		return nil, false, nil
	}
	switch x := v.v.(type) {
	case []uint8:
		return ints(key, x)
	case []int8:
		return ints(key, x)
	case []uint16:
		return ints(key, x)
	case []int16:
		return ints(key, x)
	case []uint32:
		return ints(key, x)
	case []int32:
		return ints(key, x)
	case []uint64:
		return ints(key, x)
	case []int64:
		return ints(key, x)
	}
	return nil, true, wrongKind(key, "an array of integers", v)
}

func ints[T uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64](key string, x []T) ([]int, bool, error) {
	out := make([]int, len(x))
	for i, e := range x {
		n := int(e)
		if T(n) != e || (n < 0) != (e < 0) {
			return nil, true, fmt.Errorf("gguf: element %d of %s is %d, which does not fit an int", i, key, e)
		}
		out[i] = n
	}
	return out, true, nil
}
