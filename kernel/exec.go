package kernel

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/traefik/yaegi/interp"

	"loupe/kernel/check"
	"loupe/kernel/lower"
)

// Run runs one cell and returns when it and its events are done. The error is
// an *Error, which came as a [Failed] event too. When ctx ends the cell is
// interrupted; the session stays usable.
func (k *Kernel) Run(ctx context.Context, c Cell) error {
	k.runMu.Lock()
	defer k.runMu.Unlock()
	start := time.Now()
	var err *Error
	if k.isClosed() {
		return errClosed
	}
	if ctx.Err() != nil {
		err = interrupted(c.Name)
	} else {
		err = k.cell(ctx, c)
	}
	return k.finish(err, start)
}

// interrupted is the error of a cell that did not begin to run.
func interrupted(cell string) *Error {
	return &Error{Cell: cell, Msg: "interrupted", Kind: Interrupted, ExitCode: 130}
}

func (k *Kernel) isClosed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.closed
}

// finish sends the last events of a run.
func (k *Kernel) finish(err *Error, start time.Time) error {
	k.out.unmute()
	if err != nil && !err.told {
		k.out.event(Failed{err})
	}
	k.out.event(Done{Wall: time.Since(start)})
	if err == nil {
		return nil
	}
	return err
}

// cell runs a cell, magics included.
func (k *Kernel) cell(ctx context.Context, c Cell) *Error {
	src := strings.TrimSpace(c.Source)
	if src == "" {
		return nil
	}
	if isMagic(src) {
		return k.magic(ctx, c, src)
	}
	return k.code(ctx, c)
}

// name is the name of a cell's source in positions.
func (c Cell) name() string {
	switch {
	case c.File != "":
		return c.File
	case c.Name != "":
		return c.Name
	}
	return "cell"
}

// code checks, lowers, compiles and runs a cell of Go.
func (k *Kernel) code(ctx context.Context, c Cell) *Error {
	set := settings(c.Source)
	for name := range set {
		switch name {
		case "time", "expect-error", "once":
		case "skip", "mask": // for loupe test
		default:
			k.out.event(Warning{Cell: c.name(), Text: "no setting //nb:" + name + "; there are //nb:time, //nb:expect-error and //nb:once, and for loupe test //nb:skip and //nb:mask"})
		}
	}
	if stray := straySetting(c.Source); stray != "" {
		k.out.event(Warning{Cell: c.name(), Text: stray})
	}
	if set["once"] && k.once[c.Source] {
		k.out.event(Stats{Text: "//nb:once: it has run; %rerun runs it again"})
		return nil
	}
	start := time.Now()
	err := k.goCode(ctx, c)
	if err == nil {
		k.edited(c)
	}
	if set["time"] {
		k.out.event(Stats{Text: "wall " + duration(time.Since(start)), Data: time.Since(start)})
	}
	if set["expect-error"] && (err == nil || err.Kind != Interrupted) {
		if err == nil {
			return &Error{Cell: c.name(), Line: max(c.Line, 1), Col: 1, Msg: "//nb:expect-error: the cell ran without an error", Source: lineOf(c.Source, 1), Kind: Panic, ExitCode: 1}
		}
		k.text1(err.Error()) // what the cell is there to show
		return nil
	}
	if set["once"] && err == nil {
		k.once[c.Source] = true
	}
	return err
}

// goCode runs a cell of Go and remembers what it did.
func (k *Kernel) goCode(ctx context.Context, c Cell) *Error {
	units, err := k.prepare(ctx, c)
	if err != nil {
		return err
	}
	err = k.execute(ctx, c.name(), units.programs, units.commit)
	k.mu.Lock()
	forget(k.interp, units.dead)
	for _, name := range units.dead {
		k.m.funcs.Delete(name)
	}
	k.ran.add(units.did)
	k.mu.Unlock()
	return err
}

// prepared is a cell that can run.
type prepared struct {
	programs []*interp.Program
	commit   func() // makes the cell's names those of the session
	did      *ran
	dead     []string // see lower.Output
}

