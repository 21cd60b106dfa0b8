package notebooks

import (
	"path/filepath"
	"testing"
)

// Every notebook prints what its golden file says, which `loupe test --update
// notebooks/*/*.go` writes.
func TestNotebooksPrintTheirGoldenText(t *testing.T) {
	files, err := filepath.Glob("*/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no notebooks: %v", err)
	}
	loupe := filepath.Join(t.TempDir(), "loupe")
	run(t, "go", "build", "-o", loupe, "../repl/loupe")
	t.Logf("%s", run(t, loupe, append([]string{"test"}, files...)...))
}
