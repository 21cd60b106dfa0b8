package kernel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestDeadlock: goroutines that wait for each other are told from those that
// something may still wake.
func TestDeadlock(t *testing.T) {
	const text = "fatal error: all goroutines are asleep - deadlock!"
	for name, c := range map[string]struct {
		src  string
		line int // of the deadlock, 0 for none
	}{
		"receive":      {"c := make(chan int)\n\n<-c", 3},
		"send":         {"c := make(chan int)\nc <- 1", 2},
		"nil chan":     {"var c chan int\nfor range c {\n}", 2},
		"select":       {"select {}", 1},
		"two cases":    {"a, b := make(chan int), make(chan string)\nselect {\ncase <-a:\ncase b <- \"x\":\n}", 2},
		"lock":         {"var mu sync.Mutex\nmu.Lock()\nmu.Lock()", 3},
		"read lock":    {"var mu sync.RWMutex\nmu.Lock()\nmu.RLock()", 3},
		"wait":         {"var wg sync.WaitGroup\nwg.Add(1)\nwg.Wait()", 3},
		"cond":         {"c := sync.NewCond(&sync.Mutex{})\nc.L.Lock()\nc.Wait()", 3},
		"each other":   {"a, b := make(chan int), make(chan int)\ngo func() {\n\tb <- <-a\n}()\n<-b", 5},
		"many":         {"c := make(chan int)\nfor range 50 {\n\tgo func() { c <- 1 }()\n}\nfor range 51 {\n\t<-c\n}", 6},
		"a timer":      {"<-time.After(60 * time.Millisecond)", 0},
		"a later call": {"c := make(chan int)\ntime.AfterFunc(60*time.Millisecond, func() { c <- 1 })\n<-c", 0},
		"a context":    {"ctx, cancel := context.WithTimeout(context.Background(), 60*time.Millisecond)\ndefer cancel()\n<-ctx.Done()", 0},
		"a sleeper":    {"c := make(chan int)\ngo func() { time.Sleep(60 * time.Millisecond); c <- 1 }()\n<-c", 0},
		"work":         {"c := make(chan int)\ngo func() { s := 0; for i := range 300000 { s += i }; c <- s }()\n<-c", 0},
	} {
		t.Run(name, func(t *testing.T) {
			k, r := newKernel(t, Options{AutoImport: true})
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			err := k.Run(ctx, Cell{Name: "In[1]", Source: c.src})
			var e *Error
			switch errors.As(err, &e); {
			case c.line == 0 && err != nil:
				t.Errorf("error %v", err)
			case c.line > 0 && (e == nil || e.Msg != text || e.Line != c.line || e.ExitCode != 2):
				t.Errorf("error %v, want one of line %d", err, c.line)
			}
			if got := play(t, k, r, "6*7"); got != "= 42\n" {
				t.Errorf("afterwards %q", got)
			}
		})
	}
}

// TestBackground: goroutines that outlive their cell are listed, can be ended,
// and end with a notebook's main.
func TestBackground(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	got := play(t, k, r, "c := make(chan int)", "n := 0\nfor range 3 {\n\tgo func() {\n\t\t<-c\n\t}()\n}\ngo func() { for { n++ } }()\ntime.Sleep(50 * time.Millisecond)")
	if !strings.Contains(got, "~ 4 goroutines of this cell go on: ") || !strings.Contains(got, "3 started in line 3 waits in line 4 (chan receive)") || !strings.Contains(got, "started in line 7 runs") {
		t.Errorf("listed %q", got)
	}
	if got := play(t, k, r, "%stop", "%stop"); got != "= 4 goroutines ended\n= no goroutine runs\n" {
		t.Errorf("stopped %q", got)
	}
	a := play(t, k, r, "n")
	time.Sleep(20 * time.Millisecond)
	if b := play(t, k, r, "n"); a != b {
		t.Errorf("n was %s, is %s", a, b)
	}
	// A goroutine that ends with its cell is none of them.
	if got := play(t, k, r, "var wg sync.WaitGroup\nfor range 4 {\n\twg.Add(1)\n\tgo func() { wg.Done() }()\n}\nwg.Wait()"); got != "" {
		t.Errorf("listed %q", got)
	}
	play(t, k, r, "go func() { for { n++ } }()", "%reset")
	if _, left := k.stopBackground(); left > 0 || len(k.m.gs.alive) > 0 {
		t.Errorf("alive after a reset: %v", k.m.gs.alive)
	}
	// A panic ends the cell's other goroutines, as it ends the program.
	play(t, k, r, "m := 0", "go func() { for { m++ } }()\npanic(1)")
	if n := len(k.m.gs.alive); n > 0 {
		t.Errorf("%d runs alive after a panic", n)
	}
}

