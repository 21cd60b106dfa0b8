package template

import (
	"errors"
	"fmt"
	"reflect"

	mirror "loupe/kernel/mirror"
)

var (
	errIncomparable = errors.New("invalid type for comparison")
	errMissing      = errors.New("missing argument for comparison")
)

// class is what comparisons tell apart.
type class int

const (
	noClass class = iota
	bools
	complexes
	ints
	floats
	texts
	uints
)

func classOf(v mirror.Value) class {
	switch {
	case v.Kind() == reflect.Bool:
		return bools
	case v.CanInt():
		return ints
	case v.CanUint():
		return uints
	case v.CanFloat():
		return floats
	case v.CanComplex():
		return complexes
	case v.Kind() == reflect.String:
		return texts
	}
	return noClass
}

func isNil(v mirror.Value) bool {
	switch v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice:
		return v.IsNil()
	}
	return false
}

// eq says whether a is one of list.
func (x *execution) eq(a mirror.Value, list ...mirror.Value) (bool, error) {
	a = held(a)
	if len(list) == 0 {
		return false, errMissing
	}
	for _, b := range list {
		is, err := x.equal(a, held(b))
		if is || err != nil {
			return is, err
		}
	}
	return false, nil
}

func (x *execution) equal(a, b mirror.Value) (bool, error) {
	ka, kb := classOf(a), classOf(b)
	switch {
	case ka == ints && kb == uints:
		return a.Int() >= 0 && uint64(a.Int()) == b.Uint(), nil
	case ka == uints && kb == ints:
		return b.Int() >= 0 && a.Uint() == uint64(b.Int()), nil
	case ka != kb:
		if a.IsValid() && b.IsValid() {
			return false, fmt.Errorf("incompatible types for comparison: %v and %v", a.Type(), b.Type())
		}
		return false, nil
	}
	switch ka {
	case bools:
		return a.Bool() == b.Bool(), nil
	case complexes:
		return a.Complex() == b.Complex(), nil
	case ints:
		return a.Int() == b.Int(), nil
	case floats:
		return a.Float() == b.Float(), nil
	case texts:
		return a.String() == b.String(), nil
	case uints:
		return a.Uint() == b.Uint(), nil
	}
	if a.Kind() != b.Kind() && a.IsValid() && b.IsValid() {
		return false, errors.New(x.host.Sprintf("non-comparable types %s: %v, %s: %v", a, a.Type(), b.Type(), b))
	}
	if isNil(a) || isNil(b) {
		return isNil(a) == isNil(b), nil
	}
	if !b.Type().Comparable() {
		return false, errors.New(x.host.Sprintf("non-comparable type %s: %v", b, b.Type()))
	}
	return x.host.Equal(a.Interface(), b.Interface()), nil
}

func lt(a, b mirror.Value) (bool, error) {
	a = held(a)
	ka := classOf(a)
	if ka == noClass {
		return false, errIncomparable
	}
	b = held(b)
	kb := classOf(b)
	if kb == noClass {
		return false, errIncomparable
	}
	switch {
	case ka == ints && kb == uints:
		return a.Int() < 0 || uint64(a.Int()) < b.Uint(), nil
	case ka == uints && kb == ints:
		return b.Int() >= 0 && a.Uint() < uint64(b.Int()), nil
	case ka != kb:
		return false, fmt.Errorf("incompatible types for comparison: %v and %v", a.Type(), b.Type())
	}
	switch ka {
	case ints:
		return a.Int() < b.Int(), nil
	case floats:
		return a.Float() < b.Float(), nil
	case texts:
		return a.String() < b.String(), nil
	case uints:
		return a.Uint() < b.Uint(), nil
	}
	return false, errIncomparable
}

func (x *execution) le(a, b mirror.Value) (bool, error) {
	if less, err := lt(a, b); less || err != nil {
		return less, err
	}
	return x.eq(a, b)
}
