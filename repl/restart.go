package repl

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// offerRestart asks whether to start the program anew, when a cell does not stop. What
// a cell has got hold of can be taken from it in no other way.
func (r *REPL) offerRestart() {
	fmt.Fprint(r.opt.Err, "\nstart the session anew? Its variables are lost, the history is kept [y/N] ")
	answer, err := bufio.NewReader(r.opt.In).ReadString('\n')
	if err != nil {
		return
	}
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
		r.mu.Lock()
		r.presses = 0
		r.mu.Unlock()
		fmt.Fprintln(r.opt.Err, "waiting for the cell to end; Ctrl-C stops it")
		return
	}
	r.term.end()
	if err := restart(); err != nil {
		fmt.Fprintln(r.opt.Err, "repl: cannot start anew:", err)
		os.Exit(130)
	}
}
