package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"time"
)

// A validator by tags.
type Rule func(reflect.Value, string) error

var rules = map[string]Rule{
	"min": func(v reflect.Value, arg string) error {
		n, _ := strconv.ParseFloat(arg, 64)
		switch v.Kind() {
		case reflect.String, reflect.Slice, reflect.Map:
			if float64(v.Len()) < n {
				return fmt.Errorf("length %d below %s", v.Len(), arg)
			}
		case reflect.Int, reflect.Int64, reflect.Int8:
			if float64(v.Int()) < n {
				return fmt.Errorf("%d below %s", v.Int(), arg)
			}
		case reflect.Float64:
			if v.Float() < n {
				return fmt.Errorf("%g below %s", v.Float(), arg)
			}
		default:
			return fmt.Errorf("min does not know %s", v.Type())
		}
		return nil
	},
	"required": func(v reflect.Value, _ string) error {
		if v.IsZero() {
			return errors.New("required")
		}
		return nil
	},
	"oneof": func(v reflect.Value, arg string) error {
		if !slices.Contains(strings.Split(arg, "|"), v.String()) {
			return fmt.Errorf("%q not in %s", v, arg)
		}
		return nil
	},
}

type FieldError struct {
	Path string
	Err  error
}

func (e *FieldError) Error() string { return e.Path + ": " + e.Err.Error() }
func (e *FieldError) Unwrap() error { return e.Err }

func validate(x any) error {
	var errs []error
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		v = reflect.Indirect(v)
		if v.Kind() != reflect.Struct {
			return
		}
		t := v.Type()
		for i := range t.NumField() {
			f := t.Field(i)
			p := path + f.Name
			for rule := range strings.SplitSeq(f.Tag.Get("check"), ",") {
				name, arg, _ := strings.Cut(rule, "=")
				if r, ok := rules[name]; ok {
					if err := r(v.Field(i), arg); err != nil {
						errs = append(errs, &FieldError{p, err})
					}
				}
			}
			switch f.Type.Kind() {
			case reflect.Struct, reflect.Pointer:
				walk(p+".", v.Field(i))
			case reflect.Slice:
				for k := range v.Field(i).Len() {
					walk(fmt.Sprintf("%s[%d].", p, k), v.Field(i).Index(k))
				}
			}
		}
	}
	walk("", reflect.ValueOf(x))
	return errors.Join(errs...)
}

type Mode string
type Gen struct {
	Mode  Mode     `check:"oneof=greedy|sample"`
	Temp  float64  `check:"min=0"`
	Stop  []string `check:"min=1"`
	Steps int8     `check:"required,min=3"`
	Inner *Limit
	List  []Limit
	fn    func()
}
type Limit struct {
	Max  int64             `check:"min=10"`
	Tags map[string]string `check:"min=2"`
	Any  any               `check:"required"`
	C    complex64         `check:"min=1"`
}

// A container of services by type.
type Container struct {
	mu    sync.Mutex
	makes map[reflect.Type]reflect.Value
	made  map[reflect.Type]reflect.Value
}

func (c *Container) Provide(f any) {
	t := reflect.TypeOf(f)
	if t.Kind() != reflect.Func || t.NumOut() == 0 {
		panic(fmt.Sprintf("not a constructor: %v", t))
	}
	c.makes[t.Out(0)] = reflect.ValueOf(f)
}

func (c *Container) get(t reflect.Type) (reflect.Value, error) {
	if v, ok := c.made[t]; ok {
		return v, nil
	}
	f, ok := c.makes[t]
	if !ok {
		for ot, of := range c.makes {
			if t.Kind() == reflect.Interface && ot.Implements(t) {
				f, ok = of, true
			}
		}
	}
	if !ok {
		return reflect.Value{}, fmt.Errorf("no constructor for %v", t)
	}
	var in []reflect.Value
	for i := range f.Type().NumIn() {
		v, err := c.get(f.Type().In(i))
		if err != nil {
			return reflect.Value{}, err
		}
		in = append(in, v)
	}
	out := f.Call(in)
	if len(out) == 2 && !out[1].IsNil() {
		return reflect.Value{}, out[1].Interface().(error)
	}
	c.made[t] = out[0]
	return out[0], nil
}

func Get[T any](c *Container) (T, error) {
	var zero T
	v, err := c.get(reflect.TypeFor[T]())
	if err != nil {
		return zero, err
	}
	return v.Interface().(T), nil
}

type Logger interface{ Log(string) string }
type logger struct{ prefix string }

