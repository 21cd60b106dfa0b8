package repl

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"loupe/kernel"
)

func text(s string) kernel.Display {
	return kernel.Display{Data: map[string]string{"text/plain": s}}
}

func TestWallText(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0 ms", 240 * time.Microsecond: "0.2 ms", 9940 * time.Microsecond: "9.9 ms", 9960 * time.Microsecond: "10 ms",
		999 * time.Millisecond: "999 ms", 999600 * time.Microsecond: "1 s", 4213 * time.Millisecond: "4.21 s",
		83400 * time.Millisecond: "83.4 s", 100 * time.Second: "1 min 40 s", 3 * time.Hour: "180 min 0 s",
	} {
		if got := wallText(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestPlainStreams(t *testing.T) {
	events := []kernel.Event{
		kernel.Stdout{Text: "a"}, kernel.Stream{Text: "one "}, kernel.Stream{Text: "two"},
		kernel.Display{Data: map[string]string{"text/plain": "one two"}, Streamed: true},
		text("b"), kernel.Progress{Label: "prompt", Done: 1}, kernel.Stats{Text: "stats"}, kernel.Done{},
	}
	for _, stream := range []bool{false, true} {
		var out, errs bytes.Buffer
		p := Plain{Out: &out, Err: &errs, Stream: stream}
		for _, ev := range events {
			p.Render(ev)
		}
		// Whether the text came at once or as it was made, it is the same text.
		if out.String() != "aone two\nb\n" || errs.String() != "" {
			t.Errorf("stream %v: %q, %q", stream, out.String(), errs.String())
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestPlainRemembersAFailedWrite(t *testing.T) {
	p := Plain{Out: brokenWriter{}, Err: &bytes.Buffer{}}
	p.Render(kernel.Stderr{Text: "x"})
	if p.WriteError() != nil {
		t.Error("a write that did not happen failed")
	}
	p.Render(kernel.Stdout{Text: "x"})
	if p.WriteError() == nil {
		t.Error("a full disk went unnoticed")
	}
}

// drawn renders events on a screen 60 columns wide, without colours.
func drawn(started time.Time, events ...kernel.Event) string {
	var out bytes.Buffer
	s := &screen{out: &out, err: &out, width: func() int { return 60 }, colour: newPalette(false)}
	s.err = s.out
	s.start(false)
	s.started = started
	for _, ev := range events {
		s.Render(ev)
	}
	s.stop()
	return out.String()
}

func TestScreenLines(t *testing.T) {
	done := kernel.Done{Wall: 31 * time.Millisecond}
	for _, c := range []struct {
		name   string
		events []kernel.Event
		want   string
	}{
		{"a value", []kernel.Event{text("42"), done}, "42\n      31 ms\n"},
		{"a value after half a line", []kernel.Event{kernel.Stdout{Text: "a"}, text("42"), done}, "a\n42\n      31 ms\n"},
		{"half a line at the end", []kernel.Event{kernel.Stdout{Text: "a"}, done}, "a\n      31 ms\n"},
		{"generated text", []kernel.Event{kernel.Stream{Text: "Once"}, kernel.Stream{Text: " more"},
			kernel.Display{Data: map[string]string{"text/plain": "Once more"}, Streamed: true}, kernel.Stats{Text: "2 tok"}, done},
			"Once more\n      2 tok · cell 31 ms\n"},
		{"generated control characters", []kernel.Event{kernel.Stream{Text: "a\x1b[2Jb\x07\tc\u009b"}, done}, "a␛[2Jb␇\tc\uFFFD\n      31 ms\n"},
		{"a cell's own escapes pass", []kernel.Event{kernel.Stdout{Text: "\x1b[1mb\x1b[0m\n"}, done}, "\x1b[1mb\x1b[0m\n      31 ms\n"},
		{"many calls", []kernel.Event{kernel.Stats{Text: "1"}, kernel.Stats{Text: "2"}, kernel.Stats{Text: "3"}, kernel.Stats{Text: "4"}, kernel.Stats{Text: "5"}, done},
			"      1\n      2\n      3\n      … 2 more calls · cell 31 ms\n"},
		{"an error", []kernel.Event{kernel.Failed{Err: &kernel.Error{Cell: "In[3]", Line: 2, Col: 6, Msg: "undefined: y", Source: "x := y", Trace: []string{"more"}}}, done},
			"In[3]:2:6: undefined: y\n    x := y\n         ^\n  more\n      31 ms\n"},
		{"a warning", []kernel.Event{kernel.Warning{Cell: "In[3]", Line: 2, Text: "declared and not used: x"}, done},
			"In[3]:2: warning: declared and not used: x\n      31 ms\n"},
	} {
		if got := drawn(time.Now(), c.events...); got != c.want {
			t.Errorf("%s:\n%q\nwant\n%q", c.name, got, c.want)
		}
	}
}

func TestStatisticsFitTheTerminal(t *testing.T) {
	line := "6 prompt tok 3.0 ms (2,000/s) · 41 tok 28 ms (1,460/s) · stop eosFound · cache 47/1,024 cells, 33 KiB · reused 0 · cell 31 ms"
	for width := 1; width < 140; width++ {
		rows := breakAtDots(line, width)
		if got := strings.Join(rows, " "); got != line {
			t.Fatalf("width %d: %q", width, rows)
		}
		for _, row := range rows {
			if w := columns.StringWidth(row); w > max(width, 30)+2 { // the dot of a break hangs over
				t.Errorf("width %d: a row of %d columns: %q", width, w, row)
			}
		}
	}
}

func TestProgressPasses(t *testing.T) {
	p := kernel.Progress{Label: "prompt", Done: 512, Total: 2048, Unit: "tokens"}
	long := time.Now().Add(-time.Minute)
	if got := drawn(long, p, text("x")); got != "\r\x1b[K      [===         ] prompt 512 of 2048 tokens, 25 %\r\x1b[Kx\n" {
		t.Errorf("%q", got)
	}
	if got := drawn(time.Now(), p, text("x")); strings.Contains(got, "prompt") {
		t.Errorf("a quick cell shows progress: %q", got)
	}
	// It would overwrite output that did not end its line.
	if got := drawn(long, kernel.Stdout{Text: "a"}, p); strings.Contains(got, "prompt") {
		t.Errorf("%q", got)
	}
}

// A bar tells what is left at the rate of the step so far, and begins anew with a new
// step.
func TestProgressLine(t *testing.T) {
	var p ProgressLine
	at := time.Unix(1000, 0)
	for _, c := range []struct {
		after time.Duration
		label string
		done  int64
		total int64
		want  string
		shown bool
	}{
		{0, "prompt", 0, 4000, "[            ] prompt 0 of 4000 tokens, 0 %", false},
		{100 * time.Millisecond, "prompt", 100, 4000, "[            ] prompt 100 of 4000 tokens, 2 %", false}, // too early to tell
		{2 * time.Second, "prompt", 1000, 4000, "[===         ] prompt 1000 of 4000 tokens, 25 %, 6 s left", true},
		{100 * time.Second, "prompt", 1001, 4000, "[===         ] prompt 1001 of 4000 tokens, 25 %, 5 min 0 s left", true},
		{200 * time.Second, "prompt", 4000, 4000, "[============] prompt 4000 of 4000 tokens, 100 %, 0 s left", true},
		{201 * time.Second, "prompt", 500, 1000, "[======      ] prompt 500 of 1000 tokens, 50 %", false},
		{203 * time.Second, "prompt", 750, 1000, "[=========   ] prompt 750 of 1000 tokens, 75 %, 2 s left", true},
		{203500 * time.Millisecond, "compare", 8, 0, "compare 8 tokens", false},
		{205 * time.Second, "prompt", 875, 1000, "[==========  ] prompt 875 of 1000 tokens, 87 %, 2 s left", true},
		{205 * time.Second, "compare", 9, 0, "compare 9 tokens", true},
	} {
		now := at.Add(c.after)
		if got := p.Text(c.label, "tokens", c.done, c.total, now); got != c.want || p.Shown(now) != c.shown {
			t.Errorf("after %v: %q (%t), want %q", c.after, got, p.Shown(now), c.want)
		}
	}
}

// TestPictures: a value's form for terminals is for the screen alone, in its
// width and colours; a program gets the plain text.
func TestPictures(t *testing.T) {
	ev := text("plain")
	ev.Terminal = func(width, colors int) string { return fmt.Sprintf("%d columns, %d colours", width, colors) }
	var out, program strings.Builder
	s := &screen{out: &out, err: &out, colour: newPalette(false), colors: 256, width: func() int { return 33 }}
	s.Render(ev)
	(&Plain{Out: &program, Err: &program}).Render(ev)
	if out.String() != "33 columns, 256 colours\n" || program.String() != "plain\n" {
		t.Errorf("the screen shows %q, a program reads %q", out.String(), program.String())
	}
	for want, env := range map[int][3]string{0: {"1", "xterm", "truecolor"}, 1 << 24: {"", "xterm", "truecolor"}, 256: {"", "xterm-256color", ""}, 16: {"", "xterm", ""}} {
		t.Setenv("NO_COLOR", env[0])
		t.Setenv("TERM", env[1])
		t.Setenv("COLORTERM", env[2])
		t.Setenv("WT_SESSION", "")
		if got := pictureColours(); got != want {
			t.Errorf("%q: %d colours, want %d", env, got, want)
		}
	}
}
