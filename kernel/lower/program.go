package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"sort"
	"strconv"
	"strings"
	"sync"
)

// Refusal says that the interpreter would not run a construct rightly.
type Refusal struct {
	Pos     token.Pos
	What    string // "range over a function with goto in its body"
	Instead string // a way to write it that works, "" if none is known
}

func (r *Refusal) Error() string {
	s := "loupe cannot run this yet: " + r.What
	if r.Instead != "" {
		s += "; " + r.Instead
	}
	return s
}

// Program is what has been lowered so far in one session.
type Program struct {
	pkg *types.Package
	// Generics gives the bodies of the generic functions of a native package.
	Generics   func(path string) (*ast.File, *types.Info, *types.Package, bool)
	bodies     map[*types.Package]bool // the packages that Generics gave
	opaque     map[*types.Named]bool   // what is known of types made of themselves
	recoverers bool                    // it has functions that recover and are not deferred where they stand
	locals     map[string]*types.Named // types declared in generic functions, by instance

	// Calls makes scripts reach the runtime's line and stop flag by calls, which
	// the race detector understands, and not through pointers.
	Calls bool
	// Room is how many bytes the machine has left, nil for as many as it takes.
	Room func() uint64

	state
	log      []func()       // takes back what the unit being lowered has added
	versions map[string]int // never restored: a name that failed is burned

	mu      sync.Mutex   // guards the types
	types   []types.Type // by type id; grows only
	inner   int          // types declared in functions
	buckets map[string][]int
}

// state is what a unit adds and a failed unit takes back.
type state struct {
	names   map[types.Object]string     // package-level and hoisted objects
	structs map[int]string              // type id of a named type -> its name
	insts   map[string]instance         // by generic function and arguments
	now     map[*types.Func]*types.Func // function -> the one that took its place
	known   map[int]bool                // type ids that the runtime was told of
	methods map[int]bool                // type ids whose methods it was told of
	kept    map[keptField]bool          // fields that are kept in an any
	takers  map[int]string              // type id -> the function that takes a value out of one
	binders map[string]string           // type of a method -> the function that binds one
	set     map[*types.Var]bool         // variables of native packages that cells set
	reached map[int]bool                // type ids of which reflection knows all that it may come to; nil if nothing reflects
	decls   map[*types.Func]*decl
}

// instance is a generic function, or a method of a generic type, for its type arguments.
type instance struct {
	name string
	fn   *types.Func
	args []types.Type
}

type decl struct {
	fn   *ast.FuncDecl
	info *types.Info
}

// NewProgram is an empty program over package main.
func NewProgram(pkg *types.Package) *Program {
	return &Program{
		pkg: pkg, bodies: map[*types.Package]bool{}, opaque: map[*types.Named]bool{}, locals: map[string]*types.Named{}, versions: map[string]int{}, buckets: map[string][]int{},
		state: state{
			names: map[types.Object]string{}, structs: map[int]string{}, insts: map[string]instance{}, now: map[*types.Func]*types.Func{},
			known: map[int]bool{}, methods: map[int]bool{}, kept: map[keptField]bool{}, takers: map[int]string{}, binders: map[string]string{}, set: map[*types.Var]bool{}, decls: map[*types.Func]*decl{},
		},
	}
}

// Name is the interpreter's name of a package-level or hoisted object.
func (p *Program) Name(o types.Object) (string, bool) {
	n, ok := p.names[o]
	return n, ok
}

// Rename makes a new object stand for the storage of an old one.
func (p *Program) Rename(old, now types.Object) { p.names[now] = p.names[old] }

func (p *Program) fresh(base string) string {
	p.versions[base]++
	if n := p.versions[base]; n > 1 {
		return base + "__" + strconv.Itoa(n)
	}
	return base
}

func (p *Program) name(o types.Object, prefix string) string {
	if n, ok := p.names[o]; ok {
		return n
	}
	n := p.fresh(prefix + o.Name())
	put(p, p.names, o, n)
	return n
}

// Head is the declaration of the function around pos.
func (p *Program) Head(pos token.Pos) token.Pos {
	for _, d := range p.decls {
		if !p.bodies[d.info.Defs[d.fn.Name].Pkg()] && d.fn.Pos() <= pos && pos < d.fn.End() {
			return d.fn.Pos()
		}
	}
	return token.NoPos
}

