package lower

import (
	"fmt"
	"go/ast"
	"go/types"
	"reflect"
	"strings"
)

// What a native function may be given where its parameter is "any".
const (
	boxIt = iota // the box: it prints, compares and comes back as itself
	raw          // the interpreter's own value: only its shape matters
	plain        // the same, if shape, field names and tags are all that counts
	never
)

// handling says how a native function treats values of script types.
func handling(c called) int {
	switch c.native {
	case "sort.Slice", "sort.SliceStable", "sort.SliceIsSorted", "fmt.Sscan", "fmt.Sscanf", "fmt.Sscanln", "fmt.Fscan", "fmt.Fscanf", "fmt.Fscanln",
		"fmt.Scan", "fmt.Scanf", "fmt.Scanln", "encoding/binary.Write", "encoding/binary.Read", "encoding/binary.Size":
		return raw
	case "encoding/json.Marshal", "encoding/json.MarshalIndent", "(*encoding/json.Encoder).Encode":
		return boxIt // a box encodes itself
	case "loupe/engine.JSONSchemaOf":
		return boxIt // a box tells its type
	case "encoding/json.Unmarshal", "(*encoding/json.Decoder).Decode", "(*loupe/stdlib/chain.Result).Decode",
		"encoding/xml.Marshal", "encoding/xml.MarshalIndent", "(*encoding/xml.Encoder).Encode", "encoding/xml.Unmarshal", "(*encoding/xml.Decoder).Decode":
		return plain
	case "(*text/template.Template).Execute", "(*text/template.Template).ExecuteTemplate", "(*html/template.Template).Execute", "(*html/template.Template).ExecuteTemplate":
		return boxIt // they are ours
	case "errors.As":
		return boxIt // lowered before its arguments are
	}
	pkg := ""
	if c.obj != nil && c.obj.Pkg() != nil {
		pkg = c.obj.Pkg().Path()
	}
	switch pkg {
	case "fmt", "log", "log/slog", "container/heap", "container/list", "container/ring", "context", "encoding/gob", "reflect", "sync", "sync/atomic", "loupe/stdlib/nb":
		return boxIt
	}
	return never
}

func plainUse(c called) string {
	switch {
	case strings.Contains(c.native, "xml") && !strings.Contains(c.native, "Unmarshal") && !strings.Contains(c.native, "Decode"):
		return "xml"
	case strings.Contains(c.native, "xml"):
		return "unxml"
	}
	return "decode"
}

// async are natives that run a function on a goroutine of their own.
var async = map[string]bool{"time.AfterFunc": true, "context.AfterFunc": true, "(*sync.WaitGroup).Go": true}

