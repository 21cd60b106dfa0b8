package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"loupe/engine/enginetest"
)

// The session that README.md shows is a real one: its cells print what stands there.
// Rates differ, and the generated text by processor; the table, the numbers of cells
// and the error do not.
func TestReadmeSession(t *testing.T) {
	model := enginetest.SmolLM2(t)
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(data), "```\nloupe 0.1 ")
	block, _, end := strings.Cut(block, "\n```")
	if !ok || !end {
		t.Fatal("README.md shows no session")
	}
	banner, block, _ := strings.Cut(block, "\n")
	prompt := regexp.MustCompile(`^In\[\d+\]: (.*)`)
	var cells, want []string
	cached := ""
	for _, line := range strings.Split(block, "\n") {
		switch m := prompt.FindStringSubmatch(line); {
		case m != nil:
			cells = append(cells, m[1])
		case strings.Contains(line, "· cache "):
			cached = regexp.MustCompile(`cache ([\d,]+)/`).FindStringSubmatch(line)[1]
		case strings.ContainsAny(line, "│┼┬┴"):
			want = append(want, line)
		}
	}
	if len(cells) != 4 || len(want) < 6 {
		t.Fatalf("README.md shows cells %q and table %q", cells, want)
	}
	cells = append(append([]string{"m"}, cells[:3]...), "s.Len()", cells[3])
	bin := filepath.Join(t.TempDir(), "loupe")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(bin, "-m", "smollm2")
	cmd.Env = append(os.Environ(), "LOUPE_MODELS="+filepath.Dir(model), "XDG_CONFIG_HOME="+t.TempDir())
	cmd.Stdin = strings.NewReader(strings.Join(cells, "\n") + "\n")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err == nil {
		t.Error("the wrong cell did not fail")
	}
	got := stdout.String()
	if !strings.Contains(got, strings.Join(want, "\n")) {
		t.Errorf("README.md shows\n%s\nand it is\n%s", strings.Join(want, "\n"), got)
	}
	if !strings.HasSuffix(got, "\n"+cached+"\n") {
		t.Errorf("README.md shows %s cells in the cache:\n%s", cached, got)
	}
	context := regexp.MustCompile(`context \d+`).FindString(banner)
	if !strings.Contains(strings.ReplaceAll(got, ",", ""), context) {
		t.Errorf("README.md shows %q, and it is\n%s", context, got)
	}
	wrong := "f.Ln undefined (type *engine.Session has no field or method Ln)\n    x := f.Ln()\n           ^"
	if !strings.Contains(block, wrong) || !strings.Contains(stderr.String(), wrong) {
		t.Errorf("%q is not in README.md or not in\n%s", wrong, stderr.String())
	}
}
