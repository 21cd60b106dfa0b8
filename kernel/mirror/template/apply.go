package template

import (
	"fmt"
	"reflect"
	"text/template/parse"

	mirror "loupe/kernel/mirror"
)

// apply calls a function or a method, which has its receiver. args begins with
// the function itself, unless it is nil.
func (x *execution) apply(dot, f mirror.Value, builtin bool, n parse.Node, name string, args []parse.Node, last final) mirror.Value {
	if args != nil {
		args = args[1:]
	}
	t := f.Type()
	given, fixed := len(args), t.NumIn()
	if last != nil {
		given++
	}
	if t.IsVariadic() {
		fixed--
		if given < fixed {
			x.fail("wrong number of args for %s: want at least %d got %d", name, fixed, len(args))
		}
	} else if given != fixed {
		x.fail("wrong number of args for %s: want %d got %d", name, fixed, given)
	}
	if err := GoodFunc(name, t); err != nil {
		x.fail("%v", err)
	}
	// param is the type of the ith argument.
	param := func(i int) mirror.Type {
		if t.IsVariadic() && i >= fixed {
			return t.In(fixed).Elem()
		}
		return t.In(i)
	}
	if builtin && (name == "and" || name == "or") {
		var v mirror.Value
		for _, a := range args {
			v = opened(x.argument(dot, valueType, a))
			if truth(v) == (name == "or") {
				return v
			}
		}
		if last != nil {
			v = opened(x.fit(*last, valueType))
		}
		return v
	}
	var in []mirror.Value
	for i, a := range args {
		in = append(in, x.argument(dot, param(i), a))
	}
	if last != nil {
		in = append(in, x.fit(*last, param(len(args))))
	}
	if name[0] == '_' && !builtin {
		for i := range in {
			in[i] = escapable(name, in[i], len(in))
		}
	}
	if builtin && name == "call" {
		callee := ""
		if len(args) > 0 {
			callee = args[0].String()
		} else {
			callee = (*last).String()
		}
		in = append([]mirror.Value{mirror.ValueOf(callee)}, in...)
		f = mirror.ValueOf(x.callFunc)
	}
	v, err := x.safely(f, in)
	if err != nil {
		x.node = n
		x.fail("error calling %s: %w", name, err)
	}
	return opened(v)
}

// opened is what a reflect.Value holds.
func opened(v mirror.Value) mirror.Value {
	if v.IsValid() && v.Type() == valueType {
		return v.Interface().(mirror.Value)
	}
	return v
}

// safely calls a function; its panic is an error.
func (x *execution) safely(f mirror.Value, in []mirror.Value) (v mirror.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = x.host.Caught(r)
		}
	}()
	out := f.Call(in)
	if len(out) == 2 && !out[1].IsNil() {
		return out[0], mirror.Error(out[1])
	}
	return out[0], nil
}

// GoodFunc says what is wrong with the type of a function for templates.
func GoodFunc(name string, t mirror.Type) error {
	switch n := t.NumOut(); {
	case n == 1, n == 2 && t.Out(1) == errorType:
		return nil
	case n == 2:
		return fmt.Errorf("invalid function signature for %s: second return value should be error; is %s", name, t.Out(1))
	default:
		return fmt.Errorf("function %s has %d return values; should be 1 or 2", name, n)
	}
}

// nilable says whether nil is a value of a type.
func nilable(t mirror.Type) bool {
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice:
		return true
	}
	return t == valueType
}

