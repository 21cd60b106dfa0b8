package reflect

import "reflect"

// Call calls the function v.
func (v Value) Call(in []Value) []Value {
	v.mustBe("reflect.Value.Call", reflect.Func)
	v.mustBeExported("reflect.Value.Call")
	return v.call("Call", in)
}

// CallSlice calls the variadic function v with a slice for what varies.
func (v Value) CallSlice(in []Value) []Value {
	v.mustBe("reflect.Value.CallSlice", reflect.Func)
	v.mustBeExported("reflect.Value.CallSlice")
	return v.call("CallSlice", in)
}

func (v Value) call(op string, in []Value) []Value {
	var f reflect.Value
	switch {
	case v.m != nil && v.m.recv.IsValid():
		f = v.m.function(v.m.recv, op)
	case v.m != nil:
		f = v.m.value(v.t, op)
	default:
		if f = v.val(); f.IsNil() {
			fail("reflect.Value.Call: call of nil function")
		}
	}
	t := v.t
	n, variadic := t.NumIn(), t.IsVariadic()
	if op == "CallSlice" {
		switch {
		case !variadic:
			fail("reflect: CallSlice of non-variadic function")
		case len(in) < n:
			fail("reflect: CallSlice with too few input arguments")
		case len(in) > n:
			fail("reflect: CallSlice with too many input arguments")
		}
		variadic = false
	} else {
		if variadic {
			n--
		}
		switch {
		case len(in) < n:
			fail("reflect: Call with too few input arguments")
		case !variadic && len(in) > n:
			fail("reflect: Call with too many input arguments")
		}
	}
	for _, x := range in {
		if !x.IsValid() {
			fail("reflect: " + op + " using zero Value argument")
		}
	}
	for i, x := range in[:n] {
		if !x.t.AssignableTo(t.in(i)) {
			fail("reflect: " + op + " using " + x.t.String() + " as type " + t.in(i).String())
		}
	}
	args := make([]reflect.Value, 0, n+1)
	if variadic {
		elem := t.in(n).elem()
		rest := MakeSlice(t.in(n), len(in)-n, len(in)-n)
		for i, x := range in[n:] {
			if !x.t.AssignableTo(elem) {
				fail("reflect: cannot use " + x.t.String() + " as type " + elem.String() + " in " + op)
			}
			rest.Index(i).Set(x)
		}
		for i, x := range in[:n] {
			x.mustBeExported("reflect.Value." + op)
			args = append(args, fit(x.as(t.in(i)), f.Type().In(i)))
		}
		args = append(args, fit(rest.val(), f.Type().In(n)))
	} else {
		for i, x := range in {
			x.mustBeExported("reflect.Value." + op)
			args = append(args, fit(x.as(t.in(i)), f.Type().In(i)))
		}
	}
	var out []reflect.Value
	if f.Type().IsVariadic() {
		out = f.CallSlice(args)
	} else {
		out = f.Call(args)
	}
	results := make([]Value, len(out))
	for i, x := range out {
		results[i] = Value{t: t.out(i), v: x}
	}
	return results
}

// fit gives x the type that a function of the interpreter has for it.
func fit(x reflect.Value, t reflect.Type) reflect.Value {
	if x.Type() == t || x.Type().AssignableTo(t) || !x.CanConvert(t) {
		return x
	}
	return x.Convert(t)
}

// MakeFunc is a function of a type that calls fn.
func MakeFunc(typ Type, fn func(args []Value) (results []Value)) Value {
	if typ.Kind() != reflect.Func {
		fail("reflect: call of MakeFunc with non-Func type")
	}
	t := typ.mirror()
	f := reflect.MakeFunc(t.shape(), func(args []reflect.Value) []reflect.Value {
		in := make([]Value, len(args))
		for i, x := range args {
			in[i] = Value{t: t.in(i), v: x}
		}
		out := fn(in)
		if len(out) != t.NumOut() {
			fail("reflect: wrong return count from function created by MakeFunc")
		}
		results := make([]reflect.Value, len(out))
		for i, x := range out {
			if !x.IsValid() {
				refuse("a function made by reflect.MakeFunc that returned a zero Value")
			}
			if x.flag&anyRO != 0 {
				refuse("a function made by reflect.MakeFunc that returned a value obtained from an unexported field")
			}
			results[i] = fit(x.assign("reflect.MakeFunc", t.out(i)), t.shape().Out(i))
		}
		return results
	})
	return Value{t: t, v: f}
}
