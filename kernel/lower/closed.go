package lower

import (
	"fmt"
	"go/types"
	"strings"
)

// A native function that is taken as a value is called nobody knows where: what
// it is given in an interface is looked at when it runs.

// closedFunc is a native function as a value.
func (e *emitter) closedFunc(o *types.Func, text string) string {
	sig := o.Type().(*types.Signature)
	decl, pass, results := e.params(sig)
	closed := e.closedArgs(o, sig, pass)
	if strings.Join(closed, "") == strings.Join(pass, "") {
		return text
	}
	ret := ""
	if results != "" {
		ret = "return "
	}
	return e.ownFrame(sig, fmt.Sprintf("func(%s)%s { %s%s(%s) }", strings.Join(decl, ", "), results, ret, text, strings.Join(closed, ", ")))
}

// closedArgs are the arguments that the value passes on.
func (e *emitter) closedArgs(o *types.Func, sig *types.Signature, pass []string) []string {
	name := o.FullName()
	how := handling(called{native: name, obj: o})
	if how == boxIt || e.p.script(o) {
		return pass
	}
	out := append([]string(nil), pass...)
	for i := range sig.Params().Len() {
		t, rest := param(sig, i)
		if rest {
			t = e.core(t).(*types.Slice).Elem()
		}
		switch {
		case e.kindOf(t) != anyKind:
		case rest:
			out[i] = fmt.Sprintf("__k.ClosedAll(%s, %q)...", strings.TrimSuffix(pass[i], "..."), name)
		case how == raw:
			out[i] = "__k.Open(" + pass[i] + ")"
		default:
			out[i] = fmt.Sprintf("__k.Closed(%s, %q)", pass[i], name)
		}
	}
	return out
}