func (l *logger) Log(s string) string { return l.prefix + s }

type Store struct {
	log  Logger
	data map[string]int
}
type Service struct {
	*Store
	Name string
}
type Missing struct{}

// A deep copy.
func deepCopy(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(deepCopy(v.Elem()))
		return p
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		s := reflect.MakeSlice(v.Type(), v.Len(), v.Cap())
		for i := range v.Len() {
			s.Index(i).Set(deepCopy(v.Index(i)))
		}
		return s
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		m := reflect.MakeMap(v.Type())
		for it := v.MapRange(); it.Next(); {
			m.SetMapIndex(deepCopy(it.Key()), deepCopy(it.Value()))
		}
		return m
	case reflect.Struct:
		s := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			if s.Field(i).CanSet() {
				s.Field(i).Set(deepCopy(v.Field(i)))
			}
		}
		return s
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		i := reflect.New(v.Type()).Elem()
		i.Set(deepCopy(v.Elem()))
		return i
	case reflect.Array:
		a := reflect.New(v.Type()).Elem()
		for i := range v.Len() {
			a.Index(i).Set(deepCopy(v.Index(i)))
		}
		return a
	}
	return v
}

type Doc struct {
	Title string
	Meta  map[Mode][]*Limit
	Any   any
	Arr   [2]*Limit
	Next  *Doc
	When  time.Time
	Modes []Mode
}

// A table of any slice of structs.
func table(w io.Writer, rows any) {
	v := reflect.ValueOf(rows)
	t := v.Type().Elem()
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var head []string
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && !f.Anonymous {
			head = append(head, f.Name)
		}
	}
	fmt.Fprintln(w, strings.Join(head, "|"))
	for i := range v.Len() {
		var cells []string
		for _, h := range head {
			cells = append(cells, fmt.Sprint(reflect.Indirect(v.Index(i)).FieldByName(h)))
		}
		fmt.Fprintln(w, strings.Join(cells, "|"))
	}
}

type Row struct {
	Base
	Score float64
	Mode  Mode
	D     time.Duration
}
type Base struct{ ID int }

// Sorting by a field of any slice.
func sortBy(rows any, field string) {
	v := reflect.ValueOf(rows)
	sort.Slice(rows, func(i, j int) bool {
		a, b := v.Index(i).FieldByName(field), v.Index(j).FieldByName(field)
		switch {
		case a.CanInt():
			return a.Int() < b.Int()
		case a.CanFloat():
			return a.Float() < b.Float()
		}
		return a.String() < b.String()
	})
}

// Methods as commands.
type Commands struct{ out *bytes.Buffer }

func (c Commands) Add(a, b int) int              { return a + b }
func (c Commands) Say(words ...string) string    { return strings.Join(words, " ") }
func (c Commands) Fail(m Mode) error             { return fmt.Errorf("mode %s", m) }
func (c *Commands) Write(s string)               { c.out.WriteString(s) }
func (c Commands) Make(f float64) (Limit, error) { return Limit{Max: int64(f)}, nil }

func run(c any, line string) string {
	parts := strings.Fields(line)
	m := reflect.ValueOf(c).MethodByName(parts[0])
	if !m.IsValid() {
		return "no command " + parts[0]
	}
	t := m.Type()
	var in []reflect.Value
	for i, p := range parts[1:] {
		var pt reflect.Type
		if t.IsVariadic() && i >= t.NumIn()-1 {
			pt = t.In(t.NumIn() - 1).Elem()
		} else if i < t.NumIn() {
			pt = t.In(i)
		} else {
			return fmt.Sprintf("%s takes %d", parts[0], t.NumIn())
		}
		x := reflect.New(pt).Elem()
		switch pt.Kind() {
		case reflect.Int:
			n, err := strconv.Atoi(p)
			if err != nil {
				return err.Error()
			}
			x.SetInt(int64(n))
		case reflect.Float64:
			f, _ := strconv.ParseFloat(p, 64)
			x.SetFloat(f)
		case reflect.String:
			x.SetString(p)
		}
		in = append(in, x)
	}
	var out []string
	for _, r := range m.Call(in) {
		out = append(out, fmt.Sprintf("%v", r))
	}
	return strings.Join(out, ", ")
}

type Number interface{ ~int | ~float64 }

func describe[T any](x T) string {
	t := reflect.TypeFor[T]()
	v := reflect.ValueOf(x)
	return fmt.Sprint(t, " ", t.Kind(), " ", v.IsValid() && v.Type() == t)
}

