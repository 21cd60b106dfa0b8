package repl

import (
	"os"

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
