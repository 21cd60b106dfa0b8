package export

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"loupe/kernel"
)

// escapes are the sequences that move a terminal's cursor or set its colours.
var escapes = regexp.MustCompile("\x1b\\[[0-9;?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(\x07|\x1b\\\\)|\x1b[@-_]")

// plain is text as it stands on a terminal in the end: without escape
// sequences, and of a line that was written over only what was written last.
func plain(s string) string {
	if strings.ContainsRune(s, 0x1b) {
		s = escapes.ReplaceAllString(s, "")
	}
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), "\uFFFD")
	if !strings.ContainsRune(s, '\r') {
		return s
	}
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		l = strings.TrimRight(l, "\r")
		lines[i] = l[strings.LastIndexByte(l, '\r')+1:]
	}
	return strings.Join(lines, "\n")
}

// failureText is an error as go run or the kernel words it, with the line and
// a caret, and what is known besides.
func failureText(e *kernel.Error) string {
	var b strings.Builder
	b.WriteString(e.Error())
	if e.Kind == kernel.Exit {
		b.Reset()
		fmt.Fprintf(&b, "exit status %d", e.ExitCode)
	}
	if e.Source != "" && e.Col > 0 {
		line := strings.TrimLeft(e.Source, " \t")
		cut := len(e.Source) - len(line)
		if at := e.Col - 1 - cut; at >= 0 && at <= len(line) {
			fmt.Fprintf(&b, "\n    %s\n    %s^", line, strings.Repeat(" ", len([]rune(line[:at]))))
		}
	}
	if e.Hint != "" {
		b.WriteString("\nhint: " + e.Hint)
	}
	for _, t := range e.Trace {
		b.WriteString("\n  " + t)
	}
	return b.String()
}

// wallText is a duration with three digits at most.
func wallText(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms < 9.95:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 999.5:
		return fmt.Sprintf("%.0f ms", ms)
	case d < 99500*time.Millisecond:
		return fmt.Sprintf("%.3g s", d.Seconds())
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}

func bytesText(n int64) string {
	switch {
	case n < 10<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

// account is the line under a cell: what each engine call did, then the time.
func (c *Cell) account() []string {
	if !c.Ran && len(c.Stats) == 0 {
		return nil
	}
	return append(append([]string{}, c.Stats...), wallText(c.Wall))
}

// accountLines is how many lines of an account are not folded.
const accountLines = 4

// shortAccount is the account where nothing can be folded.
func (c *Cell) shortAccount() []string {
	lines := c.account()
	if n := len(lines) - accountLines; n > 0 {
		more := fmt.Sprintf("… %d more calls", n+1)
		lines = append(lines[:accountLines-2:accountLines-2], more, lines[len(lines)-1])
	}
	return lines
}

// dropped says what a cell leaves out, "" for nothing.
func (c *Cell) dropped() string {
	if c.Dropped == 0 {
		return ""
	}
	return fmt.Sprintf("%s more of output are not shown here", bytesText(c.Dropped))
}