// prepare does everything but running. If it fails the session is as before.
func (k *Kernel) prepare(ctx context.Context, c Cell) (*prepared, *Error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	first := c.Line
	if first == 0 {
		first = 1
	}
	parts, wrong := splitCell(c.Source)
	if len(wrong) > 0 {
		for i := range wrong {
			wrong[i].Pos.Line += first - 1
		}
		return nil, k.checkErrors(c, wrong)
	}
	text := c.text
	if text == "" {
		text = c.Source
	}
	k.sources[c.name()] = strings.Repeat("\n", first-1) + text
	a := attempt{k: k, c: c, parts: parts, line: first}
	p, errs := a.try(parts.order(false))
	if len(errs) > 0 && parts.mixed() {
		// Functions may use variables that statements above them define.
		b := attempt{k: k, c: c, parts: parts, line: first}
		if p2, errs2 := b.try(parts.order(true)); len(errs2) == 0 {
			p, errs = p2, nil
			a = b
		}
	}
	if len(errs) > 0 {
		return nil, k.checkErrors(c, errs)
	}
	for _, w := range a.warnings {
		k.out.event(Warning{Cell: c.name(), Line: w.Pos.Line, Text: w.Msg})
	}
	var file *ast.File
	for _, part := range p {
		if part.unit.File == file {
			continue
		}
		file = part.unit.File
		for _, w := range racingMaps(file, part.unit.Info, k.sess.Fset) {
			k.out.event(Warning{Cell: c.name(), Line: w.Pos.Line, Text: w.Msg})
		}
	}
	return k.compileAll(ctx, c, p, a)
}

// used makes a statement of a value alone.
func used(x *ast.ExprStmt) *ast.AssignStmt {
	return &ast.AssignStmt{Lhs: []ast.Expr{&ast.Ident{Name: "_", NamePos: x.Pos()}}, TokPos: x.Pos(), Tok: token.ASSIGN, Rhs: []ast.Expr{x.X}}
}

// notUsed reports whether a value that nothing takes is wrong, in the last statement
// that begins at from, and nothing else but variables that a later cell may use.
func notUsed(errs []check.Error, from token.Position) bool {
	value := false
	for _, e := range errs {
		before := e.Pos.Line < from.Line || e.Pos.Line == from.Line && e.Pos.Column < from.Column
		switch {
		case strings.HasSuffix(e.Msg, "is not used") && !before:
			value = true
		case !e.Soft:
			return false
		}
	}
	return value
}

// attempt checks the parts of a cell in one order.
type attempt struct {
	k        *Kernel
	c        Cell
	parts    *cellParts
	line     int
	objects  map[string]types.Object
	imports  map[string]string
	dots     []string // packages imported with a dot
	warnings []check.Error
}

// checked is a checked part of a cell.
type checked struct {
	unit  lower.Unit
	hoist []types.Object
}

func (a *attempt) try(order []part) ([]checked, []check.Error) {
	a.objects, a.imports, a.dots = map[string]types.Object{}, map[string]string{}, nil
	var list []checked
	for _, p := range order {
		u, errs := a.check(p)
		if len(errs) > 0 {
			return nil, errs
		}
		list = append(list, u)
	}
	return list, nil
}