// TestLostPanic: the panic of a goroutine whose cell has ended is an error that
// a front-end can count.
func TestLostPanic(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	play(t, k, r, "c := make(chan int)", "go func() {\n\t<-c\n\tvar p *int\n\t*p = 1\n}()", "c <- 1", "time.Sleep(20*time.Millisecond)")
	for _, e := range r.events {
		if w, ok := e.(Warning); ok && w.Err != nil {
			if got, want := w.Err.Error(), "In[2]:4:2: panic: runtime error: invalid memory address or nil pointer dereference"; got != want || w.Err.ExitCode != 2 {
				t.Errorf("%s, want %s", got, want)
			}
			return
		}
	}
	t.Errorf("nothing said: %v", r.events)
}

// TestMemory: what the machine cannot give ends the cell, not the process.
func TestMemory(t *testing.T) {
	k, r := newKernel(t, Options{})
	n := availableMemory()
	for _, src := range []string{
		fmt.Sprintf("n := %d\n_ = make([]byte, n)", n+n/4),
		fmt.Sprintf("n := %d\n_ = make([]int64, 0, n)", n/8+n/32),
	} {
		if got := play(t, k, r, src, "1"); !strings.Contains(got, ":2:1: fatal error: out of memory\n= 1\n") {
			t.Errorf("%s: %q", src, got)
		}
	}
	if got := play(t, k, r, "var big [1 << 40]int", "1"); !strings.Contains(got, ":1:5: loupe cannot run this yet: an array of 8388608 MiB, where ") || !strings.HasSuffix(got, "= 1\n") {
		t.Errorf("an array: %q", got)
	}
}

// TestTooMuchMemory: the same for natives that take what an argument says, and for what
// doubles.
func TestTooMuchMemory(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(250 << 20))
	play(t, k, r, "type T struct{ s string }")
	for _, src := range []string{
		"\nstrings.Repeat(\"xy\", 1<<40)",
		"f := strings.Repeat\nf(\"xy\", 1<<40)",
		"\nbytes.Repeat([]byte(\"xy\"), 1<<40)",
		"var b bytes.Buffer\nb.Grow(1 << 40)",
		"b := &strings.Builder{}\nb.Grow(1 << 40)",
		"\nreflect.MakeSlice(reflect.TypeOf([]int{}), 1<<40, 1<<40)",
		"\nnew(big.Int).Lsh(big.NewInt(1), 1<<44)",
		"\nbufio.NewReaderSize(nil, 1<<40)",
		"\nrand.Perm(1 << 40)",
		"c := rand.NewChaCha8([32]byte{})\nio.ReadAll(c)",
		"s := \"x\"; for {\ns += s }",
		"s := \"x\"; for {\ns = \"y\" + s + s }",
		"t := &T{\"x\"}; for {\nt.s = t.s + t.s }",
		"func g(s string) string {\nreturn s + s }\ns := \"x\"; for { s = g(s) }",
		"b := []byte{1}; for {\nb = append(b, b...) }",
		"s := strings.Repeat(\"x\", 70<<20)\nr := []rune(s)",
		"s := strings.Repeat(\"x\", 140<<20)\nb := []byte(s + s)",
	} {
		if got := play(t, k, r, src, "1"); !strings.Contains(got, ":2:1: fatal error: out of memory\n= 1\n") {
			t.Errorf("%s: %q", src, got)
		}
	}
	doubled := "const a0 = \"xxxxxxxxxxxxxxxx\"\n"
	for i := range 9 {
		doubled += fmt.Sprintf("const a%d = %s\n", i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("a%d+", i), 16), "+"))
	}
	for src, want := range map[string]string{ // refused before they run
		doubled + "len(a9)":                 "a constant string of over 128 MiB",
		"[]int{1<<35: 1}":                   "an array of 262144 MiB",
		"[]int{1<<62: 1}":                   "a slice of so many elements",
		"var x [1<<36]byte":                 "an array of 65536 MiB",
		"c := make(chan [1 << 20]byte, 10)": "a channel whose elements are larger than 64 kB",
	} {
		if got := play(t, k, r, src, "1"); !strings.Contains(got, want) || !strings.HasSuffix(got, "= 1\n") {
			t.Errorf("%s: %q", src, got)
		}
	}
	if got := play(t, k, r, "strings.Repeat(\"x\", -1)"); !strings.Contains(got, "panic: strings: negative Repeat count") {
		t.Errorf("Go's own refusal: %q", got)
	}
}

