package template

import (
	"reflect"
	"strings"
	"text/template/parse"

	mirror "loupe/kernel/mirror"
)

// final is the value that a pipeline gives to its next command as its last
// argument; nil for the first command.
type final *mirror.Value

func (x *execution) pipeline(dot mirror.Value, p *parse.PipeNode) mirror.Value {
	if p == nil {
		return mirror.Value{}
	}
	x.node = p
	var last final
	for _, c := range p.Cmds {
		v := x.command(dot, c, last)
		if v.Kind() == reflect.Interface && v.Type().NumMethod() == 0 {
			v = v.Elem()
		}
		last = &v
	}
	for _, d := range p.Decl {
		if p.IsAssign {
			x.variable(d.Ident[0]).v = *last
		} else {
			x.declare(d.Ident[0], *last)
		}
	}
	return *last
}

func (x *execution) command(dot mirror.Value, c *parse.CommandNode, last final) mirror.Value {
	switch n := c.Args[0].(type) {
	case *parse.FieldNode:
		return x.fieldNode(dot, n, c.Args, last)
	case *parse.ChainNode:
		return x.chainNode(dot, n, c.Args, last)
	case *parse.VariableNode:
		return x.variableNode(dot, n, c.Args, last)
	case *parse.IdentifierNode:
		return x.function(dot, n, c, c.Args, last)
	case *parse.PipeNode:
		x.noArguments(c.Args, last)
		return x.pipeline(dot, n)
	}
	x.node = c.Args[0]
	x.noArguments(c.Args, last)
	switch n := c.Args[0].(type) {
	case *parse.DotNode:
		return dot
	case *parse.BoolNode:
		return mirror.ValueOf(n.True)
	case *parse.StringNode:
		return mirror.ValueOf(n.Text)
	case *parse.NumberNode:
		return x.number(n)
	case *parse.NilNode:
		x.fail("nil is not a command")
	}
	x.fail("can't evaluate command %q", c.Args[0])
	return mirror.Value{}
}

func (x *execution) noArguments(args []parse.Node, last final) {
	if len(args) > 1 || last != nil {
		x.fail("can't give argument to non-function %s", args[0])
	}
}

// number is a number whose type only its text tells.
func (x *execution) number(n *parse.NumberNode) mirror.Value {
	x.node = n
	hex := len(n.Text) > 2 && strings.EqualFold(n.Text[:2], "0x") && !strings.ContainsAny(n.Text, "pP")
	char := strings.HasPrefix(n.Text, "'")
	switch {
	case n.IsComplex:
		return mirror.ValueOf(n.Complex128)
	case n.IsFloat && !hex && !char && strings.ContainsAny(n.Text, ".eEpP"):
		return mirror.ValueOf(n.Float64)
	case n.IsInt:
		if int64(int(n.Int64)) != n.Int64 {
			x.fail("%s overflows int", n.Text)
		}
		return mirror.ValueOf(int(n.Int64))
	case n.IsUint:
		x.fail("%s overflows int", n.Text)
	}
	return mirror.Value{}
}

func (x *execution) fieldNode(dot mirror.Value, n *parse.FieldNode, args []parse.Node, last final) mirror.Value {
	x.node = n
	return x.chain(dot, dot, n, n.Ident, args, last)
}

func (x *execution) chainNode(dot mirror.Value, n *parse.ChainNode, args []parse.Node, last final) mirror.Value {
	x.node = n
	if len(n.Field) == 0 {
		x.fail("internal error: no fields in evalChainNode")
	}
	if n.Node.Type() == parse.NodeNil {
		x.fail("indirection through explicit nil in %s", n)
	}
	return x.chain(dot, x.argument(dot, nil, n.Node), n, n.Field, args, last)
}

func (x *execution) variableNode(dot mirror.Value, n *parse.VariableNode, args []parse.Node, last final) mirror.Value {
	x.node = n
	v := x.variable(n.Ident[0]).v
	if len(n.Ident) == 1 {
		x.noArguments(args, last)
		return v
	}
	return x.chain(dot, v, n, n.Ident[1:], args, last)
}

// chain is .A.B.C of a receiver; only the last one takes the arguments.
func (x *execution) chain(dot, recv mirror.Value, n parse.Node, names []string, args []parse.Node, last final) mirror.Value {
	end := len(names) - 1
	for _, name := range names[:end] {
		recv = x.field(dot, recv, name, n, nil, nil)
	}
	return x.field(dot, recv, names[end], n, args, last)
}

// field is a method's result, a field, or a map's element.
func (x *execution) field(dot, recv mirror.Value, name string, n parse.Node, args []parse.Node, last final) mirror.Value {
	if !recv.IsValid() {
		if x.inside.missing == 2 {
			x.fail("nil data; no entry for key %q", name)
		}
		return mirror.Value{}
	}
	typ := recv.Type()
	recv, isNil := indirect(recv)
	if recv.Kind() == reflect.Interface && isNil {
		x.fail("nil pointer evaluating %s.%s", typ, name)
	}
	whole := recv // with the methods of a pointer to it, if there can be one
	if k := recv.Kind(); k != reflect.Interface && k != reflect.Pointer && recv.CanAddr() {
		whole = recv.Addr()
	}
	if m := whole.MethodByName(name); m.IsValid() {
		return x.apply(dot, m, false, n, name, args, last)
	}
	given := len(args) > 1 || last != nil
	switch recv.Kind() {
	case reflect.Struct:
		f, ok := recv.Type().FieldByName(name)
		if !ok {
			break
		}
		v, err := recv.FieldByIndexErr(f.Index)
		switch {
		case !f.IsExported():
			x.fail("%s is an unexported field of struct type %s", name, typ)
		case err != nil:
			x.fail("%v", err)
		case given:
			x.fail("%s has arguments but cannot be invoked as function", name)
		}
		return v
	case reflect.Map:
		key := mirror.ValueOf(name)
		if !key.Type().AssignableTo(recv.Type().Key()) {
			break
		}
		if given {
			x.fail("%s is not a method but has arguments", name)
		}
		v := recv.MapIndex(key)
		if !v.IsValid() && x.inside.missing == 1 {
			v = mirror.Zero(recv.Type().Elem())
		}
		if !v.IsValid() && x.inside.missing == 2 {
			x.fail("map has no entry for key %q", name)
		}
		return v
	case reflect.Pointer: // which is nil
		if e := recv.Type().Elem(); e.Kind() == reflect.Struct {
			if _, ok := e.FieldByName(name); !ok {
				break
			}
		}
		x.fail("nil pointer evaluating %s.%s", typ, name)
	}
	x.fail("can't evaluate field %s in type %s", name, typ)
	return mirror.Value{}
}

func (x *execution) function(dot mirror.Value, n *parse.IdentifierNode, cmd parse.Node, args []parse.Node, last final) mirror.Value {
	x.node = n
	f, builtin, ok := x.find(n.Ident)
	if !ok {
		x.fail("%q is not a defined function", n.Ident)
	}
	return x.apply(dot, f, builtin, cmd, n.Ident, args, last)
}
