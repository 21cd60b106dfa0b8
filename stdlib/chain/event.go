package chain

import "time"

// EventKind says what happened.
type EventKind string

// The kinds of event.
const (
	Started EventKind = "started" // a step is about to run
	Texted  EventKind = "text"    // its answer goes on by Event.Text
	Refused EventKind = "refused" // Check refused the answer; Event.Text says why
	Done    EventKind = "done"    // a step is complete
	Failed  EventKind = "failed"  // a step failed; Result.Err says why
)

// Event is something that happens in a run. OnEvent hears it on the run's
// goroutine: what it does, the run waits for.
type Event struct {
	Kind    EventKind
	Result  *Result
	Text    string
	Steps   int           // complete or failed so far
	Total   int           // of so many known; it grows when there is no plan
	Elapsed time.Duration // since the run began
	Left    time.Duration // at the pace so far; 0: not known yet
}