// TestOutput: a cell that writes for ever is cut, and said to be.
func TestOutput(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true, MaxOutput: 5000})
	got := play(t, k, r, "for range 1000 { fmt.Println(\"täglich\") }\nx := 1", "x", "fmt.Println(\"on\")")
	if !strings.HasSuffix(got, " of output were dropped\n= 1\non\n") || !strings.Contains(got, "~ the output is cut after 5000 B; the cell runs on, and an interrupt ends it\n") {
		t.Errorf("seen %q", got)
	}
	if n := r.out.Len(); n > 5000+3 || n < 4990 || !utf8.ValidString(r.out.String()) {
		t.Errorf("%d bytes", n)
	}
}

// TestPanics: what a cell says of its panic is what go run says of the same
// program, and at the same line.
func TestPanics(t *testing.T) {
	for name, c := range map[string]struct {
		src, msg string
		line     int
	}{
		"again":         {"func f() {\n\tdefer func() {\n\t\tr := recover()\n\t\tpanic(r)\n\t}()\n\tpanic(\"a\")\n}\nf()", "panic: a [recovered, repanicked]", 4},
		"another":       {"func f() {\n\tdefer func() {\n\t\tpanic(fmt.Sprint(\"again \", recover()))\n\t}()\n\tpanic(\"a\")\n}\ndefer fmt.Print()\nf()", "panic: a [recovered]\n\tpanic: again a", 3},
		"one more":      {"defer func() { panic(\"second\") }()\npanic(\"first\")", "panic: first\n\tpanic: second", 1},
		"deferred work": {"func f() {\n\tdefer func() {\n\t\tx := 1\n\t\t_ = x\n\t}()\n\tvar a []int\n\ti := 5\n\ta[i] = 1\n}\nf()", "panic: runtime error: index out of range [5] with length 0", 8},
		"twice":         {"func f() {\n\tdefer func() { panic(recover()) }()\n\tvar p *int\n\t*p = 1\n}\ndefer func() {\n\tpanic(recover())\n}()\nf()", "panic: runtime error: invalid memory address or nil pointer dereference [recovered, repanicked]", 7},
		"a key":         {"type T struct{ a []int }\nm := map[any]int{}\nm[T{}] = 1", "panic: runtime error: hash of unhashable type main.T", 3},
		"a constant":    {"a := []int{1}\na[5]++", "panic: runtime error: index out of range [5] with length 1", 2},
		"an array":      {"s := []int{1}\n_ = [4]int(s)", "panic: runtime error: cannot convert slice with length 1 to array or pointer to array with length 4", 2},
	} {
		t.Run(name, func(t *testing.T) {
			k, _ := newKernel(t, Options{AutoImport: true})
			err := k.Run(context.Background(), Cell{Name: "In[1]", Source: c.src})
			var e *Error
			if !errors.As(err, &e) || e.Msg != c.msg || e.Line != c.line {
				t.Errorf("%v, want line %d: %s", err, c.line, c.msg)
			}
		})
	}
	k, r := newKernel(t, Options{AutoImport: true})
	src := `func try(f func()) { defer func() { fmt.Printf("%T ", recover()) }(); f() }
		var e any = 1
		try(func() { var a []int; a[3] = 1 })
		try(func() { _ = e.(string) })
		try(func() { var m map[string]int; m["a"] = 1 })
		try(func() { var p *int; *p = 1 })
		try(func() { x := 0; e = 1 / x })`
	if got, want := play(t, k, r, src), "runtime.boundsError *runtime.TypeAssertionError runtime.plainError runtime.errorString runtime.errorString "; got != want {
		t.Errorf("types %q want %q", got, want)
	}
}

// TestFatal: what ends the process of a compiled program ends the cell.
func TestFatal(t *testing.T) {
	for src, want := range map[string]string{
		"var mu sync.Mutex\nmu.Unlock()":                                                              "2:1: fatal error: sync: unlock of unlocked mutex",
		"var mu sync.RWMutex\nmu.RLock()\nmu.Unlock()":                                                "3:1: fatal error: sync: Unlock of unlocked RWMutex",
		"var mu sync.RWMutex\nfunc() { mu.Lock(); defer mu.Unlock() }()\nmu.RUnlock()":                "3:1: fatal error: sync: RUnlock of unlocked RWMutex",
		"s := struct{ sync.Mutex }{}\ndefer func() { recover() }()\ns.Lock(); s.Unlock(); s.Unlock()": "3:23: fatal error: sync: unlock of unlocked mutex",
		"runtime.Breakpoint()":      "1:9: loupe cannot run this yet: runtime.Breakpoint, which ends the process",
		"x := debug.SetMaxStack(1)": "1:12: loupe cannot run this yet: debug.SetMaxStack, whose limit is the whole process's and ends it; a cell that recurses for ever is stopped by itself",
	} {
		k, r := newKernel(t, Options{AutoImport: true})
		if got := play(t, k, r, src, "6*7"); got != "! In[1]:"+want+"\n= 42\n" {
			t.Errorf("%s: %s", src, got)
		}
	}
}

