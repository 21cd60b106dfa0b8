package jupyter

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-zeromq/zmq4"

	"loupe/kernel"
)

func TestTransports(t *testing.T) {
	for name, connection := range map[string]func(*testing.T) Connection{"tcp": tcp, "ipc": ipc, "no key": func(t *testing.T) Connection {
		c := tcp(t)
		c.Key = ""
		return c
	}} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, serve(t, connection(t), nil))
			info := c.ask("kernel_info_request", object{})
			if info.str("status") != "ok" || info.str("protocol_version") != "5.4" || info.str("language_info", "name") != "go" || info.str("banner") != "a banner" {
				t.Errorf("kernel_info_reply: %v", info.Content)
			}
			c.sees("x := 6\nx * 7", "execute_result:42\n")
			c.sees(`fmt.Println("a"); fmt.Fprintln(os.Stderr, "b"); fmt.Println("c")`, "stdout:a\n|\nstderr:b\n|\nstdout:c\n|\n")
			if err := c.echo.Send(zmq4.NewMsgString("ping")); err != nil {
				t.Fatal(err)
			}
			if m, err := c.echo.Recv(); err != nil || string(m.Bytes()) != "ping" {
				t.Errorf("heartbeat: %q, %v", m.Bytes(), err)
			}
		})
	}
}

func TestOutputs(t *testing.T) {
	c := start(t)
	c.sees("nb.Show(1); 2", "display_data:1\nexecute_result:2\n")
	c.sees("nb.Show(3)", "display_data:3\n")
	c.sees("func show() { nb.Show(4) }", "")
	c.sees("show()", "display_data:4\n")
	if _, out := c.run("%time 5"); !strings.HasPrefix(seen(out), "execute_result:5\ndisplay_data:wall ") {
		t.Errorf("%%time 5: %s", seen(out))
	}
	c.sees("%who", "display_data:no variables\n")
	c.sees("x := 1", "")
	c.sees("", "")
	c.sees("x = \"a\"", "error:CompileError:In[9]:1:5: cannot use \"a\" (untyped string constant) as int value in assignment\n")
	c.sees(`fmt.Print("old\n\x1b[H\x1b[2Jnew\n")`, "stdout:old\n|\nclear wait=true\nstdout:new\n|\n")
	c.sees("os.Exit(3)", "error:SystemExit:3\n")
	c.sees(`fmt.Print("\xff\xfe.")`, "stdout:\uFFFD.|\n")
	c.sees(`for _, b := range []byte("ä€😀") { os.Stdout.Write([]byte{b}); time.Sleep(3*time.Millisecond) }`, "stdout:ä€😀|\n")
	// What a goroutine writes after its cell has ended belongs to that cell.
	id := c.send(c.shell, "execute_request", object{"code": "go func() { time.Sleep(600*time.Millisecond); fmt.Println(\"late\") }()\n7"})
	if _, out := c.reply(c.shellIn, id); !strings.Contains(seen(out), "execute_result:7\n") {
		t.Errorf("a cell that leaves a goroutine behind: %s", seen(out))
	}
	for g := c.next(c.iopubs); g.Parent != id || g.str("text") != "late\n"; g = c.next(c.iopubs) {
	}
}

