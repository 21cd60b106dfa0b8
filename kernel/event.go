package kernel

import "time"

// Event is one thing that a cell did. Events arrive in the order in which
// they happened, never two at once; the last one of a Run is [Done].
type Event interface{ event() }

// Stdout is text that the cell wrote to its standard output.
type Stdout struct{ Text string }

// Stderr is text that the cell wrote to its standard error, which includes
// the output of print, println, log and log/slog.
type Stderr struct{ Text string }

// Stream is generated text of an engine call as it comes, when that call is
// the value that the cell is going to show, or is what its last statement
// assigns. A [Display] with Streamed set follows it if the shown value has
// exactly that text.
type Stream struct{ Text string }

// Display is a value to show, in every form that it has.
type Display struct {
	// Data maps a MIME type to the form of that type. "text/plain" is always
	// there and does not end with a newline.
	Data map[string]string
	// Streamed says that the text/plain form is what the Stream events since
	// the last display already said: a terminal needs not print it again.
	Streamed bool
	// Terminal, if the value has it, is the value as text for a terminal of so
	// many columns and colours (0, 16, 256 or 1<<24). What a program reads
	// gets text/plain.
	Terminal func(width, colors int) string
	// IsError marks a non-nil error value: it was shown, nothing failed.
	IsError bool
}

// CellBegan says that a code cell of a notebook file begins, whose output follows.
type CellBegan struct {
	Index, Last int // its number and that of the last one to run, from 1
	Title       string
	Before      bool // it stands before FileOptions.From
}

// Failed is the error that ended the cell. The same error is returned by Run.
type Failed struct{ Err *Error }

// Warning is something that the reader should know and that stops nothing:
// an unused variable that go run would refuse, output that was cut.
type Warning struct {
	Cell string
	Line int // of the cell or file; 0 when the warning has no place
	Text string
	// Err is set when something failed that no cell waits for: a goroutine of
	// a cell that has ended panicked. The compiled program would have ended.
	Err *Error
}

// Progress reports a long step of a native call.
type Progress struct {
	Label       string
	Done, Total int64 // Total 0: not known
	Unit        string
}

// Stats are the statistics of one engine call.
type Stats struct {
	Text string // one line
	Data any    // the engine's own value
}

// Done ends the events of one Run.
type Done struct{ Wall time.Duration }

func (Stdout) event()    {}
func (Stderr) event()    {}
func (Stream) event()    {}
func (Display) event()   {}
func (CellBegan) event() {}
func (Failed) event()    {}
func (Warning) event()   {}
func (Progress) event()  {}
func (Stats) event()     {}
func (Done) event()      {}
