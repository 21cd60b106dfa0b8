package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"loupe/engine/measure"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Exit statuses, as loupe's.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// usageError is wrong use of the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parse(ctx, args, stderr)
	if err == nil {
		defer os.RemoveAll(c.temp)
		err = c.run(ctx)
		if len(c.rates) > 0 {
			err = errors.Join(err, c.print(stdout))
		}
		if err == nil && len(c.broken) > 0 {
			return exitFailed // said already
		}
	}
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitDone
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "compare: interrupted")
		return exitInterrupted
	}
	fmt.Fprintln(stderr, "compare:", err)
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// job is a comparison with the folder that is its own.
type job struct {
	*comparison
	temp string
}

// parse reads the flags and makes the programs ready.
func parse(ctx context.Context, args []string, stderr io.Writer) (*job, error) {
	f := flag.NewFlagSet("compare", flag.ContinueOnError)
	f.SetOutput(stderr)
	var (
		model   = f.String("m", "", "path of the GGUF file")
		llama   = f.String("llama-bench", "", "path of llama-bench")
		sdist   = f.String("build", "", "path of the sdist llama-cpp-python==0.3.36 to build llama-bench from")
		loupe   = f.String("loupe", "", "path of loupe (default: built from this module)")
		rows    = f.String("rows", "", "rows to measure, names or patterns such as '*@d2048' with commas between (default: all: "+names(tests)+")")
		threads = f.String("t", "1,2", "numbers of threads")
		caches  = f.String("ct", "f16,q8_0,q4_0", "types of the K and the V cache")
		rounds  = f.Int("r", 3, "rounds")
	)
	if err := f.Parse(args); err != nil {
		return nil, usageError{err}
	}
	c := newComparison()
	c.model, c.llama, c.loupe, c.rounds = *model, *llama, *loupe, *rounds
	c.say = func(format string, args ...any) { fmt.Fprintf(stderr, "compare: "+format+"\n", args...) }
	chosen, err := chooseTests(*rows)
	if err != nil {
		return nil, usageError{err}
	}
	counts, err := measure.ParseRange(*threads)
	switch {
	case err != nil:
		return nil, usageError{fmt.Errorf("-t: %w", err)}
	case slices.Min(counts) < 1:
		return nil, usageError{fmt.Errorf("-t %s; a tool needs a thread", *threads)}
	case f.NArg() > 0:
		return nil, usageError{fmt.Errorf("%q is no flag; the model goes behind -m", f.Arg(0))}
	case c.model == "":
		return nil, usageError{errors.New("no model; give one with -m FILE.gguf")}
	case (c.llama == "") == (*sdist == ""):
		return nil, usageError{errors.New("give either -llama-bench PATH or -build SDIST")}
	case c.rounds < 1:
		return nil, usageError{fmt.Errorf("-r %d; it takes a round", c.rounds)}
	case *caches == "" || slices.Contains(strings.Split(*caches, ","), ""):
		return nil, usageError{fmt.Errorf("-ct %q; a cache type is missing", *caches)}
	}
	if _, err := os.Stat(c.model); err != nil {
		return nil, err
	}
	c.groups = groups(chosen, counts, strings.Split(*caches, ","))
	j := &job{comparison: c}
	if err := j.programs(ctx, *sdist, stderr); err != nil {
		os.RemoveAll(j.temp)
		return nil, err
	}
	return j, nil
}

// programs finds or builds both tools.
func (j *job) programs(ctx context.Context, sdist string, stderr io.Writer) (err error) {
	if sdist != "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		if j.llama, err = build(ctx, sdist, filepath.Join(cache, "loupe", "llama.cpp"), stderr); err != nil {
			return err
		}
	}
	if j.llama, err = exec.LookPath(j.llama); err != nil {
		return err
	}
	if j.loupe != "" {
		j.loupe, err = exec.LookPath(j.loupe)
		return err
	}
	if j.temp, err = os.MkdirTemp("", "loupe-compare-"); err != nil {
		return err
	}
	j.loupe, err = buildLoupe(ctx, j.temp)
	return err
}
