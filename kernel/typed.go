package kernel

import (
	"fmt"
	"go/types"
	"reflect"

	"loupe/kernel/display"
)

// A box stands for a value of a cell's type where a library asks for the type, as a
// chain's structured answers do: it tells the form that encoding/json decodes, and
// makes new values.

// JSONType is the type that encoding/json decodes in place of the cell's.
func (b box) JSONType() (reflect.Type, error) {
	d := decoder{g: b.t.reg}
	if d.custom(deref(b.t.typ), map[types.Type]bool{}) {
		return nil, fmt.Errorf("loupe cannot make a schema of the cell type %s: it, or what is in it, embeds a type or decodes itself; write the fields out", b.t.reg.name(b.t.typ))
	}
	return b.t.rt, nil
}

// FromJSON is a new value of the type.
func (b box) FromJSON(data []byte) (any, error) {
	d := decoder{g: b.t.reg}
	v := reflect.New(b.t.rt).Elem()
	d.value(data, display.Value{V: v, T: b.t.typ}, nil)
	return box{b.t, v.Interface()}, d.err
}