// fit is a value as one of a type, nil for any.
func (x *execution) fit(v mirror.Value, t mirror.Type) mirror.Value {
	if !v.IsValid() {
		if t == nil {
			return mirror.Value{}
		}
		if !nilable(t) {
			x.fail("invalid value; expected %s", t)
		}
		return mirror.Zero(t)
	}
	if t == nil {
		return v
	}
	if t == valueType && v.Type() != t {
		return mirror.ValueOf(v)
	}
	if v.Type().AssignableTo(t) {
		return v
	}
	if v.Kind() == reflect.Interface && !v.IsNil() {
		if v = v.Elem(); v.Type().AssignableTo(t) {
			return v
		}
	}
	switch { // one step to or from a pointer
	case v.Kind() == reflect.Pointer && v.Type().Elem().AssignableTo(t):
		if v = v.Elem(); !v.IsValid() {
			x.fail("dereference of nil pointer of type %s", t)
		}
	case v.CanAddr() && mirror.PointerTo(v.Type()).AssignableTo(t):
		v = v.Addr()
	default:
		x.fail("wrong type for value; expected %s; got %s", t, v.Type())
	}
	return v
}

// argument is a node as an argument of a type, nil for any.
func (x *execution) argument(dot mirror.Value, t mirror.Type, node parse.Node) mirror.Value {
	x.node = node
	switch n := node.(type) {
	case *parse.DotNode:
		return x.fit(dot, t)
	case *parse.NilNode:
		if !nilable(t) {
			x.fail("cannot assign nil to %s", t)
		}
		return mirror.Zero(t)
	case *parse.FieldNode:
		return x.fit(x.fieldNode(dot, n, []parse.Node{node}, nil), t)
	case *parse.VariableNode:
		return x.fit(x.variableNode(dot, n, nil, nil), t)
	case *parse.PipeNode:
		return x.fit(x.pipeline(dot, n), t)
	case *parse.IdentifierNode:
		return x.fit(x.function(dot, n, n, nil, nil), t)
	case *parse.ChainNode:
		return x.fit(x.chainNode(dot, n, nil, nil), t)
	}
	if t == nil {
		nilType()
	}
	if t == valueType {
		return mirror.ValueOf(x.whatever(dot, node))
	}
	if t.Kind() == reflect.Interface && t.NumMethod() == 0 {
		return x.whatever(dot, node)
	}
	return x.constant(t, node)
}

// nilType fails as asking a nil type for its kind does.
func nilType() {
	var t mirror.Type
	t.Kind()
}

// constant is a constant of a type.
func (x *execution) constant(t mirror.Type, node parse.Node) mirror.Value {
	v := mirror.Zero(t)
	number, _ := node.(*parse.NumberNode)
	set, what := mirror.New(t).Elem(), ""
	switch k := t.Kind(); {
	case k == reflect.Bool:
		if n, ok := node.(*parse.BoolNode); ok {
			set.SetBool(n.True)
			return set
		}
		what = "bool"
	case k == reflect.String:
		if n, ok := node.(*parse.StringNode); ok {
			set.SetString(n.Text)
			return set
		}
		what = "string"
	case v.CanInt():
		if number != nil && number.IsInt {
			set.SetInt(number.Int64)
			return set
		}
		what = "integer"
	case v.CanUint():
		if number != nil && number.IsUint {
			set.SetUint(number.Uint64)
			return set
		}
		what = "unsigned integer"
	case v.CanFloat():
		if number != nil && number.IsFloat {
			set.SetFloat(number.Float64)
			return set
		}
		what = "float"
	case v.CanComplex():
		if number != nil && number.IsComplex {
			set.SetComplex(number.Complex128)
			return set
		}
		what = "complex"
	default:
		x.fail("can't handle %s for arg of type %s", node, t)
	}
	x.fail("expected %s; found %s", what, node)
	return v
}

// whatever is a constant for a parameter that takes anything.
func (x *execution) whatever(dot mirror.Value, node parse.Node) mirror.Value {
	x.node = node
	switch n := node.(type) {
	case *parse.BoolNode:
		return mirror.ValueOf(n.True)
	case *parse.StringNode:
		return mirror.ValueOf(n.Text)
	case *parse.NumberNode:
		return x.number(n)
	}
	x.fail("can't handle assignment of %s to empty interface argument", node)
	return mirror.Value{}
}
