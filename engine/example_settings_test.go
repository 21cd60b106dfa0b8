package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"loupe/engine"
)

// Every setting's effective value, and who set it.
func ExampleSettings() {
	m := must(engine.Load("lesson", engine.LoadConfig{Profile: engine.BuiltIn, ContextLength: 256, Threads: 1}))
	defer m.Close()
	var set engine.Settings = m.Settings()
	for _, v := range set.Values() {
		var one engine.SettingValue = v
		if one.Name == "ContextLength" || one.Name == "KCacheType" {
			fmt.Println(one.Name, one.Value, one.By)
		}
	}
	var from engine.Source = set.Sources["ContextLength"]
	fmt.Println("without the script it were", from.Otherwise)
	fmt.Println(set.Summary() != "", set.FullBytes == int64(256*set.CellBytes))
	// Output:
	// ContextLength 256 script
	// KCacheType f16 built-in
	// without the script it were 512
	// true true
}

// Several ways in which settings are refused, before anything is loaded.
func ExampleSettingErrors() {
	_, err := engine.Load("lesson", engine.LoadConfig{KCacheType: "q9", Threads: -1})
	var all *engine.SettingErrors
	var one *engine.SettingError
	fmt.Println(errors.As(err, &all), len(all.Problems), errors.As(err, &one), one.Name)
	m, err := engine.Load("lesson", engine.LoadConfig{ContextLength: 1 << 24, KCacheType: engine.F32, VCacheType: engine.F32})
	var full *engine.MemoryError
	if errors.As(err, &full) {
		log.Printf("%d bytes of %d; a context of %d would fit", full.Need, full.Available, full.Fits)
	} else { // there is room for it
		done(m.Close())
	}
	_, err = engine.SetDefault(engine.Scope{}, "contextLenght", "4096")
	var unknown *engine.UnknownSettingError
	fmt.Println(errors.As(err, &unknown), unknown.Near)
	// What runs, but not as somebody may expect:
	fmt.Println(len(must(engine.Warnings("lesson", engine.LoadConfig{ContextLength: 1024}))), "warning")
	// Output:
	// true 2 true Threads
	// true [contextLength]
	// 1 warning
}

// Saved settings: for every model, for one, or as a profile that a script asks for.
func ExampleSetDefault() {
	dir := must(os.MkdirTemp("", "config"))
	defer os.RemoveAll(dir)
	os.Setenv("LOUPE_CONFIG", dir)
	defer os.Unsetenv("LOUPE_CONFIG")
	fmt.Println(must(engine.ConfigDir()) == dir)

	must(engine.SetDefault(engine.Scope{}, "contextLength", "128"))
	must(engine.SetDefault(engine.Scope{Model: "lesson"}, "kCacheQuantizationType", "q8_0"))
	m := must(engine.Load("lesson", engine.LoadConfig{Threads: 1}))
	fmt.Println(m.Settings().ContextLength, m.Settings().KCacheType)
	must(m.SaveProfile("small", "for the example"))
	must(m.SaveDefaults())
	done(m.Close())

	for _, d := range must(engine.Defaults()) {
		var saved engine.Default = d
		fmt.Println(saved.Scope, saved.Name, saved.Value)
	}
	fmt.Println(must(engine.Profiles()))
	must(engine.UnsetDefault(engine.Scope{}, "contextLength"))
	m = must(engine.Load("lesson", engine.LoadConfig{Profile: "small"}))
	defer m.Close()
	fmt.Println(m.Settings().ContextLength, "from the profile")
	keys, about := engine.SavedKeys()
	fmt.Println(len(keys) == len(about), keys[0])
	// Output:
	// true
	// 128 q8_0
	// every model ContextLength 128
	// model lesson ContextLength 128
	// model lesson KCacheType q8_0
	// model lesson Threads 1
	// profile small ContextLength 128
	// profile small KCacheType q8_0
	// profile small Threads 1
	// [small]
	// 128 from the profile
	// true llm.load.contextLength
}

func ExampleParseSwitch() {
	on := must(engine.ParseSwitch("on"))
	m := must(engine.Load("lesson", engine.LoadConfig{FlashAttention: on, ReusePrefix: engine.Off, LoadMode: engine.LoadRead}))
	defer m.Close()
	set := m.Settings()
	fmt.Println(set.FlashAttention, set.ReusePrefix, set.LoadMode, set.KRotation)
	for _, s := range []engine.Switch{engine.Auto, engine.On, engine.Off} {
		fmt.Print(s, " ")
	}
	for _, l := range []engine.LoadMode{engine.LoadMmap, engine.LoadRead, engine.LoadLock} {
		fmt.Print(l, " ")
	}
	for _, r := range []engine.RopeScaling{engine.RopeNone, engine.RopeLinear, engine.RopeYarn} {
		fmt.Print(r, " ")
	}
	fmt.Println()
	// Output:
	// on off none off
	// auto on off mmap none mlock none linear yarn
}

// A program can hear of every generation in its process, and give calls a context.
func ExampleOnCall() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	tokens := 0
	stop := engine.OnCall(func(c engine.Call) { tokens += c.Reply.Stats.GeneratedTokens })
	restore := engine.SetHost(&engine.Host{Text: func(s string) { fmt.Print(s) }})
	must(m.NewSession().Generate("Once upon a", engine.GenerateConfig{MaxTokens: 3}))
	restore()
	stop()
	fmt.Println()
	fmt.Println(tokens, "tokens generated")
	// Output:
	// time there was
	// 3 tokens generated
}

// A large model takes seconds to load; a context that ends, by Ctrl-C or at its deadline,
// ends that too.
func ExampleLoadContext() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // somebody has pressed Ctrl-C
	m, err := engine.LoadContext(ctx, "lesson", engine.LoadConfig{})
	fmt.Println(m, err)
	// Output: <nil> context canceled
}
