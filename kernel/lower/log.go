package lower

import (
	"fmt"
	"strings"
)

// logCall lowers a call of package log: the runtime knows boxes, and the place in the
// cell that a logger may be asked to print.
func (e *emitter) logCall(c called, args []string) (string, bool) {
	switch {
	case c.obj == nil:
		return "", false
	case strings.HasPrefix(c.native, "(*log.Logger)."):
		return e.logText(e.address(c), c.obj.Name(), e.here(), args)
	case strings.HasPrefix(c.native, "log."):
		return e.logText(e.pkgName(c.obj.Pkg())+".Default()", c.obj.Name(), e.here(), args)
	}
	return "", false
}

// logText is the call of a logger's method at a place, 0 for where the run is then.
func (e *emitter) logText(logger, method string, pos int, args []string) (string, bool) {
	switch method {
	case "Print", "Println", "Printf", "Panic", "Panicln", "Panicf", "Fatal", "Fatalln", "Fatalf":
		if n := len(args) - 1; n > 0 && strings.HasSuffix(args[n], "...") {
			args = []string{"append([]any{" + strings.Join(args[:n], ", ") + "}, " + args[n] + ")..."}
		}
		return fmt.Sprintf("__k.Log(%s, %q, %d%s)", logger, method, pos, prefixed(args)), true
	case "Output":
		return fmt.Sprintf("__k.LogOutput(%s, %d%s)", logger, pos, prefixed(args)), true
	case "SetFlags":
		return fmt.Sprintf("__k.LogSetFlags(%s%s)", logger, prefixed(args)), true
	case "Flags":
		return fmt.Sprintf("__k.LogFlags(%s)", logger), true
	}
	return "", false
}
