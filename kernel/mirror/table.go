package reflect

import (
	"go/types"
	"reflect"
)

// Table puts what this package has into the symbol table of package reflect.
// pkg is the package of cells.
func (s *Space) Table(table map[string]reflect.Value, pkg *types.Package) {
	for name, v := range map[string]any{
		"Append": Append, "AppendSlice": AppendSlice, "ArrayOf": ArrayOf, "ChanOf": ChanOf, "Copy": Copy, "DeepEqual": DeepEqual,
		"FuncOf": FuncOf, "Indirect": Indirect, "MakeChan": MakeChan, "MakeFunc": MakeFunc, "MakeMap": MakeMap, "MakeMapWithSize": MakeMapWithSize,
		"MakeSlice": MakeSlice, "MapOf": MapOf, "New": New, "NewAt": NewAt, "PointerTo": PointerTo, "PtrTo": PtrTo,
		"Select": Select, "SliceAt": SliceAt, "SliceOf": SliceOf, "Swapper": Swapper,
		"StructOf": func(fields []StructField) Type { return s.StructOf(pkg, fields) },
		"TypeOf":   TypeOf, "ValueOf": ValueOf, "VisibleFields": VisibleFields, "Zero": Zero,
		"MapIter": (*MapIter)(nil), "Method": (*Method)(nil), "SelectCase": (*SelectCase)(nil), "StructField": (*StructField)(nil),
		"Type": (*Type)(nil), "Value": (*Value)(nil),
	} {
		table[name] = reflect.ValueOf(v)
	}
}