// check checks one part in the scope of the session and the parts before it.
func (a *attempt) check(p part) (checked, []check.Error) {
	s := a.k.sess
	head := "package main;"
	tail := ""
	if p.stmts {
		tail = "\n}"
	}
	src, imports := a.withImports(p)
	open := ""
	if p.stmts {
		open = "func __cell() {"
	}
	full := fmt.Sprintf("%s%s%s\n//line %s:%d:1\n%s%s", head, imports, open, a.c.name(), a.line, src, tail)
	f, errs := s.Parse(a.c.name(), full)
	if len(errs) > 0 {
		for i := range errs {
			a.atEnd(&errs[i], p.src)
		}
		return checked{}, errs
	}
	u := lower.Unit{File: f, Decls: !p.stmts}
	var shown *ast.ExprStmt
	var body *ast.BlockStmt
	if p.stmts {
		u.Cell = f.Decls[len(f.Decls)-1].(*ast.FuncDecl)
		body = u.Cell.Body
		if n := len(body.List); n > 0 && a.c.Show {
			if x, ok := body.List[n-1].(*ast.ExprStmt); ok {
				shown = x
				if _, call := ast.Unparen(x.X).(*ast.CallExpr); !call { // a value alone is no statement
					body.List[n-1] = used(x)
				}
			}
		}
	}
	late, errs := a.lateMethods(f)
	if errs != nil {
		return checked{}, errs
	}
	defer a.hide(f)()
	var unit *check.Unit
	if len(late) > 0 {
		unit, errs = a.addMethods(f, late)
	} else {
		unit, errs = s.Check(f, a.objects)
	}
	if unit == nil {
		return checked{}, errs
	}
	for _, m := range late {
		u.Late = append(u.Late, m.fn)
	}
	if shown != nil && body.List[len(body.List)-1] == ast.Stmt(shown) && notUsed(errs, s.Fset.Position(shown.Pos())) {
		// A conversion, or a builtin such as len: a call in form, but no statement.
		body.List[len(body.List)-1] = used(shown)
		unit, errs = s.Check(f, a.objects)
	}
	if shown != nil {
		at := s.Fset.Position(shown.X.Pos())
		for i, e := range errs {
			if e.Pos.Line == at.Line && e.Pos.Column == at.Column {
				errs[i].Msg = shownError(e.Msg)
			}
		}
	}
	errs = a.filter(errs, unit)
	if len(errs) > 0 {
		return checked{}, errs
	}
	u.Info = unit.Info
	out := checked{}
	if p.stmts {
		if shown != nil {
			body.List[len(body.List)-1] = shown
			u.Show = !prints(shown.X, unit.Info)
		} else if n := len(body.List); n > 0 && a.c.Show {
			_, u.Show = body.List[n-1].(*ast.AssignStmt) // which may generate text
		}
		u.Stmts = body.List
		u.Hoist = map[types.Object]bool{}
		scope := unit.Info.Scopes[u.Cell.Type]
		for _, name := range scope.Names() {
			if v, ok := scope.Lookup(name).(*types.Var); ok {
				u.Hoist[v] = true
				a.objects[name] = v
				out.hoist = append(out.hoist, v)
			}
		}
	} else {
		for name := range check.Declared(f) {
			if o := unit.Pkg.Scope().Lookup(name); o != nil && name != "_" {
				a.objects[name] = o
				if _, ok := o.(*types.Var); ok {
					out.hoist = append(out.hoist, o)
				}
			}
		}
		for _, im := range f.Imports {
			a.addImport(im, unit)
		}
	}
	out.unit = u
	return out, nil
}

// atEnd makes an error about the brace that closes the cell's function one about the
// end of the cell, which has no such brace.
func (a *attempt) atEnd(e *check.Error, src string) {
	last := strings.Count(src, "\n")
	if e.Pos.Line <= a.line+last {
		return
	}
	e.Pos.Line, e.Pos.Column = a.line+last, len(src)-strings.LastIndexByte(src, '\n')
	e.Msg = strings.Replace(e.Msg, "unexpected }", "unexpected EOF", 1)
}

// hide takes what the file imports out of the session's names until the function that
// it gives is called: an import declares its name anew, as a variable does.
func (a *attempt) hide(f *ast.File) (restore func()) {
	hidden := map[string]types.Object{}
	for _, im := range f.Imports {
		name := check.BaseName(strings.Trim(im.Path.Value, "`\""))
		if im.Name != nil {
			name = im.Name.Name
		}
		if o := a.k.sess.Objects[name]; o != nil {
			hidden[name] = o
			delete(a.k.sess.Objects, name)
		}
	}
	return func() { maps.Copy(a.k.sess.Objects, hidden) }
}

