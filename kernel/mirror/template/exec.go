package template

import (
	"fmt"
	"io"
	"iter"
	"reflect"
	"strings"
	"text/template"
	"text/template/parse"

	mirror "loupe/kernel/mirror"
)

// Host is what the evaluator asks of the kernel.
type Host interface {
	// Sprint, Sprintf and Sprintln are those of fmt that know boxes.
	Sprint(a ...any) string
	Sprintf(format string, a ...any) string
	Sprintln(a ...any) string
	// Equal is == of two interfaces.
	Equal(a, b any) bool
	// Caught is the error that text/template makes of a panic in a function; a
	// panic that nothing may catch goes on.
	Caught(r any) error
	// Wait is that of receiving from a channel.
	Wait() mirror.Wait
}

// maxDepth is how deep templates may call templates.
const maxDepth = 100000

// execution is one execution of a template.
type execution struct {
	host   Host
	inside inside
	tmpl   *template.Template
	w      io.Writer
	node   parse.Node // where it is, for errors
	vars   []variable
	depth  int
}

type variable struct {
	name string
	v    mirror.Value
}

// flow says what comes after a node.
type flow int

const (
	onward    flow = iota
	breaks         // the loop around ends
	continues      // the loop around goes on with the next element
)

// failed is the panic that ends an execution with an error.
type failed struct{ err error }

// Execute is t.Execute.
func Execute(t *template.Template, w io.Writer, data any, host Host) (err error) {
	x := &execution{host: host, inside: open(t), tmpl: t, w: w}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case failed:
			err = r.err
		default:
			panic(r)
		}
	}()
	dot, ok := data.(mirror.Value)
	if !ok {
		dot = mirror.ValueOf(data)
	}
	x.vars = []variable{{"$", dot}}
	if t.Tree == nil || t.Root == nil {
		x.fail("%q is an incomplete or empty template", t.Name())
	}
	x.walk(dot, t.Root)
	return nil
}

// ExecuteTemplate is t.ExecuteTemplate.
func ExecuteTemplate(t *template.Template, w io.Writer, name string, data any, host Host) error {
	named := t.Lookup(name)
	if named == nil {
		return fmt.Errorf("template: no template %q associated with template %q", name, t.Name())
	}
	return Execute(named, w, data, host)
}

// fail ends the execution with an error at the node. %v of a Value is what it
// holds, %w an error that is wrapped.
func (x *execution) fail(format string, args ...any) {
	var wrapped error
	for i, a := range args {
		if v, ok := a.(mirror.Value); ok {
			args[i] = x.host.Sprint(v)
		}
		if e, ok := a.(error); ok && strings.Contains(format, "%w") {
			wrapped = e
		}
	}
	text := fmt.Sprintf(strings.ReplaceAll(format, "%w", "%v"), args...)
	name := x.tmpl.Name()
	if x.node == nil {
		text = "template: " + name + ": " + text
	} else {
		where, what := x.tmpl.ErrorContext(x.node)
		text = fmt.Sprintf("template: %s: executing %q at <%s>: %s", where, name, what, text)
	}
	panic(failed{template.ExecError{Name: name, Err: wrap(text, wrapped)}})
}

// wrap is an error with a text, of the type that fmt.Errorf gives it.
func wrap(text string, err error) error {
	if err == nil {
		return fmt.Errorf("%s", text)
	}
	before, _ := strings.CutSuffix(text, err.Error())
	return fmt.Errorf("%s%w", before, err)
}

func (x *execution) write(b []byte) {
	if _, err := x.w.Write(b); err != nil {
		panic(failed{err})
	}
}

func (x *execution) declare(name string, v mirror.Value) { x.vars = append(x.vars, variable{name, v}) }

// variable is the innermost variable of a name.
func (x *execution) variable(name string) *variable {
	for i := len(x.vars) - 1; i >= 0; i-- {
		if x.vars[i].name == name {
			return &x.vars[i]
		}
	}
	x.fail("undefined variable: %s", name)
	return nil
}

func (x *execution) walk(dot mirror.Value, node parse.Node) flow {
	x.node = node
	switch n := node.(type) {
	case *parse.TextNode:
		x.write(n.Text)
	case *parse.ActionNode:
		if v := x.pipeline(dot, n.Pipe); len(n.Pipe.Decl) == 0 {
			x.print(n, v)
		}
	case *parse.ListNode:
		for _, n := range n.Nodes {
			if f := x.walk(dot, n); f != onward {
				return f
			}
		}
	case *parse.IfNode:
		return x.branch(dot, &n.BranchNode, false)
	case *parse.WithNode:
		return x.branch(dot, &n.BranchNode, true)
	case *parse.RangeNode:
		return x.loop(dot, n)
	case *parse.TemplateNode:
		x.call(dot, n)
	case *parse.BreakNode:
		return breaks
	case *parse.ContinueNode:
		return continues
	case *parse.CommentNode:
	default:
		x.fail("unknown node: %s", node)
	}
	return onward
}

// branch is an if or a with, which changes dot.
func (x *execution) branch(dot mirror.Value, b *parse.BranchNode, with bool) flow {
	mark := len(x.vars)
	defer func() { x.vars = x.vars[:mark] }()
	v := x.pipeline(dot, b.Pipe)
	truth, ok := isTrue(held(v))
	switch {
	case !ok:
		x.fail("if/with can't use %v", v)
	case truth && with:
		return x.walk(v, b.List)
	case truth:
		return x.walk(dot, b.List)
	case b.ElseList != nil:
		return x.walk(dot, b.ElseList)
	}
	return onward
}

