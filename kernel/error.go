package kernel

import "fmt"

// Kind says in which way a cell failed.
type Kind int

const (
	// Compile: the cell was refused before it ran; it changed nothing.
	Compile Kind = iota
	// Panic: the cell ran and panicked; what it had assigned before stays.
	Panic
	// Interrupted: the context of Run ended.
	Interrupted
	// Exit: the cell called os.Exit or log.Fatal.
	Exit
)

func (k Kind) String() string {
	return [...]string{"compile", "panic", "interrupted", "exit"}[k]
}

// Error is what ended a cell.
type Error struct {
	// Cell is the cell's name, or the path of the notebook file.
	Cell string
	// Line and Col count from 1, columns in bytes; 0 when unknown. They are
	// lines of the cell, or of the file when Cell is a path.
	Line, Col int
	// Msg is the compiler's or the runtime's text. It may have more lines.
	Msg string
	// Source is the text of Line, for a caret under Col; "" when unknown.
	Source string
	Kind   Kind
	// Hint is what to write instead, for common mistakes; "" for others.
	Hint string
	// Trace names further places: other compile errors of the cell, or the
	// calls of a panic, innermost first.
	Trace []string
	// ExitCode is the status with which the compiled program would have
	// ended: 1 for a compile error, 2 for a panic, the given one for os.Exit.
	ExitCode int
	// Index and Of: the cell's number in the notebook and the line in it, for
	// RunFile; 0 otherwise or when the line is among the declarations.
	Index, IndexLine int

	told bool // it came as an event
}

// Error is "In[3]:2:5: text".
func (e *Error) Error() string {
	switch {
	case e.Line == 0 && e.Cell == "":
		return e.Msg
	case e.Line == 0:
		return e.Cell + ": " + e.Msg
	case e.Col == 0:
		return fmt.Sprintf("%s:%d: %s", e.Cell, e.Line, e.Msg)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.Cell, e.Line, e.Col, e.Msg)
}
