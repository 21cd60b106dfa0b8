package kernel

import (
	"fmt"
	"os"
)

func init() {
	if os.Getenv("LOUPE_TRACE") != "" {
		trace = func(f string, args ...any) { fmt.Fprintf(os.Stderr, f+"\n", args...) }
	}
}
