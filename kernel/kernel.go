package kernel

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"log"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"sync"

	"github.com/traefik/yaegi/interp"

	"loupe/kernel/check"
	"loupe/kernel/lower"
	mirror "loupe/kernel/mirror"
	"loupe/stdlib/nb"
	"loupe/stdlib/symbols"
)

// Options configure a kernel. The zero value is a kernel that drops its
// events.
type Options struct {
	// Events receives everything that cells do, in order, never concurrently.
	// It must not call back into the kernel.
	Events func(Event)
	// AutoImport lets a cell use a known package without importing it: an
	// identifier that is nothing else and names a package imports it. The
	// standard library wins over other packages.
	AutoImport bool
	// MaxOutput is how many bytes of stdout and stderr a Run sends; the rest is
	// dropped, which a Warning says. 0 means all of them.
	MaxOutput int64
	// Width is how many columns a line of text has, for tables; nil for as many
	// as they take.
	Width func() int
	// Args is os.Args of the scripts; nil means {"loupe"}.
	Args []string
}

// Cell is one piece of source to run.
type Cell struct {
	// Name names the cell in errors: "In[3]".
	Name string
	// Source is imports, declarations and statements in any order that a
	// reader would write them; a line that begins with % or ? is a magic.
	Source string
	// File and Line say where Source stands in a file: line 1 of Source is
	// Line of File. Errors then name the file. Empty for a cell of a prompt.
	File string
	Line int
	// Show displays the value of a last expression, as a prompt does.
	Show bool

	text string // what the reader sees in place of Source, "" for that itself
}

// Candidate is one completion.
type Candidate struct {
	Text   string // what stands there when it is taken
	Kind   string // "var", "func", "method", "field", "type", "const", "package", "keyword", "magic", "file", "value"
	Detail string // a signature or a type
	Doc    string // the first sentence of its documentation, "" if there is none
}

// Doc describes a name.
type Doc struct {
	Name      string // "strings.Cut"
	Signature string // "func Cut(s, sep string) (before, after string, found bool)"
	Doc       string // the doc comment, "" if there is none
	Pos       string // "In[3]:1:6" for an object of the session
	Source    string // the declaration of an object of the session

	object types.Object
}

// Var is one variable of the session.
type Var struct {
	Name, Type string
	Bytes      int64 // what it owns, see nb.Sizer; else a bounded deep size; -1 when it cannot be told now
	Value      string
	Parts      map[string]int64 // of Bytes, see nb.Parts
	Stale      bool             // see Kernel.Stale
}

var errClosed = errors.New("kernel: closed")

// Kernel runs cells. Its methods may be called from several goroutines; Run
// and RunFile wait for each other.
type Kernel struct {
	opt   Options
	out   *output
	m     *machine
	args  []string
	flags *scriptFlags

	runMu sync.Mutex // held while a cell runs

	mu      sync.Mutex // guards the session
	closed  bool
	sess    *check.Session
	prog    *lower.Program
	interp  *interp.Interpreter
	used    map[string]bool // packages that the interpreter has
	files   int             // files given to the interpreter
	defined []any
	defines []define // what Reset keeps
	sources map[string]string
	dots    []string                           // packages that cells imported with a dot
	docs    map[types.Object]string            // doc comments of the session's declarations
	decls   map[types.Object]string            // their source
	index   map[*ast.File]map[token.Pos]string // see docIndex

	ran       records         // the cells of the session
	once      map[string]bool // sources of //nb:once that ran
	loaded    *loaded         // by %load
	showing   showing
	mainFrame *deferFrame // what main of a notebook deferred
	ended     bool        // the notebook's main has returned
	detach    func()
	restore   func()
}

type define struct {
	name  string
	value any
}

// New makes a kernel with an empty session. Until Close, output of the
// process's default loggers (log, log/slog) comes as events too.
func New(opt Options) (*Kernel, error) {
	k := &Kernel{opt: opt, args: opt.Args}
	if k.args == nil {
		k.args = []string{"loupe"}
	}
	var err error
	if k.out, err = newOutput(opt.Events, opt.MaxOutput); err != nil {
		return nil, err
	}
	k.reset(check.NewUniverse())
	k.attach()
	return k, nil
}