// notPlain says why, for a use ("decode" into t, "xml", "unxml"), reflection on the interpreter's form of t would show
// something else than in a compiled program; "" if it would not.
func (e *emitter) notPlain(t types.Type, use string, seen map[types.Type]bool) string {
	t = e.subst(t)
	if seen[t] {
		return ""
	}
	if use == "xml" && len(seen) == 0 && !namesElement(t) {
		return "the name of its element would be the interpreter's: it needs a field XMLName xml.Name with a name in its tag"
	}
	seen[t] = true
	if e.opaque(t) {
		why := "it holds the type " + types.TypeString(t, types.RelativeTo(e.p.pkg)) + ", which is made of itself without a struct"
		if use == "decode" {
			e.refuse(e.at, "decoding into a type where "+why, "wrap that in a struct")
		}
		return why
	}
	if n := recvNamed(t); n != nil && e.p.script(n.Obj()) {
		ms := types.NewMethodSet(types.NewPointer(n))
		for i := range ms.Len() {
			name := ms.At(i).Obj().Name()
			switch name {
			case "UnmarshalJSON", "UnmarshalText", "MarshalText", "MarshalXML", "UnmarshalXML", "MarshalXMLAttr", "UnmarshalXMLAttr":
				if use == "decode" && !strings.HasPrefix(name, "Unmarshal") {
					continue
				}
				return fmt.Sprintf("%s has a method %s that it would not see", n.Obj().Name(), name)
			}
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		return e.notPlain(u.Elem(), use, seen)
	case *types.Slice:
		return e.notPlain(u.Elem(), use, seen)
	case *types.Array:
		return e.notPlain(u.Elem(), use, seen)
	case *types.Map:
		if why := e.notPlain(u.Key(), use, seen); why != "" {
			return why
		}
		return e.notPlain(u.Elem(), use, seen)
	case *types.Struct:
		if n, ok := t.(*types.Named); ok && !e.p.script(n.Obj()) {
			return ""
		}
		for i := range u.NumFields() {
			f := u.Field(i)
			switch {
			case f.Embedded():
				return "it has the embedded field " + f.Name()
			case !f.Exported() && use == "decode":
				continue // nobody sets it
			case !f.Exported():
				return "it has the unexported field " + f.Name()
			case e.kept(t, i) && use == "decode":
				e.refuse(e.at, "decoding into a type whose field "+f.Name()+" leads back to its struct through another one or a function", "decode into a type without it")
			case e.kept(t, i):
				return "its field " + f.Name() + " leads back to it"
			}
			if why := e.notPlain(f.Type(), use, seen); why != "" {
				return why
			}
		}
	}
	return ""
}

// namesElement says whether values of t tell encoding/xml the name of their
// element, where no field does.
func namesElement(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		return namesElement(u.Elem())
	case *types.Slice:
		return namesElement(u.Elem())
	case *types.Struct:
		for i := range u.NumFields() {
			if u.Field(i).Name() == "XMLName" {
				name, _, _ := strings.Cut(reflect.StructTag(u.Tag(i)).Get("xml"), ",")
				return name != ""
			}
		}
	}
	return false
}

// special lowers calls of natives that need more than their arguments.
func (e *emitter) special(x *ast.CallExpr, c called) (string, bool) {
	switch c.native {
	case "(*sync.WaitGroup).Wait", "(*sync.Mutex).Lock", "(*sync.RWMutex).Lock", "(*sync.RWMutex).RLock", "(*sync.Cond).Wait":
		return fmt.Sprintf("__k.Wait(%s, %q, %d)", e.address(c), c.sel.Sel.Name, e.here()), true
	case "(*sync.Mutex).Unlock", "(*sync.RWMutex).Unlock", "(*sync.RWMutex).RUnlock":
		return fmt.Sprintf("__k.Unlock(%s, %q)", e.address(c), c.sel.Sel.Name), true
	case "(*flag.FlagSet).Parse":
		return fmt.Sprintf("__k.ParseFlags(%s, %s)", e.address(c), e.exprTo(x.Args[0], types.NewSlice(types.Typ[types.String]))), true
	case "encoding/json.Unmarshal", "(*encoding/json.Decoder).Decode":
		i := len(x.Args) - 1
		to := e.typeOf(x.Args[i])
		p, ok := to.Underlying().(*types.Pointer)
		if types.IsInterface(to) || ok && e.kindOf(p.Elem()) == anyKind || !ok && e.boxed(to) {
			if i == 1 {
				return fmt.Sprintf("__k.UnjsonAny(%s, %s)", e.exprTo(x.Args[0], bytesType), e.exprTo(x.Args[1], anyType)), true
			}
			return fmt.Sprintf("__k.DejsonAny(%s, %s)", strings.TrimSuffix(c.text, ".Decode"), e.exprTo(x.Args[0], anyType)), true
		}
		if !ok || !e.boxed(p.Elem()) {
			break
		}
		e.notPlain(p.Elem(), "decode", map[types.Type]bool{}) // or refuses
		e.settable(p.Elem(), map[types.Type]bool{})
		if i == 1 {
			return fmt.Sprintf("__k.Unjson(%s, %d, %s)", e.exprTo(x.Args[0], bytesType), e.boxID(p.Elem()), e.expr(x.Args[1])), true
		}
		return fmt.Sprintf("__k.Dejson(%s, %d, %s)", strings.TrimSuffix(c.text, ".Decode"), e.boxID(p.Elem()), e.expr(x.Args[0])), true
	case "(*encoding/json.Decoder).DisallowUnknownFields", "(*encoding/json.Decoder).UseNumber":
		return fmt.Sprintf("__k.DecoderOption(%s, %q)", strings.TrimSuffix(c.text, "."+c.sel.Sel.Name), c.sel.Sel.Name), true
	case "errors.As":
		p, ok := e.typeOf(x.Args[1]).Underlying().(*types.Pointer)
		if ok && (e.boxed(p.Elem()) || e.kindOf(p.Elem()) == anyKind) {
			return fmt.Sprintf("__k.ErrorsAs(%s, %d, %s)", e.exprTo(x.Args[0], errorType), e.boxID(p.Elem()), e.expr(x.Args[1])), true
		}
	}
	if c.obj != nil && c.obj.Pkg() != nil && c.obj.Pkg().Path() == "sync/atomic" && c.sel != nil {
		if n := recvOfMethod(c.obj); n != nil && n.Obj().Name() == "Pointer" {
			call := e.emitCall(c, e.args(x, c))
			if t, ok := e.typeOf(x).(*types.Pointer); ok {
				return fmt.Sprintf("func() (__r %s) { __k.To(%s, &__r); return }()", e.rep(t), call), true
			}
			return call, true
		}
	}
	return "", false
}

