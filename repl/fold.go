package repl

import "strings"

// The line editor holds one line of runes that are each one column wide. A
// cell of several lines with tabs is edited in that one line: a newline and a
// tab become runes of a private plane, which the painter shows and unfold maps
// back. A tab is a head and tabWidth-1 fills, so that the editor's count of
// columns, which decides where the cursor is after a wrap, stays right.
const (
	foldNewline rune = 0x10F8F0 + iota
	foldTab
	foldFill
)

const (
	tabWidth       = 4
	newlineGlyph   = '⏎'
	foldedTabGroup = string(foldTab) + string(foldFill) + string(foldFill) + string(foldFill)
)

var (
	folder   = strings.NewReplacer("\r\n", string(foldNewline), "\n", string(foldNewline), "\t", foldedTabGroup)
	unfolder = strings.NewReplacer(string(foldNewline), "\n", string(foldTab), "\t", string(foldFill), "")
)

// fold makes one editor line of a cell; unfold gives the cell back.
func fold(cell string) string   { return folder.Replace(cell) }
func unfold(line string) string { return unfolder.Replace(line) }

// mendTabs keeps the runes of a folded tab together after a key: what is left
// of a group that was partly deleted goes, and a cursor inside a group moves
// to its start (towardStart) or its end. changed is false when line and pos
// were in order already.
func mendTabs(line []rune, pos int, towardStart bool) (out []rune, newPos int, changed bool) {
	out = make([]rune, 0, len(line))
	newPos = pos
	for i := 0; i < len(line); {
		switch line[i] {
		case foldTab, foldFill:
			n := groupLen(line[i:])
			if n == tabWidth {
				if pos > i && pos < i+n {
					changed = true
					newPos = len(out)
					if !towardStart {
						newPos += n
					}
				}
				out = append(out, line[i:i+n]...)
				i += n
				continue
			}
			changed = true
			if pos > i {
				newPos--
			}
			i++
		default:
			out = append(out, line[i])
			i++
		}
	}
	return out, min(max(newPos, 0), len(out)), changed
}

// groupLen is tabWidth when line starts with a whole folded tab, else less.
func groupLen(line []rune) int {
	if line[0] != foldTab {
		return 0
	}
	n := 1
	for n < len(line) && n < tabWidth && line[n] == foldFill {
		n++
	}
	return n
}

// onlyTabs reports whether every rune of line belongs to a folded tab.
func onlyTabs(line []rune) bool {
	for _, r := range line {
		if r != foldTab && r != foldFill {
			return false
		}
	}
	return true
}
