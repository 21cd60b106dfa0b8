package chain

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"loupe/engine"
)

var thorough = flag.Bool("long", false, "kill more runs, and compare on more texts")

// job is a chain of some 15 steps, with a journal.
func job(m *engine.Model, path string) (*Chain, Document) {
	c := &Chain{Model: m, Journal: path, Do: MapReduce(summarise, together), Split: Splitter{Tokens: 60, Overlap: 10}}
	return c, Document{Text: long(11, 2, 60).Text}
}

// TestMain is also the program that TestKill kills.
func TestMain(m *testing.M) {
	flag.Parse()
	if path := os.Getenv("LOUPE_CHAIN_JOB"); path != "" {
		model, err := engine.Load("lesson", engine.LoadConfig{})
		if err == nil {
			c, doc := job(model, path)
			_, err = c.Run(doc)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// answers are the texts of all steps.
func answers(r *Run) string { return strings.Join(Texts(r.Results), "\n---\n") }

// lines are the complete lines of a journal after its head.
func lines(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	all := strings.SplitAfter(string(data), "\n")
	if all = all[:len(all)-1]; len(all) == 0 {
		return nil
	}
	return all[1:]
}

// Killed at any moment, a run that is started again gives what one that ran
// through gives, and no answer is drawn twice.
func TestKill(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	c, doc := job(m, "")
	whole := must[*Run](t)(c.Run(doc))
	steps := len(whole.Results)
	kills := 4
	if *thorough {
		kills = 20
	}
	for range kills {
		path := filepath.Join(t.TempDir(), "journal")
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "LOUPE_CHAIN_JOB="+path)
		var said bytes.Buffer
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		for n, over := rand.IntN(steps), false; !over && len(lines(t, path)) < n; {
			select {
			case err := <-ended:
				if ended <- err; err != nil {
					t.Fatalf("%v: %s", err, said.Bytes())
				}
				over = true
			case <-time.After(time.Millisecond):
			}
		}
		time.Sleep(time.Duration(rand.IntN(8000)) * time.Microsecond)
		cmd.Process.Kill()
		<-ended

		kept := len(lines(t, path))
		stats := spent(t)
		again, doc := job(m, path)
		r := must[*Run](t)(again.Run(doc))
		if answers(r) != answers(whole) {
			t.Fatalf("killed after %d of %d steps, the run gives\n%s\nnot\n%s", kept, steps, answers(r), answers(whole))
		}
		if len(*stats) != steps-kept || r.Account().Total.Resumed != kept {
			t.Errorf("%d of %d steps were kept, then %d generated and %d resumed", kept, steps, len(*stats), r.Account().Total.Resumed)
		}
		all := lines(t, path)
		slices.Sort(all)
		if n := len(slices.Compact(all)); n != steps {
			t.Errorf("%d different lines for %d steps", n, steps)
		}
	}
}

// Cut off at any byte, a journal is taken up again.
func TestTornJournal(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	dir := t.TempDir()
	path := filepath.Join(dir, "journal")
	c, doc := job(m, path)
	c.Do = Map(summarise)
	doc.Text = doc.Text[:900]
	whole := must[*Run](t)(c.Run(doc))
	data := must[[]byte](t)(os.ReadFile(path))
	for i := range 25 {
		cut := rand.IntN(len(data) + 1)
		if i < 3 {
			cut = i * len(journalHead) / 2
		}
		if err := os.WriteFile(path, data[:cut], 0o666); err != nil {
			t.Fatal(err)
		}
		kept := len(lines(t, path))
		r, err := c.Run(doc)
		if err != nil || answers(r) != answers(whole) || r.Account().Total.Resumed != kept {
			t.Fatalf("cut at %d: %v, %d of %d resumed", cut, err, r.Account().Total.Resumed, kept)
		}
		if all := lines(t, path); len(all) != len(whole.Results) {
			t.Errorf("cut at %d: then %d lines for %d steps", cut, len(all), len(whole.Results))
		}
	}
}

// A journal knows a step only by the same model, settings and prompt; a plan
// reads it and writes nothing.
func TestJournalKeys(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	path := filepath.Join(t.TempDir(), "journal")
	ask := Step{Name: "ask", Prompt: "Tell me a story about an owl.", Config: engine.GenerateConfig{MaxTokens: 12, TopLogits: 2}}
	resumed := func(m *engine.Model, s Step) bool {
		t.Helper()
		c := &Chain{Model: m, Journal: path, Do: func(r *Run) error { _, err := r.Do(s); return err }}
		p := must[*Plan](t)(c.Plan())
		r := must[*Run](t)(c.Run())
		x := r.Last()
		if p.Total.Calls.High != 1-float64(p.Total.Resumed) || x.Calls[0].Resumed != (p.Total.Resumed == 1) {
			t.Errorf("planned %+v, resumed %v", p.Total, x.Calls[0].Resumed)
		}
		if len(x.Reply().Steps) != len(x.Reply().IDs) || x.Text != "" && r.Sure(x, x.Reply().Text) == 0 {
			t.Errorf("a reply of %d tokens has %d steps", len(x.Reply().IDs), len(x.Reply().Steps))
		}
		return x.Calls[0].Resumed
	}
	c := &Chain{Model: m, Journal: path, Do: Map(summarise)}
	must[*Plan](t)(c.Plan(Document{Text: "The fox ran."}))
	if _, err := os.Stat(path); err == nil {
		t.Error("planning made a journal")
	}
	if resumed(m, ask) || !resumed(m, ask) {
		t.Error("the same step was not found, or found at once")
	}
	named := ask
	named.Name, named.Retries, named.Timeout = "other", 3, time.Hour
	if !resumed(m, named) {
		t.Error("a name is no part of what was computed")
	}
	for _, change := range []func(s *Step){
		func(s *Step) { s.Prompt += " " },
		func(s *Step) { s.Raw = true },
		func(s *Step) { s.System = "Be brief." },
		func(s *Step) { s.Config.MaxTokens = 13 },
		func(s *Step) { s.Config.Temperature = 0.5 },
		func(s *Step) { s.Config.Seed = 1 },
		func(s *Step) { s.Config.Stop = []string{"x"} },
	} {
		other := ask
		change(&other)
		if resumed(m, other) {
			t.Errorf("%+v was found for %+v", other, ask)
		}
	}
	if resumed(load(t, engine.LoadConfig{KCacheType: engine.Q4_0}), ask) || !resumed(load(t, engine.LoadConfig{Threads: 1}), ask) {
		t.Error("answers of another K type were taken, or not those of another number of threads")
	}
}

func TestJournalRefuses(t *testing.T) {
	m := load(t, engine.LoadConfig{})
	dir := t.TempDir()
	for text, want := range map[string]string{
		"Dear diary,\ntoday":                        "is not a journal: it begins with \"Dear diary",
		"Dear diary":                                "is not a journal",
		journalHead + "{\"key\":1}\n":               "line 2 is damaged",
		journalHead + "{\"key\":\"a\"}\n":           "line 2 is damaged",
		"{\"journal\":\"other\",\"version\":1}\n{}": "is not a journal",
	} {
		path := filepath.Join(dir, "journal")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		c, doc := job(m, path)
		if _, err := c.Run(doc); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "chain: ") {
			t.Errorf("%q: %v", text, err)
		}
		if data, _ := os.ReadFile(path); string(data) != text {
			t.Errorf("%q became %q", text, data)
		}
	}
	c, doc := job(m, filepath.Join(dir, "no", "folder"))
	if _, err := c.Run(doc); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	c, doc = job(m, filepath.Join(dir, "new"))
	if _, err := c.RunContext(ctx, doc); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