// shownError words an error of the assignment that the cell does not have.
func shownError(msg string) string {
	if msg == "use of untyped nil in assignment to _ identifier" {
		return "nil alone has no type, so there is no value to show"
	}
	rest, cut := strings.CutPrefix(msg, "cannot use ")
	x, rest, as := strings.Cut(rest, " as ")
	typ, why, to := strings.Cut(rest, " value in assignment to _ identifier")
	if cut && as && to && why == " (overflows)" {
		return fmt.Sprintf("%s overflows %s: to show it, convert it to a type that holds it, such as float64", x, typ)
	}
	return strings.Replace(msg, " in assignment to _ identifier", "", 1)
}

// prints says whether x is a call of fmt for its output: nobody wants to see
// how many bytes that was.
func prints(x ast.Expr, info *types.Info) bool {
	call, ok := ast.Unparen(x).(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	f, ok := info.Uses[sel.Sel].(*types.Func)
	return ok && f.Pkg() != nil && f.Pkg().Path() == "fmt" && strings.Contains(f.Name(), "rint") && !strings.HasPrefix(f.Name(), "S")
}

func (a *attempt) addImport(im *ast.ImportSpec, u *check.Unit) {
	path := strings.Trim(im.Path.Value, "`\"")
	name := ""
	if im.Name != nil {
		name = im.Name.Name
	} else if o := u.Info.Implicits[im]; o != nil {
		name = o.Name()
	}
	switch name {
	case "", "_":
	case ".":
		if !slices.Contains(a.dots, path) {
			a.dots = append(a.dots, path)
		}
	default:
		a.imports[name] = path
	}
}

// dotted are those of the packages whose names a source uses as its own.
func (k *Kernel) dotted(src string, paths []string, own func(string) bool) []string {
	var out []string
	for _, path := range paths {
		pkg, err := k.sess.Universe.Import(path)
		if err != nil {
			continue
		}
		for name := range plainNames(src) {
			if token.IsExported(name) && !own(name) && pkg.Scope().Lookup(name) != nil {
				out = append(out, path)
				break
			}
		}
	}
	return out
}

// withImports gives a part the imports that it uses of the session, of the
// parts before it, and, if asked for, of known packages.
func (a *attempt) withImports(p part) (src, imports string) {
	known := maps.Clone(a.k.sess.Imports)
	maps.Copy(known, a.imports)
	var b strings.Builder
	done := map[string]bool{}
	for name := range qualifiers(p.src) {
		if done[name] || p.imported[name] {
			continue
		}
		if _, declared := a.objects[name]; declared {
			continue
		}
		path, ok := known[name]
		if !ok && a.k.opt.AutoImport && a.k.sess.Objects[name] == nil && !p.declares[name] {
			path, ok = check.Named(name)
		}
		if ok {
			done[name] = true
			fmt.Fprintf(&b, "import %s %q;", name, path)
		}
	}
	own := func(name string) bool {
		return a.objects[name] != nil || a.k.sess.Objects[name] != nil || p.declares[name]
	}
	for _, path := range a.k.dotted(p.src, slices.Concat(a.k.dots, a.dots), own) {
		if !p.dots[path] {
			fmt.Fprintf(&b, "import . %q;", path)
		}
	}
	return p.src, b.String()
}

// unusedImport is the message of an import that nothing uses.
var unusedImport = regexp.MustCompile(`imported (as \S+ )?and not used`)

// filter drops errors that are none at a prompt and collects warnings.
func (a *attempt) filter(errs []check.Error, u *check.Unit) []check.Error {
	var out []check.Error
	for _, e := range errs {
		if unusedImport.MatchString(e.Msg) {
			continue // a later cell will use it
		}
		if e.Soft {
			if name, ok := strings.CutPrefix(e.Msg, "declared and not used: "); ok {
				if a.topLevel(name, e, u) {
					continue
				}
				e.Msg += " (go run refuses this)"
				a.warnings = append(a.warnings, e)
				continue
			}
		}
		out = append(out, e)
	}
	return out
}

// topLevel says whether an unused variable is one of the cell's own block.
func (a *attempt) topLevel(name string, e check.Error, u *check.Unit) bool {
	for _, d := range u.File.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Name.Name != "__cell" {
			continue
		}
		if scope := u.Info.Scopes[fn.Type]; scope != nil {
			if o := scope.Lookup(name); o != nil && a.k.sess.Fset.Position(o.Pos()) == e.Pos {
				return true
			}
		}
	}
	return false
}