func TestMIMEForms(t *testing.T) {
	c := start(t)
	_, out := c.run("type P struct{}\nfunc (P) Display() map[string]string {\n return map[string]string{\"text/plain\": \"p\", \"text/html\": \"<b>&\", \"image/svg+xml\": \"<svg/>\", \"image/png\": \"\\x89PNG\\r\\n\\x1a\\n\", \"image/jpeg\": \"AAEC\", \"application/json\": `{\"a\": 1}`, \"text/markdown\": \"*p*\"}\n}\nP{}")
	if len(out) != 2 || out[1].Type != "execute_result" {
		t.Fatal(seen(out))
	}
	g := out[1]
	for mime, want := range map[string]string{
		"text/plain": "p", "text/html": "<b>&", "image/svg+xml": "<svg/>", "text/markdown": "*p*",
		"image/png":        "iVBORw0KGgo=", // what was not base64 is now
		"image/jpeg":       "AAEC",
		"application/json": "map[a:1]", // an object, not its text
	} {
		if got := g.str("data", mime); got != want {
			t.Errorf("%s: %q, want %q", mime, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	c := start(t)
	reply, out := c.run("a := []int{1}\n\ta[len(a)] = 2")
	e := out[len(out)-1]
	if e.Type != "error" || reply.str("status") != "error" || reply.str("ename") != "Panic" || reply.str("evalue") != e.str("evalue") {
		t.Fatalf("reply %v, iopub %s", reply.Content, seen(out))
	}
	trace := fmt.Sprint(e.Content["traceback"])
	for _, want := range []string{"\x1b[31mIn[1]:2:", "index out of range [1] with length 1", "        a[len(a)] = 2"} {
		if !strings.Contains(trace, want) {
			t.Errorf("the traceback lacks %q:\n%s", want, trace)
		}
	}
	if _, out = c.run("x := )"); !strings.Contains(fmt.Sprint(out[len(out)-1].Content["traceback"]), "         ^") {
		t.Errorf("no caret under the place: %v", out[len(out)-1].Content["traceback"])
	}
}

func TestPrintsArriveWhole(t *testing.T) {
	c := start(t)
	const n = 20000
	_, out := c.run(fmt.Sprintf("for i := range %d { fmt.Println(\"line\", i) }", n))
	var want strings.Builder
	for i := range n {
		fmt.Fprintln(&want, "line", i)
	}
	if got := seen(out); got != "stdout:"+want.String()+"|\n" {
		t.Errorf("%d bytes of %d came, or not in order", len(got), want.Len())
	}
	if len(out) > n/20 {
		t.Errorf("%d messages for %d lines", len(out), n)
	}
	// A result of 10 MB.
	_, out = c.run(`os.Stdout.WriteString(strings.Repeat("0123456789", 1<<20))`)
	total := 0
	for _, g := range out {
		total += len(g.str("text"))
	}
	if total != 10<<20 {
		t.Errorf("%d bytes of %d came", total, 10<<20)
	}
}

func TestExecuteFlags(t *testing.T) {
	c := start(t)
	reply, out := c.runWith(object{"code": "x := 1\nfmt.Println(x)\nx", "silent": true})
	if len(out) != 0 || reply.str("execution_count") != "0" || reply.str("status") != "ok" {
		t.Errorf("silent: %v, %s", reply.Content, seen(out))
	}
	reply, out = c.runWith(object{"code": "x", "store_history": false})
	if reply.str("execution_count") != "0" || seen(out) != "execute_result:1\n" {
		t.Errorf("without history: %v, %s", reply.Content, seen(out))
	}
	if _, out = c.runWith(object{"code": "nope", "silent": true}); len(out) != 0 {
		t.Errorf("silent error: %s", seen(out))
	}
	reply, out = c.runWith(object{"code": "y := 2", "user_expressions": object{"sum": "x + y", "bad": "z", "none": "func() {}()"}})
	if len(out) != 1 || out[0].Type != "execute_input" || reply.str("execution_count") != "1" {
		t.Errorf("user expressions: %v, %s", reply.Content, seen(out))
	}
	if got := reply.str("user_expressions", "sum", "data", "text/plain"); got != "3" {
		t.Errorf("sum is %q", got)
	}
	if got := reply.str("user_expressions", "bad", "status") + reply.str("user_expressions", "none", "status"); got != "errorok" {
		t.Errorf("bad and none: %q", got)
	}
	if g := c.ask("execute_request", object{"code": 7}); g.str("status") != "error" || g.str("ename") != "BadRequest" {
		t.Errorf("code is a number: %v", g.Content)
	}
	h := c.ask("history_request", object{"hist_access_type": "tail", "n": 10, "raw": true, "output": false})
	if got := fmt.Sprint(h.Content["history"]); got != "[[1 1 y := 2]]" {
		t.Errorf("history: %s", got)
	}
}

func TestStopOnError(t *testing.T) {
	c := start(t)
	for _, stop := range []bool{true, false} {
		first := c.send(c.shell, "execute_request", object{"code": "time.Sleep(300*time.Millisecond); panic(1)", "stop_on_error": stop})
		second := c.send(c.shell, "execute_request", object{"code": "2"})
		info := c.send(c.shell, "kernel_info_request", object{})
		if g, _ := c.reply(c.shellIn, first); g.str("status") != "error" {
			t.Errorf("first: %v", g.Content)
		}
		want := map[bool]string{true: "aborted", false: "ok"}[stop]
		if g, out := c.reply(c.shellIn, second); g.str("status") != want || stop && len(out) != 0 {
			t.Errorf("stop_on_error %v: %v, %s", stop, g.Content, seen(out))
		}
		if g, _ := c.reply(c.shellIn, info); g.str("status") != "ok" {
			t.Errorf("kernel_info: %v", g.Content)
		}
	}
}

func TestInterrupts(t *testing.T) {
	c := start(t)
	c.run("n := 1") // the loop may be ended before it begins
	for range 3 {
		id := c.send(c.shell, "execute_request", object{"code": "for { n++ }", "stop_on_error": false})
		waiting := c.send(c.shell, "execute_request", object{"code": "n = -1"})
		for g := c.next(c.iopubs); g.Parent != id || g.Type != "execute_input"; g = c.next(c.iopubs) {
		}
		a, b := c.send(c.control, "interrupt_request", object{}), c.send(c.control, "interrupt_request", object{})
		for _, i := range []string{a, b} {
			g := c.next(c.controlIn)
			if g.Parent != i || g.Type != "interrupt_reply" || g.str("status") != "ok" {
				t.Errorf("%s: %v", g.Type, g.Content)
			}
		}
		for g := c.next(c.shellIn); g.Parent != waiting; g = c.next(c.shellIn) {
			if g.Parent == id && g.str("ename") != "KeyboardInterrupt" {
				t.Errorf("%v", g.Content)
			}
		}
		if reply, out := c.run("n > 0"); seen(out) != "execute_result:true\n" {
			t.Errorf("after interrupts: %v, %s", reply.Content, seen(out))
		}
	}
	// One that comes when nothing runs does nothing; a signal does the same as
	// a message.
	c.reply(c.controlIn, c.send(c.control, "interrupt_request", object{}))
	c.sees("1", "execute_result:1\n")
	id := c.send(c.shell, "execute_request", object{"code": "select {}"})
	for g := c.next(c.iopubs); g.Parent != id || g.Type != "execute_input"; g = c.next(c.iopubs) {
	}
	c.h.interrupts <- struct{}{}
	for g := c.next(c.shellIn); g.Parent != id; g = c.next(c.shellIn) {
	}
	c.sees("2", "execute_result:2\n")
}

func TestInput(t *testing.T) {
	c := start(t)
	type step struct{ code, answer, want string }
	for _, s := range []step{
		{"var name string\nfmt.Print(\"name? \")\nfmt.Scanln(&name)\nfmt.Println(\"hello\", name)", "Ada", "stdout:name? hello Ada\n|\n"},
		{"r := bufio.NewReader(os.Stdin)\nline, _ := r.ReadString('\\n')\nline", "two words", "execute_result:two words\n"},
		{"line, _ = r.ReadString('\\n')\nline", "again ä", "execute_result:again ä\n"},
		{"sc := bufio.NewScanner(os.Stdin)\nsc.Scan()", "\x04", "execute_result:false\n"},
	} {
		id := c.send(c.shell, "execute_request", object{"code": s.code, "allow_stdin": true})
		if g := c.next(c.stdinIn); g.Type != "input_request" || g.Parent != id {
			t.Fatalf("%s: %v", g.Type, g.Content)
		}
		c.send(c.stdin, "input_reply", object{"value": s.answer})
		_, out := c.reply(c.shellIn, id)
		if got := seen(out); got != s.want {
			t.Errorf("%s\ngot\n%s\nwant\n%s", s.code, got, s.want)
		}
	}
	reply, out := c.runWith(object{"code": "var a, b int\n_, err := fmt.Scanln(&a)\n_, err2 := fmt.Scanln(&b)\nfmt.Println(err, err2)", "allow_stdin": false})
	if got := seen(out); reply.str("status") != "ok" || !strings.HasSuffix(got, "stdout:EOF EOF\n|\n") || strings.Count(got, "takes no input") != 1 {
		t.Errorf("without input: %v, %s", reply.Content, got)
	}
	// A question that is interrupted is over, and takes nothing from a later one.
	id := c.send(c.shell, "execute_request", object{"code": "var s string\nfmt.Scanln(&s)"})
	c.next(c.stdinIn)
	c.reply(c.controlIn, c.send(c.control, "interrupt_request", object{}))
	for g := c.next(c.shellIn); g.Parent != id; g = c.next(c.shellIn) {
	}
	c.send(c.stdin, "input_reply", object{"value": "too late"})
	id = c.send(c.shell, "execute_request", object{"code": "var u string\nfmt.Scanln(&u)\nu"})
	c.next(c.stdinIn)
	c.send(c.stdin, "input_reply", object{"value": "in_time"})
	if _, out := c.reply(c.shellIn, id); seen(out) != "execute_result:\"in_time\"\n" {
		t.Error(seen(out))
	}
}

func TestProgressUpdatesInPlace(t *testing.T) {
	c := start(t)
	_, out := c.run("for i := range 41 { nb.Progress(\"read\", int64(i), 40, \"tokens\"); time.Sleep(20*time.Millisecond) }\n1")
	var ids, kinds []string
	for _, g := range out[1:] {
		kinds = append(kinds, g.Type)
		if id := g.str("transient", "display_id"); id != "" {
			ids = append(ids, id)
		}
	}
	n := len(kinds) - 1
	if n < 2 || kinds[0] != "display_data" || kinds[1] != "update_display_data" || kinds[n] != "execute_result" || ids[0] == "" || strings.Join(ids, " ") != strings.TrimSpace(strings.Repeat(ids[0]+" ", n)) {
		t.Fatalf("%v, %v", kinds, ids)
	}
	if last := out[n]; last.str("data", "text/plain") != "read 40 of 40 tokens, 100 %" || !strings.Contains(last.str("data", "text/html"), `<progress value="40" max="40">`) {
		t.Errorf("the last is %v", last.Content)
	}
}

func TestQuestions(t *testing.T) {
	c := start(t)
	g := c.ask("complete_request", object{"code": "s := \"ä😀\"; strings.TrimS", "cursor_pos": 24})
	if fmt.Sprint(g.Content["matches"]) != "[TrimSpace TrimSuffix]" || g.str("cursor_start") != "19" || g.str("cursor_end") != "24" {
		t.Errorf("complete_reply: %v", g.Content)
	}
	g = c.ask("inspect_request", object{"code": "strings.Cut(\"a\", \"b\")", "cursor_pos": 15, "detail_level": 0})
	if g.str("found") != "true" || !strings.Contains(g.str("data", "text/plain"), "Cut slices s around the first instance") || !strings.HasPrefix(g.str("data", "text/markdown"), "```go\nfunc strings.Cut(") {
		t.Errorf("inspect_reply within the arguments: %v", g.Content)
	}
	if g = c.ask("inspect_request", object{"code": "nope", "cursor_pos": 2}); g.str("found") != "false" || g.str("status") != "ok" {
		t.Errorf("inspect_reply: %v", g.Content)
	}
	if g = c.ask("comm_info_request", object{}); fmt.Sprint(g.Content) != "map[comms:map[] status:ok]" {
		t.Errorf("comm_info_reply: %v", g.Content)
	}
	if g = c.ask("connect_request", object{}); g.str("shell_port") != fmt.Sprint(c.h.connection.ShellPort) {
		t.Errorf("connect_reply: %v", g.Content)
	}
	if g = c.ask("is_complete_request", object{"code": "if true {"}); g.str("status") != "incomplete" || g.str("indent") != "\t" {
		t.Errorf("is_complete_reply: %v", g.Content)
	}
	if g = c.ask("history_request", object{"hist_access_type": "all"}); g.str("status") != "error" || !strings.Contains(g.str("evalue"), `"all"`) {
		t.Errorf("history_reply: %v", g.Content)
	}
	if g = c.ask("teleport_request", object{}); g.Type != "teleport_reply" || g.str("status") != "error" {
		t.Errorf("an unknown request: %v", g.Content)
	}
	c.until(c.send(c.shell, "whatever", object{})) // busy, idle, nothing else
	out := c.until(c.send(c.shell, "comm_open", object{"comm_id": "c1", "target_name": "none", "data": object{}}))
	if len(out) != 1 || out[0].Type != "comm_close" || out[0].str("comm_id") != "c1" {
		t.Errorf("comm_open: %s", seen(out))
	}
	d, _ := c.reply(c.controlIn, c.send(c.control, "debug_request", object{"type": "request", "seq": 4, "command": "initialize", "arguments": object{}}))
	if d.Type != "debug_reply" || d.str("success") != "false" || d.str("request_seq") != "4" || d.str("command") != "initialize" {
		t.Errorf("debug_reply: %v", d.Content)
	}
	if e, _ := c.reply(c.controlIn, c.send(c.control, "execute_request", object{"code": "1"})); e.str("status") != "error" {
		t.Errorf("a cell on the control socket: %v", e.Content)
	}
	c.sees("?strings.Cut", "")
	if reply, _ := c.run("strings.Cut?"); !strings.Contains(fmt.Sprint(reply.Content["payload"]), "Cut slices s") {
		t.Errorf("pager: %v", reply.Content)
	}
}

func TestSetup(t *testing.T) {
	c := connect(t, serve(t, tcp(t), define("m", 7)))
	c.sees("m", "execute_result:7\n")
	c.sees("m = 8", "")
	c.sees("%reset", "")
	c.sees("m", "execute_result:7\n")
	d := connect(t, serve(t, tcp(t), func(o *Options) {
		o.Setup = func(*kernel.Kernel) error { return errors.New("m is not there: no such file") }
	}))
	d.sees("1", "stderr:m is not there: no such file\n|\nexecute_result:1\n")
	d.sees("2", "execute_result:2\n")
}

func TestRestart(t *testing.T) {
	for name, connection := range map[string]Connection{"tcp": tcp(t), "ipc": ipc(t)} {
		t.Run(name, func(t *testing.T) {
			stdin := os.Stdin
			path := filepath.Join(t.TempDir(), "history.jsonl")
			options := func(o *Options) { o.HistoryPath = path }
			for i := range 3 {
				h := serve(t, connection, options)
				c := connect(t, h)
				c.sees(fmt.Sprintf("%d", 100+i), fmt.Sprintf("execute_result:%d\n", 100+i))
				id := c.send(c.shell, "execute_request", object{"code": `for { fmt.Println("x"); time.Sleep(time.Millisecond) }`})
				for g := c.next(c.iopubs); g.Parent != id || g.Type != "stream"; g = c.next(c.iopubs) {
				}
				down, out := c.reply(c.controlIn, c.send(c.control, "shutdown_request", object{"restart": true}))
				if down.Type != "shutdown_reply" || down.str("restart") != "true" || down.str("status") != "ok" {
					t.Errorf("shutdown_reply: %v", down.Content)
				}
				if len(out) != 1 || out[0].Type != "shutdown_reply" {
					t.Errorf("on iopub: %s", seen(out))
				}
				h.wait()
				if os.Stdin != stdin {
					t.Error("os.Stdin is not what it was")
				}
			}
			c := connect(t, serve(t, connection, options))
			g := c.ask("history_request", object{"hist_access_type": "search", "pattern": "10?", "output": true})
			if got := fmt.Sprint(g.Content["history"]); got != "[[1 1 [100 100]] [2 1 [101 101]] [3 1 [102 102]]]" {
				t.Errorf("history: %s", got)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the history file: %v, %v", info.Mode(), err)
			}
		})
	}
}

// The last words of a cell arrive although the kernel is told to go at once and
// the subscriber is slow.
func TestNothingIsLostAtTheEnd(t *testing.T) {
	h := serve(t, tcp(t), nil)
	c := connect(t, h)
	id := c.send(c.shell, "execute_request", object{"code": `fmt.Print(strings.Repeat("0123456789\n", 300000)); fmt.Println("last words")`})
	for g := c.next(c.shellIn); g.Parent != id; g = c.next(c.shellIn) {
	}
	c.send(c.control, "shutdown_request", object{"restart": false})
	out := seen(c.until(id))
	if want := len("stdout:") + 11*300000 + len("last words\n|\n"); len(out) != want || !strings.HasSuffix(out, "last words\n|\n") {
		t.Errorf("%d bytes of %d, the end is %q", len(out), want, out[max(0, len(out)-40):])
	}
	h.wait()
}

func TestTwoFrontEnds(t *testing.T) {
	h := serve(t, tcp(t), nil)
	a := connect(t, h)
	t.Run("other", func(t *testing.T) { connect(t, h).sees("x := 5", "") })
	a.sees("x", "execute_result:5\n")
}
