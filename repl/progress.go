package repl

import (
	"fmt"
	"strings"
	"time"
)

// ProgressLine makes the line of a long step: a bar, how much is done, and how long
// the rest takes at the rate so far. The zero value is ready. Steps are told apart by
// their labels; one that begins anew has a new bar.
type ProgressLine struct {
	steps map[string]*step
	shown *step // the one that Text was last asked for
}

type step struct {
	first, last int64
	began       time.Time
}

// Shown reports whether the step of the last Text takes long enough to be shown: a
// second.
func (p *ProgressLine) Shown(now time.Time) bool { return now.Sub(p.shown.began) >= progressAfter }

// Text is the line for done of total units (0: not known) at a time.
func (p *ProgressLine) Text(label, unit string, done, total int64, now time.Time) string {
	s := p.steps[label]
	if s == nil || done < s.last {
		s = &step{first: done, began: now}
	}
	if p.steps == nil {
		p.steps = map[string]*step{}
	}
	s.last, p.shown, p.steps[label] = done, s, s
	if done >= total && total > 0 {
		delete(p.steps, label)
	}
	text := progressText(label, unit, done, total)
	spent, fresh := now.Sub(s.began), done-s.first
	if total <= 0 || spent < progressAfter/2 || fresh <= 0 {
		return text
	}
	left := time.Duration(float64(spent) * float64(total-done) / float64(fresh))
	return fmt.Sprintf("%s, %s left", text, leftText(left))
}

// leftText is a time to wait: seconds, or minutes and seconds.
func leftText(d time.Duration) string {
	s := int((d + time.Second - 1) / time.Second)
	if s < 60 {
		return fmt.Sprintf("%d s", s)
	}
	return fmt.Sprintf("%d min %d s", s/60, s%60)
}

func progressText(label, unit string, done, total int64) string {
	text := amount(done, unit)
	if total <= 0 {
		return label + " " + text
	}
	if unit != "" {
		text = strings.TrimSuffix(text, " "+unit)
	}
	const width = 12
	done = max(0, min(done, total))
	full := int(width * done / total)
	return fmt.Sprintf("[%s%s] %s %s of %s, %d %%", strings.Repeat("=", full), strings.Repeat(" ", width-full), label, text, amount(total, unit), 100*done/total)
}
