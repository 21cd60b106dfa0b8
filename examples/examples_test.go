// Package examples holds the tests of the programs in the folders beside it.
package examples

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"loupe/engine/enginetest"
)

// build compiles one example.
func build(t *testing.T, name string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), name)
	if out, err := exec.Command("go", "build", "-o", bin, "./"+name).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

func TestGenerate(t *testing.T) {
	model := enginetest.SmolLM2(t)
	bin := build(t, "generate")
	var out, account bytes.Buffer
	cmd := exec.Command(bin, "-m", model, "-n", "8", "Once upon a time there", "was a rabbit")
	cmd.Stdout, cmd.Stderr = &out, &account
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, account.Bytes())
	}
	if got, want := out.String(), "Once upon a time there was a rabbit named Max who had a magical ability to\n"; got != want {
		t.Errorf("it printed %q, want %q", got, want)
	}
	if want := regexp.MustCompile(`^8 prompt tok .* 8 tok .* stop maxPredictedTokensReached`); !want.Match(account.Bytes()) {
		t.Errorf("its account is %q", account.Bytes())
	}

	cmd = exec.Command(bin, "-m", "nothing.gguf", "x")
	cmd.Stderr = &account
	account.Reset()
	err, ok := cmd.Run().(*exec.ExitError)
	if !ok || err.ExitCode() != 1 || bytes.Count(account.Bytes(), []byte("\n")) != 1 {
		t.Errorf("without a model: %v\n%s", err, account.Bytes())
	}
}

func TestStructured(t *testing.T) {
	model := enginetest.SmolLM2(t)
	bin := build(t, "structured")
	for _, c := range []struct{ model, want string }{
		{model, `^\{Who:Mia the otter Age:7 Found:.+ Where:.+\}\n$`},
		{"lesson", `^\{Who:.* Age:[0-9]+ Found:.* Where:.*\}\n$`}, // which knows nothing of it
	} {
		out, err := exec.Command(bin, "-m", c.model).Output()
		if err != nil || !regexp.MustCompile(c.want).Match(out) {
			t.Errorf("%s: %v, it printed %q, want %s", c.model, err, out, c.want)
		}
	}
}
