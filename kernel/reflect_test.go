package kernel

import (
	"strings"
	"testing"
)

// TestReflectCells: what cells reflect on may be older than the cell that
// reflects, and types get methods and successors.
func TestReflectCells(t *testing.T) {
	for _, c := range []struct {
		name  string
		cells []string
		want  string
	}{
		{"a value of before", []string{"type P struct{ X int; y []Q }\ntype Q struct{ Z float64 }\nfunc (p P) Sum() int { return p.X }\nfunc (q *Q) Put(z float64) { q.Z = z }", "var a any = P{3, []Q{{1}}}\nfmt.Sprint(a)", "v := reflect.ValueOf(a)", "v.Type()", "v.Method(0).Call(nil)[0].Int()", "v.Field(1).Index(0).Field(0).Float()",
			"reflect.New(v.Field(1).Type().Elem()).NumMethod()", "p := reflect.New(v.Field(1).Type().Elem())\np.MethodByName(\"Put\").Call([]reflect.Value{reflect.ValueOf(2.5)})\np.Elem()"},
			"= \"{3 [{1}]}\"\n= main.P\n= 3\n= 1\n= 1\n= {Z:2.5}\n"},
		{"a method of later", []string{"type T struct{ A int }", "r := reflect.TypeOf(T{})\nr.NumMethod()", "func (t T) Twice() int { return 2 * t.A }", "r.NumMethod()", "reflect.ValueOf(T{4}).Method(0).Call(nil)[0].Int()", "r == reflect.TypeOf(T{})"}, "= 0\n= 1\n= 8\n= true\n"},
		{"a successor", []string{"type T struct{ A int }\nold := reflect.TypeOf(T{})", "type T struct{ A, B int }", "old == reflect.TypeOf(T{})", "old.NumField()", "reflect.TypeOf(T{}).NumField()"}, "= false\n= 1\n= 2\n"},
		{"a function again", []string{"type T int\nfunc (t T) S() string { return h(int(t)) }\nfunc h(n int) string { return \"a\" }", "reflect.ValueOf(T(1)).Method(0).Call(nil)[0]", "func h(n int) string { return \"b\" }", "reflect.ValueOf(T(1)).Method(0).Call(nil)[0]"}, "= a\n= b\n"},
		{"panics", []string{"reflect.ValueOf(1).Len()", "reflect.ValueOf(struct{ a int }{}).Field(0).Interface()", "func f() (r any) { defer func() { r = recover() }(); reflect.ValueOf(1).Elem(); return }\nf()", "1"},
			"! In[1]:1:1: panic: reflect: call of reflect.Value.Len on int Value\n! In[2]:1:1: panic: reflect.Value.Interface: cannot return value obtained from unexported field or method\n= reflect: call of reflect.Value.Elem on int Value\n= 1\n"},
		{"a template of before", []string{"type M struct{ Role string }\nfunc (m M) Up() string { return strings.ToUpper(m.Role) }", "var ms []any\nms = append(ms, M{\"user\"})", "t := template.Must(template.New(\"t\").Parse(\"{{range .}}{{.Up}}{{end}}\"))", "var b strings.Builder\nt.Execute(&b, ms)\nb.String()", "func (m M) Low() string { return \"low\" }", "template.Must(t.Parse(\"{{range .}}{{.Low}}{{end}}\"))\nb.Reset()\nt.Execute(&b, ms)\nb.String()"}, "= \"USER\"\n= \"low\"\n"},
		{"refused when it runs", []string{"func f() (r any) { defer func() { r = recover() }(); var l []int; return l[3] }\nr := f()\nreflect.TypeOf(r)", "f := binary.Size\nvar x any = struct{ A int32 }{}\nf(x)", "g := xml.Marshal\ng(x)"},
			"! In[1]:3:1: panic: loupe cannot run this: reflection on a runtime.boundsError\n= 4\n! In[3]:2:1: panic: loupe cannot run this: encoding/xml.Marshal with a value of the cell type struct{A int32}\n"},
		{"the type in an error", []string{"type Color int\ntype R struct{ C Color }", "var u *json.UnmarshalTypeError\nerrors.As(json.Unmarshal([]byte(`{\"C\":[1]}`), new(R)), &u)", "u.Type", "u.Type == reflect.TypeOf(Color(1))", "u.Type.Kind()", "var v *json.UnsupportedTypeError\n_, err := json.Marshal(make(chan int))\nerrors.As(err, &v)", "v.Type.Elem() == reflect.TypeFor[int]()", "func (c Color) Up() Color { return c + 1 }", "u.Type.NumMethod()"},
			"= true\n= main.Color\n= true\n= int\n= true\n= true\n= 1\n"},
		{"refused", []string{"var e json.UnmarshalTypeError\ne.Type = reflect.TypeOf(1)", "reflect.ValueOf(1).InterfaceData()", "f := func() {}\nreflect.ValueOf(f).Pointer()", "t := template.New(\"x\")\ng := t.Execute"},
			"! In[1]:2:3: loupe cannot run this yet: encoding/json.Type, which hands out reflection of its own\n! In[2]:1:1: panic: loupe cannot run this: reflect.Value.InterfaceData\n! In[3]:2:1: panic: loupe cannot run this: reflect.Value.Pointer of a function of a cell, which has no code of its own\n! In[4]:2:6: loupe cannot run this yet: (*text/template.Template).Execute as a value; write a function that calls it\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, r := newKernel(t, Options{AutoImport: true})
			got := play(t, k, r, c.cells...)
			if got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// TestReflectInterrupted: a receive by reflection ends with its cell.
func TestReflectInterrupted(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	got := play(t, k, r, "c := make(chan int)\nreflect.ValueOf(c).Recv()", "reflect.Select([]reflect.SelectCase{{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c)}})", "template.Must(template.New(\"\").Parse(\"{{range .}}{{end}}\")).Execute(io.Discard, c)")
	if strings.Count(got, "all goroutines are asleep - deadlock!") != 3 {
		t.Errorf("got\n%s", got)
	}
}

// TestReflectBackground: a goroutine reflects while other cells are lowered.
func TestReflectBackground(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	play(t, k, r, "type T struct{ A []T }", "stop := make(chan bool)\ngo func() { for { select { case <-stop: return; default: reflect.ValueOf([]T{{}}).Index(0).Field(0).Type().Elem().NumMethod() } } }()")
	for range 20 {
		if got := play(t, k, r, "{ type L struct{ b *T }\nreflect.TypeOf(L{}).NumField() }"); strings.HasPrefix(got, "!") {
			t.Fatal(got)
		}
	}
	play(t, k, r, "stop <- true")
}