// TypeID is a small number for a type, the same for identical types.
func (p *Program) TypeID(t types.Type) int {
	key := bucket(t)
	p.mu.Lock() // running cells ask too
	defer p.mu.Unlock()
	for _, id := range p.buckets[key] {
		if types.Identical(p.types[id], t) {
			return id
		}
	}
	id := len(p.types)
	p.types = append(p.types, t)
	p.buckets[key] = append(p.buckets[key], id)
	return id
}

// bucket is a text that identical types have in common, whatever they are
// called.
func bucket(t types.Type) string {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		return strconv.Itoa(int(t.Kind()))
	case *types.Named:
		s := t.Obj().Name()
		for i := range t.TypeArgs().Len() {
			s += "," + bucket(t.TypeArgs().At(i))
		}
		return s
	case *types.Pointer:
		return "*" + bucket(t.Elem())
	case *types.Slice:
		return "[]" + bucket(t.Elem())
	case *types.Array:
		return "[" + strconv.FormatInt(t.Len(), 10) + "]" + bucket(t.Elem())
	case *types.Map:
		return "map " + bucket(t.Key()) + " " + bucket(t.Elem())
	case *types.Chan:
		return "chan " + bucket(t.Elem())
	case *types.Signature:
		s := "func"
		for _, tuple := range []*types.Tuple{t.Params(), t.Results()} {
			s += " " + strconv.Itoa(tuple.Len())
			for i := range tuple.Len() {
				s += " " + bucket(tuple.At(i).Type())
			}
		}
		return s
	case *types.Struct:
		s := "struct"
		for i := range t.NumFields() {
			s += " " + t.Field(i).Name()
		}
		return s
	case *types.Interface:
		return "interface " + strconv.Itoa(t.NumMethods())
	}
	return t.String()
}

// Type is the type of an id.
func (p *Program) Type(id int) types.Type {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.types[id]
}

// script says whether o is declared by a cell.
func (p *Program) script(o types.Object) bool {
	return o != nil && o.Pkg() != nil && (o.Pkg() == p.pkg || strings.HasPrefix(o.Pkg().Path(), "generic/"))
}

// generic finds the function with a body that stands for a native generic one.
func (p *Program) generic(o *types.Func) *types.Func {
	o = o.Origin()
	if p.Generics == nil || o.Type().(*types.Signature).TypeParams().Len() == 0 {
		return nil
	}
	f, info, pkg, ok := p.Generics(o.Pkg().Path())
	if !ok {
		return nil
	}
	b, _ := pkg.Scope().Lookup(o.Name()).(*types.Func)
	if b == nil {
		return nil
	}
	p.bodies[pkg] = true
	if p.decls[b] == nil {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				put(p, p.decls, info.Defs[fn.Name].(*types.Func), &decl{fn, info})
			}
		}
	}
	return b
}

// Output is a lowered unit: a Go file for the interpreter whose init function
// does the unit's work.
type Output struct {
	Source string
	// Imports are the native packages that it needs.
	Imports []string
	// Files: it mentions os.Stdout or os.Stderr.
	Files bool
	// Dead are functions of the interpreter that nothing calls once the unit has
	// run: the cell itself, and what was lowered anew.
	Dead    []string
	program *Program
	log     []func()
}

// Undo takes back what the unit added to the program, when it did not compile.
func (o *Output) Undo() {
	for i := len(o.log) - 1; i >= 0; i-- {
		o.log[i]()
	}
	o.log = nil
}

// put sets a key of a map of the program's state, so that it can be undone.
func put[K comparable, V any](p *Program, m map[K]V, k K, v V) {
	old, had := m[k]
	p.log = append(p.log, func() {
		if had {
			m[k] = old
		} else {
			delete(m, k)
		}
	})
	m[k] = v
}

// drop deletes a key of a map of the program's state.
func drop[K comparable, V any](p *Program, m map[K]V, k K) {
	if old, had := m[k]; had {
		p.log = append(p.log, func() { m[k] = old })
		delete(m, k)
	}
}

// Unit is what Lower takes: a checked file, of whose function Cell the
// statements Stmts are run.
type Unit struct {
	File *ast.File
	Info *types.Info
	// Decls lowers the file's declarations: types, functions, variables.
	Decls bool
	Skip  *ast.FuncDecl // a function that is not lowered: a notebook's main
	// Cell is the function whose body the statements belong to, nil if none.
	Cell  *ast.FuncDecl
	Stmts []ast.Stmt
	// Hoist are the variables of Cell's own block that live on as globals.
	Hoist map[types.Object]bool
	// Show: the last statement is an expression to show.
	Show bool
	// Replaced maps functions of earlier cells to the ones that this unit
	// declares in their place, with the same type.
	Replaced map[types.Object]types.Object
	// Late are methods in File of types that an earlier unit declared: new ones,
	// or such as take the place of a method that was lowered before.
	Late []*types.Func
	// Notebook: return ends the notebook, defer waits for its end.
	Notebook bool
}

