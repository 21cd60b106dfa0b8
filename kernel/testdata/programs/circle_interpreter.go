package main

import "fmt"

type Expr interface{ Eval(env *Env) (Value, error) }
type Value struct {
	num  float64
	list []Value
	fn   *Func
}
type Func struct {
	params []string
	body   Expr
	env    *Env
}
type Env struct {
	vars   map[string]Value
	parent *Env
}
type Num float64

func (n Num) Eval(env *Env) (Value, error) { return Value{num: float64(n)}, nil }

type Var string

func (v Var) Eval(env *Env) (Value, error) {
	for e := env; e != nil; e = e.parent {
		if x, ok := e.vars[string(v)]; ok {
			return x, nil
		}
	}
	return Value{}, fmt.Errorf("unbound %s", string(v))
}

type Call struct {
	f    Expr
	args []Expr
}

func (c *Call) Eval(env *Env) (Value, error) {
	f, err := c.f.Eval(env)
	if err != nil {
		return Value{}, err
	}
	if f.fn == nil {
		return Value{}, fmt.Errorf("not a function")
	}
	in := &Env{vars: map[string]Value{}, parent: f.fn.env}
	for i, p := range f.fn.params {
		v, err := c.args[i].Eval(env)
		if err != nil {
			return Value{}, err
		}
		in.vars[p] = v
	}
	return f.fn.body.Eval(in)
}

func main() {
	global := &Env{vars: map[string]Value{"x": {num: 2}}}
	global.vars["id"] = Value{fn: &Func{params: []string{"y"}, body: Var("y"), env: global}}
	for _, e := range []Expr{Num(1), Var("x"), &Call{Var("id"), []Expr{Num(7)}}, &Call{Var("x"), nil}, Var("q")} {
		v, err := e.Eval(global)
		fmt.Println(v.num, err)
	}
}
