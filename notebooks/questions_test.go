package notebooks

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The question at the end of a lesson is answered by changing one cell, as it says:
// each row changes that cell (from, to), runs the lesson to its end, and looks for
// what the answer shows, and for what would be wrong.
func TestClosingQuestionsAreAnswered(t *testing.T) {
	loupe := built(t)
	for _, q := range []struct{ lesson, from, to, shows, never string }{
		{"firststeps", `"lesson", 0.7`, `"lesson", 2.0`, "same answer: true", ""},
		{"tokens", `"Mia the fox found a red kite at the mill."`, `"🐢🦊"`, "8 bytes, 1 words, 8 tokens", ""},
		{"cache", `"lesson", 128, 64`, `"lesson", 128, 134`, "100 times as many tokens", ""},
		{"cachecost", "10000*token", "131072*token", "Qwen2.5-0.5B     12.0 KiB a token,   1.5 GiB", "SmolLM2-135M     22.5 KiB a token,   220 MiB"},
		{"flash", `", %s %9s", flash, engine.Size(e.Scores))`, `", %s %9s %9s", flash, engine.Size(e.Scores), engine.Size(e.K+e.V))`, "off    16 MiB    60 MiB", ""},
		{"batch", `"lesson", 480`, `"lesson", 20`, "7 of 7 settings gave the same text", ""},
		{"kvquant", "{engine.F16, engine.Q8_0, engine.Q4_0}\n\tgrid", "{engine.F16, engine.Q5_1, engine.Q4_0}\n\tgrid", "K q5_1  V q5_1 : as they are", "q8_0"},
		{"heads", `"lesson", 32`, `"lesson", 8`, "the second copy is less surprising: true", ""},
		{"sinks", "length / 4", "length / 8", "a window of  48, without it:", ""},
		{"rope", "factor, ropeBase := float64(tokens)/float64(trained),", "factor, ropeBase := 1.25,", "larger base: better past it: true, costs nothing inside: true", ""},
		{"longorchain", "needle := experiment.Needle()", "needle := experiment.Needle()\n\tneedle.Piece = 150", "1024 tokens: one prompt", ""},
		{"licence", "apache-2.0.txt\", 512", "apache-2.0.txt\", 256", "of 256 tokens the question takes 38", ""},
		{"chains", "Overlap: 20", "Overlap: 0", `in pieces: "The code of the blue jar is 2093."`, ""},
		{"structured", "MaxTokens: 90", "MaxTokens: 40", "10 of 10 animals are valid", ""},
		{"sampling", "MaxTokens: 40, Temperature: t", "MaxTokens: 40, TopK: 5, Temperature: t", "temperature 0.0: 10 of 10 right", ""},
		{"benchmark", `"lesson", 9, 48`, `"lesson", 20, 48`, "best and worst of 20 runs", ""},
		{"settings", `"lesson", 300`, `"lesson", 100`, "lesson, texts of 100 tokens", ""},
	} {
		t.Run(q.lesson, func(t *testing.T) {
			t.Parallel()
			src, err := os.ReadFile(filepath.Join(q.lesson, q.lesson+".go"))
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(src), q.from); n == 0 {
				t.Fatalf("%q is not in the lesson", q.from)
			}
			changed := filepath.Join(t.TempDir(), "changed.go")
			if err := os.WriteFile(changed, []byte(strings.ReplaceAll(string(src), q.from, q.to)), 0o644); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(loupe, "run", changed)
			var stderr strings.Builder
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s%s", err, out, stderr.String())
			}
			if !strings.Contains(string(out), q.shows) || q.never != "" && strings.Contains(string(out), q.never) {
				t.Errorf("want %q, and not %q:\n%s", q.shows, q.never, out)
			}
		})
	}
}
