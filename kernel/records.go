package kernel

import (
	"go/ast"
	"go/scanner"
	"go/token"
	"go/types"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// ran is a cell that ran, with the session's names that it used and changed.
type ran struct {
	cell     Cell
	declares map[string]bool // := and declarations
	changes  map[string]bool // assignments to what an earlier cell declared
	effects  map[string]bool // what it may have changed through a pointer
	uses     map[string]bool // what it read of earlier cells, functions that it calls included
	own      map[string]bool // what it read of its own
	seen     map[string]int  // the version of what it used, when it ended
}

// maxRecords bounds what is remembered of a session's cells.
const maxRecords = 2000

// records are the cells of a session in the order in which they ran last.
type records struct {
	list     []*ran
	versions map[string]int  // of a name: how often it got another value
	inside   map[string]*ran // of a function: what its body does
}

func newRecords() records {
	return records{versions: map[string]int{}, inside: map[string]*ran{}}
}

// analyse finds what the units of a cell do to the session's names.
func (k *Kernel) analyse(c Cell, units []checked, objects map[string]types.Object) *ran {
	r := &ran{cell: c, declares: map[string]bool{}, changes: map[string]bool{}, effects: map[string]bool{}, uses: map[string]bool{}, own: map[string]bool{}, seen: map[string]int{}}
	for _, u := range units {
		info := u.unit.Info
		top := map[types.Object]bool{}
		for _, o := range u.hoist {
			top[o] = true
			r.declares[o.Name()] = true
		}
		global := func(id *ast.Ident) (string, bool) {
			o := info.Uses[id]
			if o == nil {
				o = info.Defs[id]
			}
			if o == nil || o.Pkg() != k.sess.Pkg() {
				return "", false
			}
			return o.Name(), top[o] || k.sess.Objects[o.Name()] == o || objects[o.Name()] == o
		}
		for _, d := range u.unit.File.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if ok && fn == u.unit.Cell {
				continue
			}
			if ok && fn.Body != nil {
				name := fn.Name.Name
				if id, _ := receiverName(fn); id != nil {
					name = id.Name + "." + name
				}
				r.declares[name] = true
				body := &ran{changes: map[string]bool{}, effects: map[string]bool{}, uses: map[string]bool{}, own: map[string]bool{}}
				body.walk(fn.Body, info, global, nil)
				maps.Copy(body.uses, body.changes)
				k.ran.inside[name] = body
				continue
			}
			if g, ok := d.(*ast.GenDecl); ok {
				for _, s := range g.Specs { // variables are hoisted
					switch s := s.(type) {
					case *ast.TypeSpec:
						r.declares[s.Name.Name] = true
					case *ast.ValueSpec:
						for _, name := range s.Names {
							if g.Tok == token.CONST && name.Name != "_" {
								r.declares[name.Name] = true
							}
						}
					}
				}
			}
			r.walk(d, info, global, objects)
		}
		for _, s := range u.unit.Stmts {
			r.walk(s, info, global, objects)
		}
	}
	reached := maps.Clone(r.uses)
	for name := range r.own {
		reached[name] = true
	}
	k.ran.through(reached)
	// What the cell makes itself it makes again when it runs again, whatever later
	// cells did to it: only what it took from others counts.
	for name := range reached {
		if !r.declares[name] {
			r.uses[name] = true
		}
		if body := k.ran.inside[name]; body != nil { // what a function does, its caller does
			maps.Copy(r.changes, body.changes)
			maps.Copy(r.effects, body.effects)
		}
	}
	for name := range r.declares {
		delete(r.changes, name)
	}
	return r
}

// through adds what the functions in a set use, and what these use.
func (x *records) through(uses map[string]bool) {
	queue := slices.Collect(maps.Keys(uses))
	for len(queue) > 0 {
		name := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if x.inside[name] == nil {
			continue
		}
		for n := range x.inside[name].uses {
			if !uses[n] {
				uses[n] = true
				queue = append(queue, n)
			}
		}
	}
}

// walk notes what n does to the session's names, of which some are the cell's own.
func (r *ran) walk(n ast.Node, info *types.Info, global func(*ast.Ident) (string, bool), own map[string]types.Object) {
	// root is the variable that an assignable or addressable expression is in.
	root := func(x ast.Expr) (name string, whole, ok bool) {
		whole = true
		for {
			switch y := x.(type) {
			case *ast.ParenExpr:
				x = y.X
			case *ast.SelectorExpr:
				x, whole = y.X, false
			case *ast.IndexExpr:
				x, whole = y.X, false
			case *ast.SliceExpr:
				x, whole = y.X, false
			case *ast.StarExpr:
				x, whole = y.X, false
			case *ast.Ident:
				name, ok = global(y)
				return name, whole, ok
			default:
				return "", false, false
			}
		}
	}
	set := func(x ast.Expr) {
		if name, _, ok := root(x); ok {
			r.changes[name] = true
		}
	}
	plain := map[*ast.Ident]bool{} // only written
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				if n.Tok == token.DEFINE {
					if id, ok := l.(*ast.Ident); ok && info.Defs[id] == nil {
						set(l) // declared before
					}
				} else {
					set(l)
				}
				if id, ok := ast.Unparen(l).(*ast.Ident); ok && (n.Tok == token.ASSIGN || n.Tok == token.DEFINE) {
					plain[id] = true
				}
			}
		case *ast.IncDecStmt:
			set(n.X)
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				for _, x := range []ast.Expr{n.Key, n.Value} {
					if x != nil {
						set(x)
					}
				}
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				if name, _, ok := root(n.X); ok {
					r.effects[name] = true
				}
			}
		case *ast.SelectorExpr:
			if s := info.Selections[n]; s != nil && s.Kind() == types.MethodVal {
				if f, ok := s.Obj().(*types.Func); ok {
					if named := recvType(f); named != "" {
						if name := named + "." + f.Name(); r.declares[name] {
							r.own[name] = true
						} else {
							r.uses[name] = true
						}
					}
					if _, ptr := f.Type().(*types.Signature).Recv().Type().(*types.Pointer); ptr {
						if name, _, ok := root(n.X); ok {
							r.effects[name] = true
						}
					}
				}
			}
		case *ast.Ident:
			if name, ok := global(n); ok && !plain[n] && info.Defs[n] == nil {
				if own[name] == info.Uses[n] {
					r.own[name] = true
				} else {
					r.uses[name] = true
				}
			}
		}
		return true
	})
}