// call executes another template.
func (x *execution) call(dot mirror.Value, n *parse.TemplateNode) {
	t := x.tmpl.Lookup(n.Name)
	if t == nil {
		x.fail("template %q not defined", n.Name)
	}
	if x.depth == maxDepth {
		x.fail("exceeded maximum template depth (%v)", maxDepth)
	}
	dot = x.pipeline(dot, n.Pipe)
	inner := *x
	inner.depth++
	inner.tmpl = t
	inner.vars = []variable{{"$", dot}}
	inner.walk(dot, t.Root)
}

// loop is a range.
func (x *execution) loop(dot mirror.Value, r *parse.RangeNode) flow {
	x.node = r
	outer := len(x.vars)
	defer func() { x.vars = x.vars[:outer] }()
	v, _ := indirect(x.pipeline(dot, r.Pipe))
	mark := len(x.vars)
	ran := false
	// each runs the body for an element; false ends the loop.
	each := func(index, elem mirror.Value) bool {
		ran = true
		if d := r.Pipe.Decl; len(d) > 0 {
			values := []mirror.Value{elem}
			if len(d) > 1 {
				values = []mirror.Value{index, elem}
			}
			for i, v := range values {
				if r.Pipe.IsAssign {
					x.variable(d[i].Ident[0]).v = v
				} else {
					x.vars[len(x.vars)-len(values)+i].v = v
				}
			}
		}
		f := x.walk(elem, r.List)
		x.vars = x.vars[:mark]
		return f != breaks
	}
	x.elements(v, r, each)
	if !ran && r.ElseList != nil && x.walk(dot, r.ElseList) == continues {
		return continues // of the loop around; a break is taken for one of this loop
	}
	return onward
}

// elements calls each for what a range over v goes through.
func (x *execution) elements(v mirror.Value, r *parse.RangeNode, each func(index, elem mirror.Value) bool) {
	two := len(r.Pipe.Decl) > 1
	switch k := v.Kind(); {
	case k == reflect.Invalid:
	case v.CanInt(), v.CanUint():
		if two {
			x.fail("can't use %v to iterate over more than one variable", v)
		}
		values(v.Seq(), each)
	case k == reflect.Array, k == reflect.Slice:
		for i := 0; i < v.Len(); i++ {
			if !each(mirror.ValueOf(i), v.Index(i)) {
				return
			}
		}
	case k == reflect.Map:
		for _, e := range sorted(v) {
			if !each(e.key, e.val) {
				return
			}
		}
	case k == reflect.Chan:
		if v.IsNil() {
			return
		}
		if v.Type().ChanDir() == reflect.SendDir {
			x.fail("range over send-only channel %v", v)
		}
		for i := 0; ; i++ {
			elem, ok := mirror.Recv(v, x.host.Wait())
			if !ok || !each(mirror.ValueOf(i), elem) {
				return
			}
		}
	case k == reflect.Func && v.Type().CanSeq():
		if two {
			x.fail("can't use %v iterate over more than one variable", v)
		}
		values(v.Seq(), each)
	case k == reflect.Func && v.Type().CanSeq2():
		for a, b := range v.Seq2() {
			if !two {
				a, b = mirror.Value{}, a
			}
			if !each(a, b) {
				return
			}
		}
	default:
		x.fail("range can't iterate over %v", v)
	}
}

func values(seq iter.Seq[mirror.Value], each func(index, elem mirror.Value) bool) {
	for v := range seq {
		if !each(mirror.Value{}, v) {
			return
		}
	}
}

// print writes a value.
func (x *execution) print(n parse.Node, v mirror.Value) {
	x.node = n
	p, ok := printable(v)
	if !ok {
		x.fail("can't print %s of type %s", n, v.Type())
	}
	x.write([]byte(x.host.Sprint(p)))
}

var (
	errorType    = mirror.TypeOf((*error)(nil)).Elem()
	stringerType = mirror.TypeOf((*fmt.Stringer)(nil)).Elem()
	valueType    = mirror.TypeOf(mirror.Value{})
)

// printable is what fmt is given for a value; functions and channels are not
// printed.
func printable(v mirror.Value) (any, bool) {
	if v.Kind() == reflect.Pointer {
		v, _ = indirect(v)
	}
	if !v.IsValid() {
		return "<no value>", true
	}
	says := func(t mirror.Type) bool { return t.Implements(errorType) || t.Implements(stringerType) }
	if !says(v.Type()) {
		switch {
		case v.CanAddr() && says(mirror.PointerTo(v.Type())):
			v = v.Addr()
		case v.Kind() == reflect.Chan, v.Kind() == reflect.Func:
			return nil, false
		}
	}
	return v.Interface(), true
}

// indirect goes through pointers and interfaces, to a nil one if there is one.
func indirect(v mirror.Value) (end mirror.Value, isNil bool) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return v, true
		}
		v = v.Elem()
	}
	return v, false
}

// held is what an interface holds.
func held(v mirror.Value) mirror.Value {
	if v.Kind() != reflect.Interface {
		return v
	}
	if v.IsNil() {
		return mirror.Value{}
	}
	return v.Elem()
}

// isTrue says whether if takes a value, and whether it can tell.
func isTrue(v mirror.Value) (truth, ok bool) {
	switch k := v.Kind(); {
	case k == reflect.Invalid:
		return false, true
	case k == reflect.Struct:
		return true, true
	case k == reflect.Array, k == reflect.Map, k == reflect.Slice, k == reflect.String:
		return v.Len() > 0, true
	case k == reflect.Bool, v.CanInt(), v.CanUint(), v.CanFloat(), v.CanComplex():
		return !v.IsZero(), true
	}
	return !v.IsNil(), true
}
