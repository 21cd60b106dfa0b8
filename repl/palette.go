package repl

import (
	"os"
	"strings"

	"github.com/fatih/color"
)

// palette colours text, or leaves it as it is.
type palette struct {
	prompt, dim, fail, warn, key func(...any) string
}

func newPalette(on bool) palette {
	paint := func(attrs ...color.Attribute) func(...any) string {
		c := color.New(attrs...)
		if on {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
		return c.SprintFunc()
	}
	return palette{
		prompt: paint(color.FgGreen),
		dim:    paint(color.Faint),
		fail:   paint(color.FgRed),
		warn:   paint(color.FgYellow),
		key:    paint(color.Bold),
	}
}

// wantColour follows https://no-color.org: any NO_COLOR that is not empty.
func wantColour() bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// pictureColours is how many colours the terminal says it has: 0 where none are
// wanted, 1<<24 by COLORTERM or in the Windows Terminal, 256 by TERM, else 16.
func pictureColours() int {
	term, deep := os.Getenv("TERM"), os.Getenv("COLORTERM")
	switch {
	case !wantColour():
		return 0
	case deep == "truecolor", deep == "24bit", os.Getenv("WT_SESSION") != "", strings.HasSuffix(term, "-direct"):
		return 1 << 24
	case strings.Contains(term, "256color"):
		return 256
	}
	return 16
}