type Max[T cmp.Ordered] struct{ V T }

func (m *Max[T]) Push(x T) { m.V = max(m.V, x) }

func main() {
	// %%
	err := validate(Gen{Mode: "beam", Temp: -1, Steps: 2, Inner: &Limit{Max: 5}, List: []Limit{{Max: 100, Tags: map[string]string{"a": "", "b": ""}, Any: Mode("x")}}})
	fmt.Println(err)
	var fe *FieldError
	fmt.Println(errors.As(err, &fe), fe.Path, validate(&Gen{Mode: "greedy", Stop: []string{"x"}, Steps: 9}))

	// %%
	c := &Container{makes: map[reflect.Type]reflect.Value{}, made: map[reflect.Type]reflect.Value{}}
	c.Provide(func() *logger { return &logger{"> "} })
	c.Provide(func(l Logger) *Store { return &Store{l, map[string]int{"a": 1}} })
	c.Provide(func(s *Store) (Service, error) { return Service{s, "svc"}, nil })
	c.Provide(func(m Missing) (*Row, error) { return nil, nil })
	s, err := Get[Service](c)
	fmt.Println(s.Name, s.log.Log("hi"), s.data, err)
	_, err = Get[*Row](c)
	fmt.Println(err)
	l, err := Get[Logger](c)
	fmt.Println(l.Log("again"), err)
	func() {
		defer func() { fmt.Println(recover()) }()
		c.Provide(3)
	}()

	// %%
	d := &Doc{Title: "t", Meta: map[Mode][]*Limit{"m": {{Max: 1}}}, Any: []any{Mode("q"), &Limit{Max: 2}, 3}, Arr: [2]*Limit{{Max: 3}, nil}, Next: &Doc{Title: "n"}, When: time.Unix(9, 0).UTC(), Modes: []Mode{"a"}}
	e := deepCopy(reflect.ValueOf(d)).Interface().(*Doc)
	fmt.Println(reflect.DeepEqual(d, e), d == e, d.Next == e.Next)
	e.Meta["m"][0].Max = 99
	e.Any.([]any)[1].(*Limit).Max = 98
	e.Arr[0].Max = 97
	e.Modes[0] = "z"
	fmt.Println(d.Meta["m"][0].Max, d.Any.([]any)[1].(*Limit).Max, d.Arr[0].Max, d.Modes, reflect.DeepEqual(d, e))

	// %%
	rows := []Row{{Base{3}, 1.5, "x", time.Second}, {Base{1}, 2.5, "y", time.Minute}}
	table(os.Stdout, rows)
	sortBy(rows, "ID")
	fmt.Println(rows)
	sortBy(rows, "Score")
	table(os.Stdout, []*Row{&rows[0]})

	// %%
	cmds := &Commands{new(bytes.Buffer)}
	for _, line := range []string{"Add 1 2", "Add 1", "Add x 2", "Say a b c", "Say", "Fail beam", "Write text", "Make 2.5", "Nope", "Add 1 2 3"} {
		func() {
			defer func() {
				if r := recover(); r != nil {
					fmt.Println("panic:", r)
				}
			}()
			fmt.Println(run(cmds, line))
		}()
	}
	fmt.Println(cmds.out.String(), run(*cmds, "Write x"))

	// %%
	fmt.Println(describe(Mode("m")), describe(rows), describe[any](3), describe[Logger](nil), describe[Logger](l), describe(&Max[Mode]{}), describe(func(Mode) {}))
	m := &Max[float64]{}
	push := reflect.ValueOf(m).MethodByName("Push")
	for _, x := range []float64{1, 5, 3} {
		push.Call([]reflect.Value{reflect.ValueOf(x)})
	}
	fmt.Println(m.V, reflect.TypeOf(m), slices.Sorted(maps.Keys(map[Mode]int{"b": 1, "a": 2})))
	type local struct {
		A Mode `json:"a"`
		b int
	}
	v := reflect.New(reflect.TypeOf(local{}))
	v.Elem().Field(0).SetString("dyn")
	fmt.Println(v.Elem(), v.Elem().Interface().(local).A)
	b, err := json.Marshal(v.Interface())
	fmt.Println(string(b), err)
	var sb strings.Builder
	fmt.Println(template.Must(template.New("r").Parse("{{.A}} {{range .Rows}}{{.Score}} {{end}}")).Execute(&sb, map[string]any{"A": v.Elem().Field(0), "Rows": reflect.ValueOf(rows)}), sb.String())
}
