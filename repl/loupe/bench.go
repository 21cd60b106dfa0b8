package main

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"loupe/engine"
	"loupe/engine/measure"
	"loupe/engine/store"
)

// benchFlags are the flags of `loupe bench`, which are llama-bench's. Those with
// lists may be given several times, too.
type benchFlags struct {
	models                                      []string
	prompt, gen, pg, depth                      []string
	batch, ubatch, threads, typeK, typeV, flash []string
	repetitions, delay                          int
	out, outErr                                 string
	noWarmup, progress, memory, profile         bool

	profiled []measure.BenchResult // with a profile
}

func newBenchCmd() *cobra.Command {
	var b benchFlags
	cmd := &cobra.Command{
		Use:   "bench [-m MODEL]",
		Short: "Measure speed with llama-bench's tests, flags and output formats",
		Long: `Measure how fast a model reads (pp) and generates (tg), by llama-bench's method and
in its formats: random tokens, a warm-up, then for each repetition an empty cache,
filled to the depth -d without being timed, and the time of the test alone. Nothing
is sampled. A row is the mean of the repetitions ± their standard deviation.

Lists have commas, ranges are first-last, first-last+step or first-last*factor, and
flags may be repeated; every combination is measured. What this build refuses (an
unknown cache type, say) is told on standard error, the other rows go on, and
the exit code is 1.

--memory measures, with the same threads, how fast this machine reads memory at all,
and shows which share of it generating reaches: a token cannot come sooner than its
weights, keys and values are read. It also shows where the bytes lie: weights are
mapped from the file, K and V are those of the cells in use, scratch is the rest of
what loading and running took. The JSON has these figures always.

--profile runs each test once more and shows where a token's time went: products by
weights, attention, norms, waiting for the other threads (barrier).`,
		Example: `  loupe bench
  loupe bench -m smollm2 -p 512 -n 128 -t 1,2
  loupe bench -m smollm2 -p 0 -n 32 -d 0-4096+1024 --memory
  loupe bench -m smollm2 -p 1-8*2 -n 0 -ctk f16,q8_0 -o json > result.json
  loupe bench -m smollm2 -p 0 -n 32 -t 2 --profile
  loupe bench -m a.gguf,b.gguf -pg 512,128 -r 3 -o csv`,
		Args: noArguments("the model goes behind -m"),
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&b.models, "model", "m", nil, "path of a GGUF file or name of a pulled `model` (default "+store.Default+")")
	f.StringArrayVarP(&b.prompt, "n-prompt", "p", nil, "`tokens` of prompt tests (default 512); 0: none")
	f.StringArrayVarP(&b.gen, "n-gen", "n", nil, "`tokens` of generation tests (default 128); 0: none")
	f.StringArrayVar(&b.pg, "pg", nil, "prompt and generation in one test, as `PP,TG`; short: -pg")
	f.StringArrayVarP(&b.depth, "n-depth", "d", nil, "`tokens` in the cache before the test (default 0)")
	f.StringArrayVarP(&b.batch, "batch-size", "b", nil, "prompt `tokens` handed over at a time (default 2048)")
	f.StringArrayVar(&b.ubatch, "ubatch-size", nil, "`tokens` through the layers at once (default 512); short: -ub")
	f.StringArrayVarP(&b.threads, "threads", "t", nil, "`number` of threads (default one per processor)")
	f.StringArrayVar(&b.typeK, "cache-type-k", nil, "`type` of the K cache (default f16); short: -ctk")
	f.StringArrayVar(&b.typeV, "cache-type-v", nil, "`type` of the V cache (default f16); short: -ctv")
	f.StringArrayVar(&b.flash, "flash-attn", nil, "flash attention, `on|off|auto` (default auto); short: -fa")
	f.IntVarP(&b.repetitions, "repetitions", "r", 5, "how often each test is measured")
	f.IntVar(&b.delay, "delay", 0, "seconds to wait before each test")
	f.StringVarP(&b.out, "output", "o", "md", "format on standard output: "+strings.Join(measure.BenchFormats(), ", "))
	f.StringVar(&b.outErr, "output-err", "none", "format on standard error, besides; short: -oe")
	f.BoolVar(&b.noWarmup, "no-warmup", false, "leave out the untimed run before each test")
	f.BoolVar(&b.progress, "progress", false, "say on standard error what is being done, a line each")
	f.BoolVar(&b.memory, "memory", false, "add bytes, the memory read rate and the share reached to the Markdown table")
	f.BoolVar(&b.profile, "profile", false, "show where a token's time went, below the Markdown table")
	if err := cmd.RegisterFlagCompletionFunc("model", completeModels); err != nil {
		panic(err)
	}
	return cmd
}

