package kernel

import (
	"encoding"
	"errors"
	"flag"
	"fmt"
	"reflect"
	"time"
)

// scriptFlags is what package flag keeps of a program: its flags, which are not
// those of this process, and its flag.Usage.
type scriptFlags struct {
	set   *flag.FlagSet
	usage func()
}

func newScriptFlags(name string, out *output) *scriptFlags {
	f := &scriptFlags{set: flag.NewFlagSet(name, flag.ExitOnError)}
	f.set.SetOutput(stream{out, true})
	f.usage = func() {
		fmt.Fprintf(f.set.Output(), "Usage of %s:\n", name)
		f.set.PrintDefaults()
	}
	f.set.Usage = func() { f.usage() }
	return f
}

// flagTable binds package flag to the script: its functions work on the
// process's own flags, and end the process when they find a wrong one.
func (m *machine) flagTable(t map[string]reflect.Value) {
	t["CommandLine"] = reflect.ValueOf(&m.k.flags.set).Elem()
	t["Usage"] = reflect.ValueOf(&m.k.flags.usage).Elem()
	f := func() *flag.FlagSet { return m.k.flags.set } // a script may assign another
	for name, v := range map[string]any{
		"NewFlagSet": func(name string, h flag.ErrorHandling) *flag.FlagSet {
			s := flag.NewFlagSet(name, h)
			s.SetOutput(stream{m.k.out, true})
			return s
		},
		"Parse":         func() { m.parseFlags(f(), m.k.args[1:]) },
		"Arg":           func(i int) string { return f().Arg(i) },
		"Args":          func() []string { return f().Args() },
		"NArg":          func() int { return f().NArg() },
		"NFlag":         func() int { return f().NFlag() },
		"Parsed":        func() bool { return f().Parsed() },
		"PrintDefaults": func() { f().PrintDefaults() },
		"Lookup":        func(name string) *flag.Flag { return f().Lookup(name) },
		"Set":           func(name, value string) error { return f().Set(name, value) },
		"Visit":         func(fn func(*flag.Flag)) { f().Visit(fn) },
		"VisitAll":      func(fn func(*flag.Flag)) { f().VisitAll(fn) },
		"Var":           func(v flag.Value, name, usage string) { f().Var(v, name, usage) },
		"TextVar": func(p encoding.TextUnmarshaler, name string, value encoding.TextMarshaler, usage string) {
			f().TextVar(p, name, value, usage)
		},
		"Func":        func(name, usage string, fn func(string) error) { f().Func(name, usage, fn) },
		"BoolFunc":    func(name, usage string, fn func(string) error) { f().BoolFunc(name, usage, fn) },
		"Bool":        func(name string, v bool, usage string) *bool { return f().Bool(name, v, usage) },
		"BoolVar":     func(p *bool, name string, v bool, usage string) { f().BoolVar(p, name, v, usage) },
		"Int":         func(name string, v int, usage string) *int { return f().Int(name, v, usage) },
		"IntVar":      func(p *int, name string, v int, usage string) { f().IntVar(p, name, v, usage) },
		"Int64":       func(name string, v int64, usage string) *int64 { return f().Int64(name, v, usage) },
		"Int64Var":    func(p *int64, name string, v int64, usage string) { f().Int64Var(p, name, v, usage) },
		"Uint":        func(name string, v uint, usage string) *uint { return f().Uint(name, v, usage) },
		"UintVar":     func(p *uint, name string, v uint, usage string) { f().UintVar(p, name, v, usage) },
		"Uint64":      func(name string, v uint64, usage string) *uint64 { return f().Uint64(name, v, usage) },
		"Uint64Var":   func(p *uint64, name string, v uint64, usage string) { f().Uint64Var(p, name, v, usage) },
		"Float64":     func(name string, v float64, usage string) *float64 { return f().Float64(name, v, usage) },
		"Float64Var":  func(p *float64, name string, v float64, usage string) { f().Float64Var(p, name, v, usage) },
		"String":      func(name, v, usage string) *string { return f().String(name, v, usage) },
		"StringVar":   func(p *string, name, v, usage string) { f().StringVar(p, name, v, usage) },
		"Duration":    func(name string, v time.Duration, usage string) *time.Duration { return f().Duration(name, v, usage) },
		"DurationVar": func(p *time.Duration, name string, v time.Duration, usage string) { f().DurationVar(p, name, v, usage) },
	} {
		t[name] = reflect.ValueOf(v)
	}
}

// parseFlags is s.Parse, of which flag.ExitOnError ends the script, not the
// process.
func (m *machine) parseFlags(s *flag.FlagSet, args []string) error {
	if s.ErrorHandling() != flag.ExitOnError {
		return s.Parse(args)
	}
	s.Init(s.Name(), flag.ContinueOnError)
	err := s.Parse(args)
	s.Init(s.Name(), flag.ExitOnError)
	switch {
	case errors.Is(err, flag.ErrHelp):
		m.exit(0)
	case err != nil:
		m.exit(2)
	}
	return nil
}
