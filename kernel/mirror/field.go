package reflect

import (
	"go/types"
	"iter"
	"reflect"
	"slices"
)

// StructField is reflect.StructField.
type StructField struct {
	Name      string
	PkgPath   string
	Type      Type
	Tag       StructTag
	Offset    uintptr
	Index     []int
	Anonymous bool
}

// IsExported says whether the field is exported.
func (f StructField) IsExported() bool { return f.PkgPath == "" }

func (r *rtype) NumField() int {
	r.mustBe("NumField", "struct", reflect.Struct)
	return r.numField()
}

func (r *rtype) numField() int {
	if r.s == nil {
		return r.form.NumField()
	}
	return r.t.Underlying().(*types.Struct).NumFields()
}

// field is the type of a field.
func (r *rtype) field(i int) *rtype {
	if r.s == nil {
		return native(r.form.Field(i).Type)
	}
	return r.s.of(r.t.Underlying().(*types.Struct).Field(i).Type(), r.hint(func(f reflect.Type) reflect.Type { return f.Field(i).Type }))
}

func (r *rtype) Field(i int) StructField {
	r.mustBe("Field", "struct", reflect.Struct)
	if i < 0 || i >= r.numField() {
		fail("reflect: Field index out of bounds")
	}
	if r.s == nil {
		f := r.form.Field(i)
		path := f.PkgPath
		if path == self {
			path = "reflect"
		}
		return StructField{Name: f.Name, PkgPath: path, Type: native(f.Type), Tag: f.Tag, Offset: f.Offset, Index: f.Index, Anonymous: f.Anonymous}
	}
	u := r.t.Underlying().(*types.Struct)
	f := u.Field(i)
	out := StructField{Name: f.Name(), Type: r.field(i), Tag: StructTag(u.Tag(i)), Offset: r.structure().offsets[i], Index: []int{i}, Anonymous: f.Embedded()}
	if !f.Exported() {
		out.PkgPath = pkgPath(f.Pkg())
	}
	return out
}

// fieldExported says how a field may be used.
func (r *rtype) fieldExported(i int) (exported, embedded bool) {
	if r.s == nil {
		f := r.form.Field(i)
		return f.IsExported(), f.Anonymous
	}
	f := r.t.Underlying().(*types.Struct).Field(i)
	return f.Exported(), f.Embedded()
}

func (r *rtype) fieldName(i int) string {
	if r.s == nil {
		return r.form.Field(i).Name
	}
	return r.t.Underlying().(*types.Struct).Field(i).Name()
}

func (r *rtype) Fields() iter.Seq[StructField] {
	r.mustBe("Fields", "struct", reflect.Struct)
	return func(yield func(StructField) bool) {
		for i := range r.numField() {
			if !yield(r.Field(i)) {
				return
			}
		}
	}
}

func (r *rtype) FieldByIndex(index []int) StructField {
	r.mustBe("FieldByIndex", "struct", reflect.Struct)
	f := StructField{Type: r}
	for i, x := range index {
		t := f.Type
		if i > 0 {
			t = structOf(t.mirror())
		}
		f = t.Field(x)
	}
	if len(index) == 0 {
		return StructField{Type: r}
	}
	return f
}

// structOf is t, or what t points to if that is a struct.
func structOf(t *rtype) *rtype {
	if t.kind == reflect.Pointer {
		if e := t.elem(); e.kind == reflect.Struct {
			return e
		}
	}
	return t
}

func (r *rtype) FieldByName(name string) (StructField, bool) {
	r.mustBe("FieldByName", "struct", reflect.Struct)
	return r.find(func(s string) bool { return s == name })
}

func (r *rtype) FieldByNameFunc(match func(string) bool) (StructField, bool) {
	r.mustBe("FieldByNameFunc", "struct", reflect.Struct)
	return r.find(match)
}

// find is the field that a selector would find: the least deep of those that
// match, if there is one alone. A struct that is embedded twice at one depth
// hides its fields.
func (r *rtype) find(match func(string) bool) (found StructField, ok bool) {
	type embedded struct {
		t     *rtype
		index []int
		twice bool
	}
	seen := map[*rtype]bool{}
	for level := []*embedded{{t: r}}; len(level) > 0; {
		var next []*embedded
		at := map[*rtype]*embedded{}
		for _, e := range level {
			if seen[e.t] {
				continue
			}
			seen[e.t] = true
			for i := range e.t.numField() {
				if match(e.t.fieldName(i)) {
					if ok || e.twice {
						return StructField{}, false
					}
					found, ok = e.t.Field(i), true
					found.Index = append(slices.Clip(e.index), i)
					continue
				}
				if _, anonymous := e.t.fieldExported(i); ok || !anonymous {
					continue
				}
				t := structOf(e.t.field(i))
				if t.kind != reflect.Struct {
					continue
				}
				if twin := at[t]; twin != nil {
					twin.twice = true
					continue
				}
				n := &embedded{t: t, index: append(slices.Clip(e.index), i), twice: e.twice}
				at[t] = n
				next = append(next, n)
			}
		}
		if ok {
			return found, true
		}
		level = next
	}
	return StructField{}, false
}

// VisibleFields is reflect.VisibleFields.
func VisibleFields(t Type) []StructField {
	if t == nil {
		fail("reflect: VisibleFields(nil)")
	}
	r := t.mirror()
	if r.kind != reflect.Struct {
		fail("reflect.VisibleFields of non-struct type")
	}
	var all []StructField
	collect(r, nil, map[*rtype]bool{}, &all)
	depth, count := map[string]int{}, map[string]int{} // of the least deep ones of a name
	for _, f := range all {
		switch d, ok := depth[f.Name]; {
		case !ok || len(f.Index) < d:
			depth[f.Name], count[f.Name] = len(f.Index), 1
		case len(f.Index) == d:
			count[f.Name]++
		}
	}
	return slices.DeleteFunc(all, func(f StructField) bool {
		return len(f.Index) > depth[f.Name] || count[f.Name] > 1
	})
}

// collect lists the fields of a struct, each before those embedded in it. open
// are the structs around.
func collect(r *rtype, index []int, open map[*rtype]bool, all *[]StructField) {
	if open[r] {
		return
	}
	open[r] = true
	defer delete(open, r)
	for i := range r.numField() {
		f := r.Field(i)
		f.Index = append(slices.Clip(index), i)
		*all = append(*all, f)
		if t := structOf(f.Type.mirror()); f.Anonymous && t.kind == reflect.Struct {
			collect(t, f.Index, open, all)
		}
	}
}