// checkErrors makes the cell's error of the checker's errors.
func (k *Kernel) checkErrors(c Cell, errs []check.Error) *Error {
	first := errs[0]
	e := &Error{Cell: c.name(), Line: first.Pos.Line, Col: first.Pos.Column, Msg: first.Msg, Kind: Compile, ExitCode: 1}
	e.Source = k.sourceLine(c.name(), e.Line)
	if e.Source == "" {
		e.Source = lineOf(c.Source, e.Line-max(c.Line, 1)+1)
	}
	own := map[string]bool{}
	if parts, errs := splitCell(c.Source); len(errs) == 0 {
		own = parts.declares
	}
	e.Hint = k.hint(first.Msg, e.Source, own)
	for _, x := range errs[1:min(len(errs), 10)] {
		e.Trace = append(e.Trace, fmt.Sprintf("%s:%d:%d: %s", c.name(), x.Pos.Line, x.Pos.Column, x.Msg))
	}
	return e
}

func (k *Kernel) sourceLine(name string, line int) string { return lineOf(k.sources[name], line) }

func lineOf(src string, n int) string {
	lines := strings.Split(src, "\n")
	if n < 1 || n > len(lines) {
		return ""
	}
	return strings.TrimRight(lines[n-1], "\r")
}

// compileAll lowers and compiles the parts of a cell.
func (k *Kernel) compileAll(ctx context.Context, c Cell, list []checked, a attempt) (*prepared, *Error) {
	out := &prepared{}
	var undo []*lower.Output
	fail := func(e *Error) (*prepared, *Error) {
		for i := len(undo) - 1; i >= 0; i-- {
			undo[i].Undo()
		}
		return nil, e
	}
	for _, u := range list {
		for _, o := range u.hoist {
			if old, ok := k.sess.Objects[o.Name()].(*types.Var); ok && types.Identical(old.Type(), o.Type()) {
				if _, ok := k.prog.Name(old); ok {
					k.prog.Rename(old, o)
				}
			}
		}
		if ctx.Err() != nil { // a long cell takes its time
			return fail(interrupted(c.name()))
		}
		u.unit.Replaced = k.replaced(a.objects)
		low, err := k.prog.Lower(u.unit)
		if err != nil {
			return fail(k.refused(c.name(), err))
		}
		undo = append(undo, low)
		p, err := k.compile(low)
		if err != nil {
			return fail(k.refused(c.name(), err))
		}
		out.programs = append(out.programs, p)
		out.dead = append(out.dead, low.Dead...)
	}
	if ctx.Err() != nil {
		return fail(interrupted(c.name()))
	}
	out.did = k.analyse(c, list, a.objects)
	out.commit = func() {
		for name, o := range a.objects {
			k.forgetDocs(k.sess.Objects[name])
			k.sess.Objects[name] = o
			delete(k.sess.Imports, name)
		}
		for name, path := range a.imports {
			k.sess.Imports[name] = path
			delete(k.sess.Objects, name)
		}
		for _, path := range a.dots {
			if !slices.Contains(k.dots, path) {
				k.dots = append(k.dots, path)
			}
		}
		for _, u := range list {
			k.keepDocs(u.unit.File, u.unit.Info)
		}
	}
	return out, nil
}

// replaced are the session's functions that the cell declares anew.
func (k *Kernel) replaced(now map[string]types.Object) map[types.Object]types.Object {
	m := map[types.Object]types.Object{}
	for name, o := range now {
		old, ok := k.sess.Objects[name].(*types.Func)
		if f, isFunc := o.(*types.Func); ok && isFunc && types.Identical(old.Type(), f.Type()) {
			m[old] = f
		}
	}
	return m
}