// Boxed says whether values of type t carry their type in interfaces.
func (p *Program) Boxed(t types.Type) bool { return (&emitter{p: p}).boxed(t) }

// relink makes earlier functions call the new versions of the functions that
// they use: they are lowered again, and so are their own callers.
func (e *emitter) relink(replaced map[types.Object]types.Object) {
	stale := map[types.Object]bool{}
	taken := map[types.Object]bool{} // functions that take the place of others
	instances := map[*types.Func]bool{}
	for _, in := range e.p.insts {
		instances[in.fn] = true
	}
	for old, now := range replaced {
		f, ok := old.(*types.Func)
		if ok && old != now {
			for before, at := range e.p.now {
				if at == f {
					put(e.p, e.p.now, before, now.(*types.Func))
				}
			}
			put(e.p, e.p.now, f, now.(*types.Func))
			taken[now] = true
		}
		if ok && f.Signature().TypeParams() != nil {
			if stale[f] = true; old != now {
				drop(e.p, e.p.decls, f)
			}
			continue
		}
		if n, ok := e.p.names[now]; ok {
			if was := e.p.names[old]; was != "" && was != n {
				e.dead = append(e.dead, was)
			}
			put(e.p, e.p.names, old, n)
			for before, at := range e.p.now { // older ones too
				if types.Object(at) == now {
					put(e.p, e.p.names, types.Object(before), n)
				}
			}
			if f, ok := old.(*types.Func); ok && old != now {
				drop(e.p, e.p.decls, f)
			}
			stale[old] = true
		}
	}
	e.prune(replaced)
	var again []*types.Func
	for changed := true; changed; {
		changed = false
		for f, d := range e.p.decls {
			if stale[f] || e.p.names[f] == "" && !instances[f] || d.info == e.info || e.p.bodies[f.Pkg()] {
				continue
			}
			ast.Inspect(d.fn.Body, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok && !stale[f] && (stale[origin(d.info.Uses[id])] || taken[e.p.latest(d.info.Uses[id])]) {
					stale[f], changed = true, true
					again = append(again, f)
				}
				return true
			})
		}
	}
	sort.Slice(again, func(i, j int) bool { return again[i].Pos() < again[j].Pos() })
	for _, f := range again {
		if n := e.p.names[f]; n != "" {
			e.dead = append(e.dead, n)
			drop(e.p, e.p.names, types.Object(f))
		}
	}
	var lost []instance
	for key, in := range e.p.insts {
		if stale[in.fn] {
			e.dead = append(e.dead, in.name)
			drop(e.p, e.p.insts, key)
			lost = append(lost, in)
		}
	}
	sort.Slice(lost, func(i, j int) bool { return lost[i].name < lost[j].name })
	for _, in := range lost {
		if in.fn.Signature().Recv() != nil { // a function's are made where they are used
			fmt.Fprintf(&e.setup, "__k.Method(%d, %q, %s)\n", e.id(receiver(in)), in.fn.Name(), e.funcName(in.fn, in.args))
		}
	}
	for _, f := range again {
		if instances[f] {
			continue
		}
		d := e.p.decls[f]
		e.function(e.funcName(f, nil), d.fn, d.info, nil)
		if recv := f.Type().(*types.Signature).Recv(); recv != nil {
			fmt.Fprintf(&e.setup, "__k.Method(%d, %q, %s)\n", e.id(recv.Type()), f.Name(), e.funcName(f, nil))
		}
	}
}

// receiver is the type of an instance's receiver.
func receiver(in instance) types.Type {
	recv := in.fn.Signature().Recv().Type()
	t, err := types.Instantiate(nil, recvNamed(recv).Origin(), in.args, false)
	if err != nil {
		panic(err)
	}
	if _, ok := recv.(*types.Pointer); ok {
		return types.NewPointer(t)
	}
	return t
}

// dropLate forgets what a late method replaces.
func (e *emitter) dropLate(u *Unit) {
	for _, f := range u.Late {
		if f == nil || e.p.names[f] == "" {
			continue
		}
		e.dead = append(e.dead, e.p.names[f])
		drop(e.p, e.p.names, types.Object(f))
		if u.Replaced == nil {
			u.Replaced = map[types.Object]types.Object{}
		}
		u.Replaced[f] = f
	}
}

