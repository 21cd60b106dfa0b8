package kernel

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// Flags are the script's: those of this process are not seen, and a wrong one
// ends the cell as it would end the compiled program.
func TestFlags(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true, Args: []string{"prog", "-n", "4", "rest"}})
	if got := play(t, k, r, "n := flag.Int(\"n\", 3, \"number\")\nflag.Parse()\nfmt.Println(*n, flag.Args(), flag.NFlag(), os.Args)"); got != "4 [rest] 1 [prog -n 4 rest]\n" {
		t.Errorf("parsed %q", got)
	}
	for _, c := range []struct {
		src  string
		code int
		text string
	}{
		{`flag.CommandLine.Parse([]string{"-x"})`, 2, "flag provided but not defined: -x\nUsage of prog:\n  -n int\n    \tnumber (default 3)\n"},
		{`flag.CommandLine.Parse([]string{"-h"})`, 0, "Usage of prog:\n  -n int\n    \tnumber (default 3)\n"},
		{"flag.Usage = func() { fmt.Fprintln(os.Stderr, \"mine\") }\nflag.CommandLine.Parse([]string{\"-h\"})", 0, "mine\n"},
		{`flag.NewFlagSet("own", flag.ExitOnError).Parse([]string{"-y"})`, 2, "flag provided but not defined: -y\nUsage of own:\n"},
	} {
		n := len(r.events)
		err := k.Run(context.Background(), Cell{Name: "In[2]", Source: c.src})
		var e *Error
		if !errors.As(err, &e) || e.Kind != Exit || e.ExitCode != c.code {
			t.Errorf("%s: %v, want status %d", c.src, err, c.code)
		}
		got := ""
		for _, e := range r.events[n:] {
			if e, ok := e.(Stderr); ok {
				got += e.Text
			}
		}
		if !strings.Contains(got, c.text) {
			t.Errorf("%s: printed %q, want %q", c.src, got, c.text)
		}
	}
	if got := play(t, k, r, "err := flag.NewFlagSet(\"own\", flag.ContinueOnError).Parse([]string{\"-z\"})\nerr.Error()"); !strings.Contains(got, "not defined: -z") {
		t.Errorf("an error of Parse: %q", got)
	}
}
