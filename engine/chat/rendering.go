package chat

import (
	"fmt"
	"time"

	"github.com/ardanlabs/jinja"
)

// rendering is the state of one Render: the functions that a template may call
// and the limits that it meets.
type rendering struct {
	now        time.Time
	turns      int // of loops, that are left
	depth      int // of macros
	output     int // bytes printed so far, macros' and set blocks' included
	namespaces map[*jinja.Dict]bool
}

func (r *rendering) raise(a []value, kw kwargs) (value, error) {
	s := ""
	if len(a) > 0 {
		s = pyStr(a[0])
	}
	return jinja.Undefined(), &RaisedError{s}
}

func (r *rendering) strftimeNow(a []value, kw kwargs) (value, error) {
	if len(a) != 1 || !a[0].IsString() {
		return jinja.Undefined(), fmt.Errorf("strftime_now takes a format")
	}
	s, err := strftime(r.now, a[0].AsString())
	return jinja.NewString(s), err
}

func (r *rendering) namespace(a []value, kw kwargs) (value, error) {
	v := jinja.NewDict()
	for name, x := range kw {
		kept, err := r.store([]value{x}, nil)
		if err != nil {
			return v, err
		}
		v.AsDict().Set(name, kept)
	}
	r.namespaces[v.AsDict()] = true
	return v, nil
}

// numbers is range, with the limit of Jinja2's sandbox.
func (r *rendering) numbers(a []value, kw kwargs) (value, error) {
	bounds := []int64{0, 0, 1}
	for i, v := range a {
		if !v.IsInt() || len(a) > 3 {
			return jinja.Undefined(), fmt.Errorf("range takes 1 to 3 integers")
		}
		if len(a) == 1 {
			i = 1
		}
		bounds[i] = v.AsInt()
	}
	start, stop, step := bounds[0], bounds[1], bounds[2]
	if len(a) == 0 || step == 0 {
		return jinja.Undefined(), fmt.Errorf("range takes 1 to 3 integers, the third not 0")
	}
	const most = 100_000
	var l []value
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		if len(l) == most {
			return jinja.Undefined(), fmt.Errorf("range of more than %d numbers", most)
		}
		l = append(l, jinja.NewInt(i))
		if next := i + step; step > 0 && next < i || step < 0 && next > i {
			break
		}
	}
	return jinja.NewList(l), nil
}

// print turns an output into text.
func (r *rendering) print(a []value, kw kwargs) (value, error) {
	s := pyStr(a[0])
	if r.output += len(s); r.output > maxOutput {
		return jinja.Undefined(), fmt.Errorf("it prints more than %d MiB", maxOutput>>20)
	}
	return jinja.NewString(s), nil
}

// keep checks what a variable is set to. A text that doubles at every turn, a
// list in a list in a list and a namespace that holds itself would exhaust
// memory or the stack, which cannot be recovered from.
func (r *rendering) keep(a []value, kw kwargs) (value, error) {
	return a[0], r.check(a[0], 0)
}

// store is keep for a namespace's field.
func (r *rendering) store(a []value, kw kwargs) (value, error) {
	return a[0], r.check(a[0], 1)
}

func (r *rendering) check(v value, depth int) error {
	var inner []value
	switch {
	case depth > maxDepth:
		return fmt.Errorf("a value is nested more than %d deep", maxDepth)
	case v.IsString() && len(v.AsString()) > maxOutput:
		return fmt.Errorf("a text has more than %d MiB", maxOutput>>20)
	case v.IsDict() && depth > 0 && r.namespaces[v.AsDict()]:
		return fmt.Errorf("a namespace may not be put into another value")
	case v.IsList():
		inner = v.AsList().Items
	case v.IsDict():
		l, err := values(v.AsDict(), args{})
		if err != nil {
			return err
		}
		inner = l.AsList().Items
	}
	for _, x := range inner {
		if err := r.check(x, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// turn counts a turn of a loop.
func (r *rendering) turn(a []value, kw kwargs) (value, error) {
	if r.turns--; r.turns < 0 {
		return jinja.Undefined(), fmt.Errorf("its loops take more than %d turns", maxTurns)
	}
	return jinja.NewString(""), nil
}

// enter and leave count the macros that are at work.
func (r *rendering) enter(a []value, kw kwargs) (value, error) {
	if r.depth++; r.depth > maxDepth {
		return jinja.Undefined(), fmt.Errorf("macros call each other more than %d deep", maxDepth)
	}
	return jinja.NewString(""), nil
}

func (r *rendering) leave(a []value, kw kwargs) (value, error) {
	r.depth--
	return jinja.NewString(""), nil
}