func (k *Kernel) refused(name string, err error) *Error {
	e := &Error{Cell: name, Msg: err.Error(), Kind: Compile, ExitCode: 1}
	var r *lower.Refusal
	if errors.As(err, &r) && r.Pos.IsValid() {
		p := k.sess.Fset.Position(r.Pos)
		e.Line, e.Col, e.Source = p.Line, p.Column, k.sourceLine(name, p.Line)
	}
	return e
}

// compile gives a lowered unit to the interpreter. Whatever it does wrong on
// the way is an error.
func (k *Kernel) compile(low *lower.Output) (p *interp.Program, err error) {
	for _, path := range low.Imports {
		if err := k.use(path); err != nil {
			return nil, err
		}
	}
	if low.Files {
		k.out.piped = true
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("loupe cannot run this yet: the interpreter fails to compile it (%v)", r)
			trace("%s\n%s\n%s", low.Source, r, debug.Stack())
		}
	}()
	k.files++
	name := fmt.Sprintf("c%d.go", k.files)
	f, perr := parser.ParseFile(k.interp.FileSet(), name, low.Source, parser.SkipObjectResolution)
	if perr != nil {
		trace("%s\n%v", low.Source, perr)
		return nil, fmt.Errorf("loupe cannot run this yet: its lowered form is wrong (%v)", perr)
	}
	p, cerr := k.interp.CompileAST(f)
	if cerr != nil {
		trace("%s\n%v", low.Source, cerr)
		return nil, fmt.Errorf("loupe cannot run this yet: the interpreter does not compile it (%v)", cerr)
	}
	room(k.interp)
	for _, im := range f.Imports { // what the interpreter notes of the file's imports, for its compilation
		if im.Name != nil {
			low.Dead = append(low.Dead, filepath.Join(im.Name.Name, name))
		}
	}
	trace("%s", low.Source)
	return p, nil
}

// trace prints lowered sources when the environment asks for it.
var trace = func(string, ...any) {}

// grace is how long an interrupted cell may take to stop before it is left
// behind.
const grace = 40 * time.Millisecond