// address is the receiver of a native pointer method.
func (e *emitter) address(c called) string {
	recv := strings.TrimSuffix(c.text, "."+c.sel.Sel.Name)
	if strings.HasPrefix(recv, "__t") { // what go and defer hold is an address
		return recv
	}
	m := e.lookup(c.sel)
	if _, ptr := e.subst(e.pathType(m.recv, m.index)).Underlying().(*types.Pointer); !ptr {
		return "&" + recv
	}
	return recv
}

// recvOfMethod is the type whose method f is, nil for a function.
func recvOfMethod(f *types.Func) *types.Named {
	if r := f.Type().(*types.Signature).Recv(); r != nil {
		return recvNamed(r.Type())
	}
	return nil
}

// decoders makes the methods known by which the parts of a t that is given away in an
// interface decode themselves: pointers to these parts have them.
func (e *emitter) decoders(t types.Type, seen map[types.Type]bool) {
	t = e.subst(t)
	if seen[t] {
		return
	}
	seen[t] = true
	if n, ok := types.Unalias(t).(*types.Named); ok {
		if !e.p.script(n.Obj()) {
			return
		}
		ms := types.NewMethodSet(types.NewPointer(n))
		if ms.Lookup(n.Obj().Pkg(), "UnmarshalJSON") != nil || ms.Lookup(n.Obj().Pkg(), "UnmarshalText") != nil {
			e.boxID(types.NewPointer(n))
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		e.decoders(u.Elem(), seen)
	case *types.Slice:
		e.decoders(u.Elem(), seen)
	case *types.Array:
		e.decoders(u.Elem(), seen)
	case *types.Map:
		e.decoders(u.Key(), seen)
		e.decoders(u.Elem(), seen)
	case *types.Struct:
		for i := range u.NumFields() {
			e.decoders(u.Field(i).Type(), seen)
		}
	}
}

// settable makes the methods known that decoding into a t may call: those of
// pointers to what is in it.
func (e *emitter) settable(t types.Type, seen map[types.Type]bool) {
	t = e.subst(t)
	if seen[t] {
		return
	}
	seen[t] = true
	if n, ok := types.Unalias(t).(*types.Named); ok {
		if !e.p.script(n.Obj()) {
			return
		}
		if !types.IsInterface(n) {
			e.boxID(types.NewPointer(n))
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		e.settable(u.Elem(), seen)
	case *types.Slice:
		e.settable(u.Elem(), seen)
	case *types.Array:
		e.settable(u.Elem(), seen)
	case *types.Map:
		e.settable(u.Key(), seen)
		e.settable(u.Elem(), seen)
	case *types.Struct:
		for i := range u.NumFields() {
			e.settable(u.Field(i).Type(), seen)
		}
	}
}

var bytesType = types.NewSlice(types.Typ[types.Byte])

var errorType = types.Universe.Lookup("error").Type()

func prefixed(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return ", " + strings.Join(args, ", ")
}

// instead names what to use in place of a generic symbol without a body.
func instead(path, name string) string {
	if path == "sync/atomic" && name == "Pointer" {
		return "use atomic.Value"
	}
	return ""
}
