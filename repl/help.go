package repl

import "strings"

// helpText is what ? alone prints.
func helpText(p palette) string {
	var b strings.Builder
	section := func(title string, rows ...[2]string) {
		b.WriteString(p.key(title) + "\n")
		for _, r := range rows {
			b.WriteString("  " + p.prompt(columns.FillRight(r[0], 20)) + r[1] + "\n")
		}
	}
	section("A cell",
		[2]string{"Enter", "runs the cell if it is complete, else asks for more"},
		[2]string{"two empty lines", "run it as it is: the compiler says what is missing"},
		[2]string{"Tab", "completes a name, once more shows types; indents a line"},
		[2]string{"Up, Down, Ctrl-R", "earlier cells, whole: ⏎ marks where a line ends"},
		[2]string{"Ctrl-A, Ctrl-E", "start and end of the line; Ctrl-W, -U, -K cut, -Y pastes"},
		[2]string{"Ctrl-C", "stops what runs, or drops what is typed (Up has it)"},
		[2]string{"Ctrl-D, %quit", "leave"})
	section("Commands",
		[2]string{"?NAME", "signature and documentation: ?strings.Cut, ?m, ?s.Generate"},
		[2]string{"%time CELL", "runs the cell and says how long it took"},
		[2]string{"%who", "the variables, their types and bytes"},
		[2]string{"%reset", "forgets them"},
		[2]string{"%run FILE.go", "runs a notebook in this session"},
		[2]string{"%load FILE.go", "takes a notebook: %step shows and runs its next cell, Up edits it, %save writes it"},
		[2]string{"// %% TITLE", "begins a cell of the notebook, that one or a new one; an empty line ends it"},
		[2]string{"%help", "all of them: %timeit, %type, %history, %rerun stale, %stop, ..."})
	return b.String()
}
