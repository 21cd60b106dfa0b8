package jupyter

import (
	"fmt"
	"html"
	"strings"
	"time"

	"loupe/kernel"
)

const (
	progressAfter = 500 * time.Millisecond // a shorter step needs no bar
	progressEvery = 100 * time.Millisecond
)

// progress is one bar: a display that later reports of the same label update.
type progress struct {
	id     string
	latest kernel.Progress
	shown  time.Time // when it was last sent; zero: never
	behind bool      // latest has not been sent
}

// due reports whether the latest report is to be sent now, in a cell that began
// at start.
func (p *progress) due(start, now time.Time) bool {
	if p.shown.IsZero() {
		return now.Sub(start) >= progressAfter
	}
	finished := p.latest.Total > 0 && p.latest.Done >= p.latest.Total
	return finished || now.Sub(p.shown) >= progressEvery
}

// bundle is the bar as text and as HTML.
func (p *progress) bundle() map[string]string {
	r := p.latest
	text := progressText(r)
	bar := ""
	if r.Total > 0 {
		bar = fmt.Sprintf(`<progress value="%d" max="%d"></progress> `, min(r.Done, r.Total), r.Total)
	}
	return map[string]string{
		"text/plain": text,
		"text/html":  bar + "<small>" + html.EscapeString(text) + "</small>",
	}
}

func progressText(p kernel.Progress) string {
	done, total := amount(p.Done, p.Unit), amount(p.Total, p.Unit)
	if p.Total <= 0 {
		return p.Label + " " + done
	}
	if p.Unit != "" {
		done = strings.TrimSuffix(done, " "+p.Unit)
	}
	return fmt.Sprintf("%s %s of %s, %d %%", p.Label, done, total, 100*p.Done/p.Total)
}

// amount is a number with its unit; bytes in the largest unit that fits.
func amount(n int64, unit string) string {
	switch unit {
	case "":
		return fmt.Sprint(n)
	case "B", "bytes":
		f, names := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB"}
		for len(names) > 1 && f >= 1024 {
			f, names = f/1024, names[1:]
		}
		return fmt.Sprintf("%.4g %s", f, names[0])
	}
	return fmt.Sprintf("%d %s", n, unit)
}