func (b *benchFlags) run(cmd *cobra.Command) error {
	plan, err := b.plan()
	if err != nil {
		return usageError{err}
	}
	tests := plan.Tests()
	switch {
	case len(tests) == 0:
		return usageError{fmt.Errorf("nothing to measure: -p and -n are 0 and no -pg is given")}
	case b.repetitions < 1:
		return usageError{fmt.Errorf("-r %d; a test is measured once or more", b.repetitions)}
	case b.profile && b.out != "md":
		return usageError{fmt.Errorf("--profile stands below the Markdown table; it does not go with -o %s", b.out)}
	case b.delay < 0:
		return usageError{fmt.Errorf("--delay %d; it is 0 or more seconds", b.delay)}
	}
	build := measure.BenchBuild{Commit: buildName(), CPU: measure.CPUInfo()}
	out, err := measure.NewBenchTable(cmd.OutOrStdout(), b.out, build, plan, b.memory)
	if err != nil {
		return usageError{fmt.Errorf("-o: %w", err)}
	}
	outErr, err := measure.NewBenchTable(cmd.ErrOrStderr(), b.outErr, build, plan, b.memory)
	if err != nil {
		return usageError{fmt.Errorf("-oe: %w", err)}
	}
	tables := benchTables{out, outErr}
	if err := tables.each((*measure.BenchTable).Header); err != nil {
		return err
	}
	failed, err := b.measure(cmd, tests, tables)
	if err := tables.each((*measure.BenchTable).Footer); err != nil {
		return err
	}
	for _, r := range b.profiled {
		fmt.Fprintf(cmd.OutOrStdout(), "\n%s with %d threads, each token:\n%s\n", r.Name(), r.Threads, r.Profile.Per(r.Prompt+r.Gen))
	}
	if err == nil && failed > 0 {
		return statusError(exitFailed)
	}
	return err
}

// measure runs the tests and counts those that failed.
func (b *benchFlags) measure(cmd *cobra.Command, tests []measure.BenchTest, tables benchTables) (failed int, err error) {
	stderr := cmd.ErrOrStderr()
	line := progressLine(cmd)
	bench := measure.Bench{
		Repetitions: b.repetitions, NoWarmup: b.noWarmup, Delay: time.Duration(b.delay) * time.Second,
		Progress: func(test, of int, what string) {
			if b.progress {
				fmt.Fprintf(stderr, "loupe bench: benchmark %d/%d: %s\n", test, of, what)
				return
			}
			line(fmt.Sprintf("%d of %d  %s  %s", test, of, tests[test-1].Name(), what))
		},
		Profile: b.profile,
		Result: func(r measure.BenchResult) error {
			line("")
			if r.Profile != nil {
				b.profiled = append(b.profiled, r)
			}
			if n := len(r.Samples); n < b.repetitions {
				fmt.Fprintf(stderr, "loupe: bench: %s: ended after %d of %d repetitions\n", r.Name(), n, b.repetitions)
			}
			return tables.each(func(t *measure.BenchTable) error { return t.Row(r) })
		},
		Failed: func(t measure.BenchTest, err error) {
			line("")
			failed++
			fmt.Fprintf(stderr, "loupe: bench: %s %s (%s): %v\n", t.Model, t.Name(), settingsOf(t), err)
		},
	}
	if b.memory || slices.ContainsFunc([]string{b.out, b.outErr}, func(f string) bool { return strings.HasPrefix(f, "json") }) {
		bench.ReadRate = func(threads int) float64 { return measure.ReadRate(threads, 0) }
	}
	err = bench.Run(cmd.Context(), tests)
	line("")
	return failed, err
}

