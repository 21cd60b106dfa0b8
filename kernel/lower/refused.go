package lower

import (
	"go/ast"
	"go/types"
	"strings"
)

// refusedNatives are symbols of native packages that would see the interpreter
// in place of the program, or end the process that the session lives in: what
// they would do, and what to write instead.
var refusedNatives = map[string][2]string{
	"runtime.Caller":                    {"which would find the interpreter's place and not the cell's", "the errors of cells name their line"},
	"runtime.Callers":                   {"which would find the interpreter's calls and not the cell's", "the errors of cells name their line"},
	"runtime.CallersFrames":             {"which would find the interpreter's calls and not the cell's", "the errors of cells name their line"},
	"runtime.FuncForPC":                 {"which would name the interpreter's functions", "the errors of cells name their line"},
	"runtime.Stack":                     {"which would show the interpreter's calls and not the cell's", "let the panic end the cell: its error names the line"},
	"runtime.GoroutineProfile":          {"which would show the interpreter's calls and not the cell's", ""},
	"runtime.Breakpoint":                {"which ends the process", ""},
	"runtime.Pinner":                    {"which may end the process", ""},
	"runtime.SetFinalizer":              {"because the interpreter keeps values longer than a compiled program", ""},
	"runtime/debug.Stack":               {"which would show the interpreter's calls and not the cell's", "let the panic end the cell: its error names the line"},
	"runtime/debug.PrintStack":          {"which would show the interpreter's calls and not the cell's", "let the panic end the cell: its error names the line"},
	"runtime/debug.SetMaxStack":         {"whose limit is the whole process's and ends it", "a cell that recurses for ever is stopped by itself"},
	"runtime/debug.SetMaxThreads":       {"whose limit is the whole process's and ends it", ""},
	"runtime/debug.SetPanicOnFault":     {"which reaches past the interpreter", ""},
	"runtime/debug.WriteHeapDump":       {"which stops the whole process", ""},
	"log/slog.HandlerOptions.AddSource": {"which would name the interpreter's file", "log the place yourself"},
}

// refuseNatives looks for them in a node.
func (e *emitter) refuseNatives(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		e.refuseReflected(n)
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		o := e.info.Uses[id]
		if o == nil || o.Pkg() == nil {
			return true
		}
		path := o.Pkg().Path()
		if path != "runtime" && path != "runtime/debug" && path != "log/slog" {
			return true
		}
		name := o.Name()
		switch o := o.(type) {
		case *types.Var:
			if o.IsField() {
				name = "HandlerOptions." + name // the only type here with a field of the list
			}
		case *types.Func:
			if o.Signature().Recv() != nil {
				return true
			}
		}
		if why, ok := refusedNatives[path+"."+name]; ok {
			e.refuse(id.Pos(), strings.TrimPrefix(path[strings.LastIndexByte(path, '/')+1:]+"."+name, "slog.")+", "+why[0], why[1])
		}
		return true
	})
}