// registerLate tells the runtime of late methods: it may know the type already.
func (e *emitter) registerLate(list []*types.Func) {
	for _, f := range list {
		if recv := f.Type().(*types.Signature).Recv(); recv != nil {
			fmt.Fprintf(&e.setup, "__k.Method(%d, %q, %s)\n", e.id(recv.Type()), f.Name(), e.funcName(f, nil))
		}
	}
}

// prune forgets functions that were replaced earlier and that no function names any more.
func (e *emitter) prune(replaced map[types.Object]types.Object) {
	used := map[*types.Func]bool{}
	for _, d := range e.p.decls {
		ast.Inspect(d.fn.Body, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if f, ok := d.info.Uses[id].(*types.Func); ok {
					used[f.Origin()] = true
				}
			}
			return true
		})
	}
	for f := range e.p.now {
		if !used[f] && replaced[f] == nil {
			drop(e.p, e.p.now, f)
			drop(e.p, e.p.names, types.Object(f))
		}
	}
}

// latest is the function that has taken the place of o.
func (p *Program) latest(o types.Object) types.Object {
	f, ok := o.(*types.Func)
	if !ok {
		return o
	}
	f = f.Origin()
	if now := p.now[f]; now != nil {
		return now
	}
	return f
}

func origin(o types.Object) types.Object {
	if f, ok := o.(*types.Func); ok {
		return f.Origin()
	}
	return o
}

// Lower lowers a unit.
func (p *Program) Lower(u Unit) (out *Output, err error) {
	out = &Output{program: p}
	p.log = nil
	defer func() {
		out.log, p.log = p.log, nil
		if r := recover(); r != nil {
			out.Undo()
			out, err = nil, asRefusal(r)
		}
	}()
	e := &emitter{p: p, info: u.Info, unit: u, imports: map[string]string{}, checked: map[*ast.IndexExpr]bool{}, inLoop: map[*ast.IndexExpr]bool{}, counts: map[types.Object]bool{}, shares: map[ast.Node]map[*types.Var]bool{}}
	e.findRecoverers(u.File)
	e.findSet(u.File)
	e.dropLate(&u)
	if u.Decls {
		for _, d := range u.File.Decls {
			if d != ast.Decl(u.Skip) {
				e.refuseNatives(d)
			}
		}
		e.declarations(u.File)
	}
	if u.Cell != nil {
		for _, s := range u.Stmts {
			e.refuseNatives(s)
		}
		e.cell(u)
	}
	if len(u.Replaced) > 0 {
		e.relink(u.Replaced)
	}
	e.registerLate(u.Late)
	out.Source = e.file()
	out.Imports = sortedKeys(e.imports)
	out.Dead = e.dead
	out.Files = strings.Contains(out.Source, "p_os.Stdout") || strings.Contains(out.Source, "p_os.Stderr")
	return out, nil
}

// asRefusal makes an error of a panic of the lowering: its own refusal, or a
// form that it is not written for.
func asRefusal(r any) *Refusal {
	if refusal, ok := r.(*Refusal); ok {
		return refusal
	}
	return &Refusal{What: fmt.Sprintf("a form that its lowering fails on (%v)", r)}
}

// file puts the collected pieces together.
func (e *emitter) file() string {
	var b strings.Builder
	b.WriteString("package main\n")
	for e.drain() {
	}
	fmt.Fprintf(&b, "import __k \"k\"\n")
	for _, path := range sortedKeys(e.imports) {
		fmt.Fprintf(&b, "import %s %q\n", e.imports[path], path)
	}
	b.WriteString(e.top.String())
	b.WriteString("func init() {\n")
	b.WriteString(e.setup.String())
	b.WriteString("__k.Ready()\n")
	b.WriteString(e.init.String())
	b.WriteString("}\n")
	return b.String()
}

// Global declares a variable whose value is the kernel's defined value i.
func (p *Program) Global(o *types.Var, i int) (out *Output, err error) {
	out = &Output{program: p}
	p.log = nil
	defer func() {
		out.log, p.log = p.log, nil
		if r := recover(); r != nil {
			out.Undo()
			out, err = nil, asRefusal(r)
		}
	}()
	e := &emitter{p: p, imports: map[string]string{}}
	e.global(o)
	fmt.Fprintf(&e.init, "__k.To(__k.Def(%d), &%s)\n", i, p.names[o])
	out.Source = e.file()
	out.Imports = sortedKeys(e.imports)
	return out, nil
}