// attach connects the kernel with what is process-wide.
func (k *Kernel) attach() {
	k.detach = nb.Attach(nb.Host{
		Context: k.context,
		Show:    k.showValues,
		Text:    k.streamText,
		Progress: func(label string, done, total int64, unit string) {
			k.out.event(Progress{Label: label, Done: done, Total: total, Unit: unit})
		},
		Warn:  k.out.remark,
		Stats: func(line string, data any) { k.out.event(Stats{Text: line, Data: data}) },
	})
	oldWriter, oldFlags, oldPrefix, oldSlog := log.Writer(), log.Flags(), log.Prefix(), slog.Default()
	log.SetOutput(stream{k.out, true})
	setLoggerFlags(log.Default(), log.LstdFlags)
	log.SetPrefix("")
	k.restore = func() {
		log.SetOutput(oldWriter)
		setLoggerFlags(log.Default(), oldFlags)
		log.SetPrefix(oldPrefix)
		if slog.Default() != oldSlog {
			slog.SetDefault(oldSlog)
		}
	}
}

// reset makes an empty session.
func (k *Kernel) reset(u *check.Universe) {
	fset := token.NewFileSet()
	k.sess = check.NewSession(u, fset)
	k.prog = lower.NewProgram(k.sess.Pkg())
	k.prog.Calls = raceEnabled
	k.prog.Room = availableMemory
	k.prog.Generics = func(path string) (*ast.File, *types.Info, *types.Package, bool) {
		g, ok := u.Generics(path)
		if !ok {
			return nil, nil, nil, false
		}
		return g.File, g.Info, g.Pkg, true
	}
	reg := &registry{
		universe: u, pkg: k.sess.Pkg(), idOf: k.prog.TypeID,
		byID: map[int]*rtype{}, methods: map[methodKey]reflect.Value{},
	}
	k.m = &machine{k: k, reg: reg, gs: newGoroutines(), frames: frames{direct: map[int64]*deferFrame{}}}
	reg.space = mirror.NewSpace(world{k.m})
	k.interp = interp.New(interp.Options{Stdin: os.Stdin, Stdout: stream{k.out, false}, Stderr: discard{}, Args: k.args, Unrestricted: true})
	k.out.ownFiles()
	k.flags = newScriptFlags(k.args[0], k.out)
	k.used = map[string]bool{}
	k.sources, k.dots = map[string]string{}, nil
	k.docs, k.decls = map[types.Object]string{}, map[types.Object]string{}
	k.index = map[*ast.File]map[token.Pos]string{}
	k.defined = nil
	k.ran, k.once, k.loaded = newRecords(), map[string]bool{}, nil
	_ = k.interp.Use(interp.Exports{"k/k": k.m.table()})
}

// discard drops the interpreter's own trace of a panic.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// use gives the interpreter a package.
func (k *Kernel) use(path string) error {
	if k.used[path] {
		return nil
	}
	t, ok := symbols.Table(path)
	if !ok {
		return fmt.Errorf("kernel: package %s is not available to cells", path)
	}
	k.m.overrides(path, t)
	k.used[path] = true
	// The double slash keeps the interpreter from taking this for its own
	// standard library and replacing symbols.
	return k.interp.Use(interp.Exports{path + "//" + path[strings.LastIndex(path, "/")+1:]: t})
}

// Define makes a native value a variable of the session, under its own type.
// Reset keeps it.
func (k *Kernel) Define(name string, value any) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return errClosed
	}
	if !token.IsIdentifier(name) {
		return fmt.Errorf("kernel: %q is not a name", name)
	}
	if err := k.define(name, value); err != nil {
		return err
	}
	for i := range k.defines {
		if k.defines[i].name == name {
			k.defines[i].value = value
			return nil
		}
	}
	k.defines = append(k.defines, define{name, value})
	return nil
}

// Reset forgets everything that cells declared. What Define added stays.
func (k *Kernel) Reset() {
	k.runMu.Lock()
	defer k.runMu.Unlock()
	k.resetSession()
}

func (k *Kernel) resetSession() {
	k.stopBackground()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reset(k.sess.Universe)
	for _, d := range k.defines {
		_ = k.define(d.name, d.value) // it worked before
	}
}

// Close ends the kernel: background goroutines of cells stop at their next
// loop or call, the process's logger is restored.
func (k *Kernel) Close() error {
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		return nil
	}
	k.closed = true
	k.mu.Unlock()
	k.stopBackground()
	k.runMu.Lock()
	defer k.runMu.Unlock()
	k.detach()
	k.restore()
	k.out.close()
	return nil
}

// context is the context of the running cell.
func (k *Kernel) context() context.Context {
	r := k.m.gs.current()
	if r == nil || r.ctx == nil {
		return context.Background()
	}
	return r.ctx
}