// execute runs compiled programs on a goroutine of their own.
func (k *Kernel) execute(ctx context.Context, name string, programs []*interp.Program, commit func()) *Error {
	r := k.begin(ctx)
	defer k.end(r)
	k.mu.Lock()
	commit()
	k.mu.Unlock()
	err := k.drive(ctx, r, name, func() error {
		for _, p := range programs {
			if r.dead() { // left behind in the one before
				return nil
			}
			if _, err := k.interp.Execute(p); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		k.left(r, name)
	}
	return err
}

func (k *Kernel) begin(ctx context.Context) *run {
	k.out.begin()
	k.mu.Lock()
	k.showing.on = false // of a call that failed
	k.mu.Unlock()
	r := &run{over: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancel(ctx)
	k.m.gs.mu.Lock()
	k.m.gs.last = r
	k.m.gs.mu.Unlock()
	return r
}

func (k *Kernel) end(r *run) {
	r.cancel()
	k.out.sync()
	k.out.end()
}

// drive runs f as the run's main goroutine and waits for its end, an
// interrupt, or anything else that ends the run.
func (k *Kernel) drive(ctx context.Context, r *run, name string, f func() error) *Error {
	done := make(chan *outcome, 1)
	go func() {
		k.m.gs.enter(r)
		r.mainID.Store(goid())
		res := &outcome{kind: Interrupted} // Goexit
		defer func() {
			if p := recover(); p != nil {
				res = &outcome{kind: Panic, value: p, line: k.m.began(p)}
			}
			if _, left := k.m.gs.leave(); left == 0 && r.dead() {
				k.m.gone(r)
			}
			done <- res
		}()
		err := f()
		res = nil
		if err != nil {
			p := panicValue(err)
			res = &outcome{kind: Panic, value: p, line: k.m.began(p)}
		}
	}()
	stopWatch := k.watch(r)
	defer stopWatch()
	var res *outcome
	interrupted := ctx.Done()
	select {
	case res = <-done:
		if res == nil {
			if res = r.leave(); res == nil {
				return nil
			}
		} else if res.kind != Interrupted { // the run's own end, and that of its goroutines
			r.finish(res)
			k.settle(r)
		}
	case <-interrupted:
		r.finish(&outcome{kind: Interrupted})
		k.stopAndWait(r, done, name)
	case <-r.over:
		k.stopAndWait(r, done, name)
	}
	if why := r.why(); why != nil {
		res = why
	}
	return k.outcomeError(res, name)
}

// stopAndWait stops the goroutines of a run that is over. A goroutine inside
// of a native call is left behind: it ends when the call returns.
func (k *Kernel) stopAndWait(r *run, done chan *outcome, name string) {
	r.cancel()
	k.m.stopAll()
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
		if r.why().kind == Interrupted && name != "" {
			k.out.event(Warning{Cell: name, Text: "a native call goes on in the background; the cell ends when it returns"})
		}
	}
	k.m.calm()
}

// settle stops the goroutines of a run that is over and waits a little for
// them.
func (k *Kernel) settle(r *run) {
	end := time.Now().Add(grace)
	for wait := 50 * time.Microsecond; k.m.gs.count(r) > 0 && time.Now().Before(end); wait *= 2 {
		k.m.stopAll()
		time.Sleep(wait)
	}
	k.m.calm()
}

// left tells of goroutines that outlive their cell.
func (k *Kernel) left(r *run, name string) {
	end := time.Now().Add(grace / 2)
	for wait := 50 * time.Microsecond; k.m.gs.count(r) > 0 && time.Now().Before(end); wait *= 2 {
		time.Sleep(wait)
	}
	n := k.m.gs.count(r)
	if n == 0 {
		return
	}
	list := k.background(r)
	const most = 5
	if len(list) > most {
		list = append(list[:most], fmt.Sprintf("and %d more", len(list)-most))
	}
	what := "a goroutine of this cell goes on"
	if n > 1 {
		what = fmt.Sprintf("%d goroutines of this cell go on", n)
	}
	k.out.event(Warning{Cell: name, Text: what + ": " + strings.Join(list, "; ") + " (%stop ends them)"})
}

// stopBackground ends what goes on after its cell, and says how many
// goroutines ended and how many are in a call that does not listen.
func (k *Kernel) stopBackground() (ended, left int) {
	k.m.gs.mu.Lock()
	var alive []*run
	for r, n := range k.m.gs.alive {
		alive = append(alive, r)
		ended += n
	}
	k.m.gs.mu.Unlock()
	for _, r := range alive {
		r.finish(&outcome{kind: Interrupted})
	}
	for _, r := range alive {
		k.settle(r)
		left += k.m.gs.count(r)
	}
	return ended - left, left
}

// outcomeError words the end of a run.
func (k *Kernel) outcomeError(o *outcome, name string) *Error {
	if o == nil {
		return nil
	}
	e := &Error{Cell: name, Kind: o.kind}
	switch o.kind {
	case Interrupted:
		e.Msg, e.ExitCode = "interrupted", 130
		o.line = k.m.at()
	case Exit:
		if o.code == 0 {
			e.Msg = "exit status 0"
		} else {
			e.Msg = fmt.Sprintf("exit status %d", o.code)
		}
		e.ExitCode = o.code
		o.line = k.m.at()
	case Panic:
		e.ExitCode = 2
		if f, ok := value(unwrapPanic(o.value)).(fatal); ok {
			o.fatal, o.value = true, string(f)
		}
		if o.fatal {
			e.Msg = fmt.Sprintf("fatal error: %v", o.value)
		} else {
			e.Msg = "panic: " + k.m.panicText(o.value)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if o.fatal && o.value == stackOverflow {
		// The call that does not fit any more is charged to the function's head.
		if pos := k.prog.Head(token.Pos(o.line)); pos.IsValid() {
			o.line = int(pos)
		}
	}
	if o.line > 0 {
		p := k.sess.Fset.Position(token.Pos(o.line))
		if p.Filename != "" {
			e.Cell, e.Line, e.Col = p.Filename, p.Line, p.Column
			e.Source = k.sourceLine(p.Filename, p.Line)
		}
	}
	return e
}