// TestListedMethods: a list of variables outlives the methods that it calls.
func TestListedMethods(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	got := play(t, k, r, "type L struct{ mu *sync.Mutex }", "func (l L) String() string { l.mu.Lock(); return \"l\" }", "l := L{new(sync.Mutex)}\nl.mu.Lock()",
		"type N struct{ next *N }", "func (n *N) String() string { return n.next.String() }", "n := &N{}\nn.next = n", "x := 3", "%who", "x")
	want := "= name  type  bytes  value\nl     L      16 B  ?\nn     *N     16 B  ?\nx     int     8 B  3\n= 3\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestLeftBehind: a native call that does not listen is left behind, its cell
// does not go on when it returns, and other cells run meanwhile.
func TestLeftBehind(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	pr, pw := io.Pipe()
	ready := make(chan bool)
	for name, v := range map[string]any{"pipe": pr, "ready": ready} {
		if err := k.Define(name, v); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 { // a second interrupt while the first one's call is there
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			<-ready
			time.Sleep(5 * time.Millisecond)
			cancel()
		}()
		err := k.Run(ctx, Cell{Name: "In[1]", Source: fmt.Sprintf("n := 1\nready <- true\nb%[1]d := make([]byte, 1)\npipe.Read(b%[1]d)\nn = 2\nfunc late() int { return n }\nfmt.Println(\"not reached\")", i)})
		var e *Error
		if !errors.As(err, &e) || e.Kind != Interrupted {
			t.Fatalf("error %v", err)
		}
		if got := play(t, k, r, "n", "s := 0\nfor i := range 1000 { s += i }\ns"); got != "= 1\n= 499500\n" {
			t.Errorf("meanwhile %q", got)
		}
	}
	// What such a call gives is not shown in another cell.
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-ready
		time.Sleep(5 * time.Millisecond)
		cancel()
	}()
	_ = k.Run(ctx, Cell{Name: "In[1]", Source: "ready <- true\nio.ReadAll(pipe)", Show: true})
	shown := len(r.events)
	pw.Close()
	time.Sleep(20 * time.Millisecond)
	for _, e := range r.events[shown:] {
		if d, ok := e.(Display); ok {
			t.Errorf("shown later: %v", d.Data)
		}
	}
	if got := play(t, k, r, "n", "runtime.NumGoroutine()"); got != "= 1\n= 1\n" || strings.Contains(r.out.String(), "not reached") {
		t.Errorf("afterwards %q %q", got, r.out.String())
	}
}

// TestPanicText: the methods of what a cell panics with are code of cells, which fails or
// does not end like any other.
func TestPanicText(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	play(t, k, r, "type E struct{ n *int }\nfunc (e E) Error() string { return fmt.Sprint(*e.n) }", "type S string\nfunc (s S) String() string { panic(\"not now\") }",
		"type Self int\nfunc (s Self) Error() string { panic(s) }", "type Loop int\nfunc (l Loop) Error() string { for {} }", "type Deep int\nfunc (d Deep) Error() string { return fmt.Sprint(d) }",
		"type Locked int\nvar mu sync.Mutex\nfunc (l Locked) Error() string { mu.Lock(); mu.Lock(); return \"\" }", "type Out int\nfunc (o Out) Error() string { os.Exit(3); return \"\" }", "x := 1")
	for src, want := range map[string]string{
		"panic(E{})":                            "panic while printing panic value: runtime error: invalid memory address or nil pointer dereference",
		"panic(S(\"a\"))":                       "panic while printing panic value: not now",
		"panic(Self(1))":                        "panic while printing panic value",
		"panic(Loop(1))":                        "panic while printing panic value: its method does not return",
		"panic(Deep(1))":                        "panic while printing panic value: its method does not return",
		"panic(Locked(1))":                      "panic while printing panic value: its method does not return",
		"panic(Out(1))":                         "panic while printing panic value: its method does not return",
		"go func() { panic(E{}) }()\nselect {}": "panic while printing panic value: runtime error: invalid memory address or nil pointer dereference",
		"panic(errors.New(\"well\"))":           "well",
	} {
		if got := play(t, k, r, src, "x"); !strings.Contains(got, ":1:") || !strings.Contains(got, ": panic: "+want+"\n= 1\n") {
			t.Errorf("%s: %q", src, got)
		}
	}
}
