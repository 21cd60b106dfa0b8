package kernel

import (
	"context"
	"errors"
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
}

// Candidate is one completion.
type Candidate struct {
	Text   string // what stands there when it is taken
	Kind   string // "var", "func", "method", "field", "type", "const", "package", "keyword", "magic"
	Detail string // a signature or a type
}

// Doc describes a name.
type Doc struct {
	Name      string // "strings.Cut"
	Signature string // "func Cut(s, sep string) (before, after string, found bool)"
	Doc       string // the doc comment, "" if there is none
	Pos       string // "In[3]:1:6" for an object of the session
}

// Var is one variable of the session.
type Var struct {
	Name, Type string
	Bytes      int64 // what it owns, see nb.Sizer; else a bounded deep size
	Value      string
}

var errClosed = errors.New("kernel: closed")

// Kernel runs cells. Its methods may be called from several goroutines; Run
// and RunFile wait for each other.
type Kernel struct {
	opt Options
}

// New makes a kernel with an empty session.
func New(opt Options) (*Kernel, error) { return &Kernel{opt: opt}, nil }

// Define makes a native value a variable of the session, under its own type.
func (k *Kernel) Define(name string, value any) error { return errClosed }

// Run runs one cell and returns when it and its events are done. The error is
// an *Error, which came as a [Failed] event too. When ctx ends the cell is
// interrupted; the session stays usable.
func (k *Kernel) Run(ctx context.Context, c Cell) error { return errClosed }

// RunFile runs a notebook file cell by cell. A file with compile errors runs
// the cells before the first wrong one. The error is an *Error whose ExitCode
// is that of the compiled program.
func (k *Kernel) RunFile(ctx context.Context, path string) error { return errClosed }

// IsComplete says whether src can be run as it stands: false asks for more
// lines. Source that no further line can mend is complete.
func IsComplete(src string) bool { return true }

// Candidates completes src at the byte offset cursor: each candidate replaces
// src[from:cursor].
func (k *Kernel) Candidates(src string, cursor int) (from int, list []Candidate) {
	return cursor, nil
}

// Doc describes a name or a selector expression: a package, a symbol, a
// method, an object of the session.
func (k *Kernel) Doc(expr string) (Doc, bool) { return Doc{}, false }

// Vars lists the variables of the session by name.
func (k *Kernel) Vars() []Var { return nil }

// Reset forgets everything that cells declared, and what Define added.
func (k *Kernel) Reset() {}

// Close ends the kernel: background goroutines of cells stop at their next
// statement, the process's logger is restored.
func (k *Kernel) Close() error { return nil }
