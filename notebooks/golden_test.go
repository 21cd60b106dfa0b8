package notebooks

import (
	"path/filepath"
	"strings"
	"testing"
)

// A notebook with a golden file beside it prints what that says. `loupe test
// --update notebooks/NAME/NAME.go` writes it.
func TestNotebooksPrintTheirGoldenText(t *testing.T) {
	files, err := filepath.Glob("*/*.golden")
	if err != nil || len(files) < 2 {
		t.Fatalf("golden files: %v, %v", files, err)
	}
	loupe := filepath.Join(t.TempDir(), "loupe")
	run(t, "go", "build", "-o", loupe, "../repl/loupe")
	args := []string{"test"}
	for _, f := range files {
		args = append(args, strings.TrimSuffix(f, ".golden")+".go")
	}
	t.Logf("%s", run(t, loupe, args...))
}
