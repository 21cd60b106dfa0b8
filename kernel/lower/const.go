package lower

import (
	"go/constant"
	"go/token"
	"go/types"
	"math"
	"strconv"
	"strings"
)

// constText writes a constant of type t as the interpreter's literal.
func (e *emitter) constText(v constant.Value, t types.Type) string {
	t = e.subst(t)
	if types.IsInterface(t) {
		t = types.Default(kindType(v))
	}
	b, ok := t.Underlying().(*types.Basic)
	if !ok {
		e.refuse(e.at, "a constant of type "+t.String(), "")
	}
	b = types.Default(b).(*types.Basic)
	rep := e.rep(types.Default(t))
	var s string
	switch {
	case b.Info()&types.IsBoolean != 0:
		s = strconv.FormatBool(constant.BoolVal(v))
		if rep == "bool" {
			return s
		}
	case b.Info()&types.IsString != 0:
		s = strconv.Quote(constant.StringVal(v))
		if rep == "string" {
			return s
		}
	case b.Info()&types.IsInteger != 0:
		s = constant.ToInt(v).ExactString()
		if rep == "int" {
			if s[0] == '-' {
				return "(" + s + ")"
			}
			return s
		}
	case b.Info()&types.IsFloat != 0:
		s = floatText(v)
		if rep == "float64" {
			if s[0] == '-' {
				return "(" + s + ")"
			}
			return s
		}
	case b.Info()&types.IsComplex != 0:
		re, im := floatText(constant.Real(v)), floatText(constant.Imag(v))
		s = "complex(" + re + ", " + im + ")"
		if rep == "complex128" {
			return s
		}
	}
	return rep + "(" + s + ")"
}

func floatText(v constant.Value) string {
	f, _ := constant.Float64Val(constant.ToFloat(v))
	if math.IsInf(f, 0) {
		return constant.ToFloat(v).ExactString()
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

func kindType(v constant.Value) types.Type {
	switch v.Kind() {
	case constant.Bool:
		return types.Typ[types.UntypedBool]
	case constant.String:
		return types.Typ[types.UntypedString]
	case constant.Int:
		return types.Typ[types.UntypedInt]
	case constant.Complex:
		return types.Typ[types.UntypedComplex]
	}
	return types.Typ[types.UntypedFloat]
}

// litValue is the value of a literal whose type depends on an instance.
func litValue(kind token.Token, lit string) constant.Value {
	return constant.MakeFromLiteral(lit, kind, 0)
}