// settingsOf says which settings a row was to have.
func settingsOf(t measure.BenchTest) string {
	return fmt.Sprintf("-t %d -b %d -ub %d -ctk %s -ctv %s -fa %s", t.Threads, t.Batch, t.UBatch, t.KType, t.VType, t.Flash)
}

// benchTables are the outputs.
type benchTables []*measure.BenchTable

func (ts benchTables) each(f func(*measure.BenchTable) error) error {
	for _, t := range ts {
		if err := f(t); err != nil {
			return err
		}
	}
	return nil
}

// plan turns the flags into lists; a flag that was not given leaves its default.
func (b *benchFlags) plan() (measure.BenchPlan, error) {
	p := measure.DefaultBenchPlan()
	p.Models = []string{store.Default}
	var errs []error
	fail := func(flag string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", flag, err))
		}
	}
	fail("-m", listFlag(&p.Models, b.models, func(s string) (string, error) {
		if s == "" {
			return "", fmt.Errorf("a name is missing")
		}
		return s, nil
	}))
	for _, r := range []struct {
		flag  string
		to    *[]int
		given []string
		least int
	}{
		{"-p", &p.Prompt, b.prompt, 0}, {"-n", &p.Gen, b.gen, 0}, {"-d", &p.Depth, b.depth, 0},
		{"-b", &p.Batch, b.batch, 1}, {"-ub", &p.UBatch, b.ubatch, 1}, {"-t", &p.Threads, b.threads, 1},
	} {
		fail(r.flag, rangeFlag(r.to, r.given, r.least))
	}
	for _, text := range b.pg {
		pg, err := parsePG(text)
		fail("-pg", err)
		p.PG = append(p.PG, pg)
	}
	cacheType := func(s string) (engine.CacheType, error) {
		if s == "" {
			return "", fmt.Errorf("a type is missing")
		}
		return engine.CacheType(s), nil // the engine says what it knows
	}
	fail("-ctk", listFlag(&p.KType, b.typeK, cacheType))
	fail("-ctv", listFlag(&p.VType, b.typeV, cacheType))
	fail("-fa", listFlag(&p.Flash, b.flash, parseFlash))
	if len(errs) > 0 {
		return p, errs[0]
	}
	return p, nil
}

// listFlag reads the values of a flag with commas between them.
func listFlag[T any](to *[]T, given []string, parse func(string) (T, error)) error {
	if len(given) == 0 {
		return nil
	}
	*to = nil
	for _, part := range strings.Split(strings.Join(given, ","), ",") {
		v, err := parse(part)
		if err != nil {
			return err
		}
		*to = append(*to, v)
	}
	return nil
}

func rangeFlag(to *[]int, given []string, least int) error {
	if len(given) == 0 {
		return nil
	}
	*to = nil
	for _, text := range given {
		list, err := measure.ParseRange(text)
		if err != nil {
			return err
		}
		if low := slices.Min(list); low < least {
			return fmt.Errorf("%d in %q; it is %d or more", low, text, least)
		}
		*to = append(*to, list...)
	}
	return nil
}

// parsePG reads "512,128".
func parsePG(s string) (pg [2]int, err error) {
	parts := strings.Split(s, ",")
	if len(parts) != 2 {
		return pg, fmt.Errorf("%q; write two numbers, PP,TG", s)
	}
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return pg, fmt.Errorf("%q in %q is no number of tokens; write PP,TG", part, s)
		}
		pg[i] = n
	}
	return pg, nil
}

// parseFlash reads what llama.cpp takes for on, off and auto.
func parseFlash(s string) (engine.Switch, error) {
	switch s {
	case "1", "true", "enabled":
		return engine.On, nil
	case "0", "false", "disabled":
		return engine.Off, nil
	case "-1":
		return engine.Auto, nil
	}
	return engine.ParseSwitch(s)
}

// buildName is what tables call this program: its version, and its commit if
// the build knows that.
func buildName() string {
	name := "loupe-" + version
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return name
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 7 {
			return name + "-" + s.Value[:7]
		}
	}
	return name
}
