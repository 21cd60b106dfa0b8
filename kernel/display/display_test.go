package display

import (
	"fmt"
	"go/token"
	"go/types"
	"reflect"
	"strings"
	"testing"
)

// staticType builds the static type of a value of unnamed types.
func staticType(t *testing.T, rt reflect.Type) types.Type {
	t.Helper()
	switch rt.Kind() {
	case reflect.Pointer:
		return types.NewPointer(staticType(t, rt.Elem()))
	case reflect.Slice:
		return types.NewSlice(staticType(t, rt.Elem()))
	case reflect.Array:
		return types.NewArray(staticType(t, rt.Elem()), int64(rt.Len()))
	case reflect.Map:
		return types.NewMap(staticType(t, rt.Key()), staticType(t, rt.Elem()))
	case reflect.Interface:
		return types.Universe.Lookup("any").Type()
	case reflect.Chan:
		return types.NewChan(types.SendRecv, staticType(t, rt.Elem()))
	case reflect.Func:
		return types.NewSignatureType(nil, nil, nil, nil, nil, false)
	case reflect.Struct:
		var fs []*types.Var
		for i := range rt.NumField() {
			f := rt.Field(i)
			fs = append(fs, types.NewField(token.NoPos, types.NewPackage("main", "main"), f.Name, staticType(t, f.Type), f.Anonymous))
		}
		return types.NewStruct(fs, nil)
	}
	for _, b := range types.Typ {
		if b.Name() == rt.Kind().String() {
			return b
		}
	}
	t.Fatalf("no type for %s", rt)
	return nil
}

type shown struct{ v Value }

func (s shown) Format(f fmt.State, verb rune) { Format(f, verb, s.v, nil) }

// TestLikeFmt: a value walked by its static type prints as fmt prints it.
func TestLikeFmt(t *testing.T) {
	n := 3
	values := []any{
		1, -7, uint8(200), int64(1) << 40, "a\"b", 2.5, float32(0.1), 1 + 2i, true, 'x',
		[]int{1, 2}, []string{"a", "b c"}, []byte("hi"), [2]bool{true, false}, []any{1, "a", nil, []int{2}},
		map[string]int{"b": 2, "a": 1}, map[int][]string{2: {"x"}, 1: nil}, map[bool]float64{true: 1, false: 0},
		struct {
			A int
			b string
			C []float64
		}{1, "x", []float64{1.5}}, &struct{ A, B int }{1, 2}, []int(nil), map[string]int(nil), (*int)(nil),
		&[]int{1}, &map[string]int{"a": 1}, [][]int{{1}, {2, 3}}, struct{ P *int }{nil}, struct{ F func() }{}, struct{}{},
	}
	for _, v := range values {
		st := staticType(t, reflect.TypeOf(v))
		for _, f := range []string{"%v", "%+v", "%#v", "%d", "%s", "%q", "%x", "%8v|", "%-8v|", "%08.3f", "%t", "%c", "%U", "%e"} {
			want := fmt.Sprintf(f, v)
			got := fmt.Sprintf(f, shown{Value{reflect.ValueOf(v), st}})
			if f == "%#v" && !strings.Contains("int string float64 bool complex128", reflect.TypeOf(v).String()) && reflect.TypeOf(v).Kind() < reflect.Array {
				continue // a sized number alone: the type is not in the text
			}
			if got != want {
				t.Errorf("%s of %T %v: got %q want %q", f, v, v, got, want)
			}
		}
	}
	if got := fmt.Sprintf("%v", shown{Value{reflect.ValueOf(&n), types.NewPointer(types.Typ[types.Int])}}); !strings.HasPrefix(got, "0x") {
		t.Errorf("a pointer is %q", got)
	}
}

// TestTypeName: names as reflection writes them.
func TestTypeName(t *testing.T) {
	for _, v := range []any{1, []string{}, map[string][]int{}, [3]*int{}, make(chan int), struct {
		A int
		B []struct{ C bool }
	}{}, struct{}{}, []any{}, func() {}} {
		rt := reflect.TypeOf(v)
		if got := TypeName(staticType(t, rt)); got != rt.String() {
			t.Errorf("got %s want %s", got, rt)
		}
	}
}