func recvType(f *types.Func) string {
	n, ok := deref(f.Type().(*types.Signature).Recv().Type()).(*types.Named)
	if !ok {
		return ""
	}
	return n.Obj().Name()
}

// add notes that a cell ran. A cell of the same name ran before in its place.
func (x *records) add(r *ran) {
	for _, m := range []map[string]bool{r.declares, r.changes} {
		for name := range m {
			x.versions[name]++
		}
	}
	for name := range r.uses {
		r.seen[name] = x.versions[name]
	}
	for i, old := range x.list {
		if old.cell.Name != "" && old.cell.Name == r.cell.Name {
			x.list[i] = r
			return
		}
	}
	x.list = append(x.list, r)
	if len(x.list) > maxRecords {
		x.list = append(x.list[:0], x.list[len(x.list)-maxRecords:]...)
	}
}

// superseded says whether later cells declared everything anew that a cell
// declared, so that its values are gone.
func (x *records) superseded(i int) bool {
	r := x.list[i]
	if len(r.declares) == 0 {
		return false
	}
	left := maps.Clone(r.declares)
	for _, later := range x.list[i+1:] {
		for name := range later.declares {
			delete(left, name)
		}
	}
	return len(left) == 0
}

// stale are the cells whose values are not what they would be if they ran now:
// something that they used has changed since, or is itself stale. A cell that
// works on what a stale cell before it works on through a pointer is stale too.
func (x *records) stale() []*ran {
	var out []*ran
	names := map[string]bool{}   // values that a stale cell made
	touched := map[string]bool{} // what a stale cell worked on
	for i, r := range x.list {
		if len(r.declares)+len(r.changes)+len(r.effects) == 0 || x.superseded(i) {
			continue
		}
		is := false
		for name := range r.uses {
			if r.changes[name] {
				continue // whoever came later worked on what this one left
			}
			is = is || r.seen[name] != x.versions[name] || names[name] || r.effects[name] && touched[name]
		}
		if !is {
			continue
		}
		out = append(out, r)
		maps.Copy(names, r.declares)
		maps.Copy(names, r.changes)
		maps.Copy(touched, r.effects)
	}
	return out
}

// Stale names the cells whose values depend on something that has changed
// since they ran, in the order in which to run them again.
func (k *Kernel) Stale() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []string
	for _, r := range k.ran.stale() {
		out = append(out, r.cell.name())
	}
	return out
}

// staleNames are the variables whose values are stale.
func (x *records) staleNames() map[string]bool {
	m := map[string]bool{}
	for _, r := range x.stale() {
		maps.Copy(m, r.declares)
		maps.Copy(m, r.changes)
	}
	return m
}

// settings are what the comments //nb:NAME at the head of a cell ask for.
func settings(src string) map[string]bool {
	m := map[string]bool{}
	for _, line := range strings.Split(src, "\n") {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "//nb:"); ok {
			name, _, _ = strings.Cut(strings.TrimSpace(name), " ") // what follows is for its reader
			m[name] = true
		} else if line != "" && !strings.HasPrefix(line, "//") {
			break
		}
	}
	return m
}

// almostSetting matches a setting that is none, because of a blank.
var almostSetting = regexp.MustCompile(`^//\s+nb:(time|expect-error|once|skip|mask)\b`)

// straySetting says what is wrong with a setting that is not one by its place or its
// form, "" if there is none.
func straySetting(src string) string {
	if !strings.Contains(src, "nb:") {
		return ""
	}
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(src)), []byte(src), func(token.Position, string) {}, scanner.ScanComments)
	for head := true; ; {
		_, t, text := s.Scan()
		switch {
		case t == token.EOF:
			return ""
		case t != token.COMMENT:
			head = head && t == token.SEMICOLON
		case head && almostSetting.MatchString(text):
			return "a setting has no blank behind the slashes: //nb:" + almostSetting.FindStringSubmatch(text)[1]
		case !head && strings.HasPrefix(text, "//nb:"):
			return text + " does nothing here: settings stand at the head of the cell"
		}
	}
}
