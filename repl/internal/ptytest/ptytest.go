//go:build unix

package ptytest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/sys/unix"
)

// waitLimit is how long a step may take on a machine that is busy with other
// things. It is never reached when a test passes.
const waitLimit = 90 * time.Second

var keys = map[string]string{
	"up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
	"home": "\x1b[H", "end": "\x1b[F", "tmux-home": "\x1b[1~", "tmux-end": "\x1b[4~",
	"delete": "\x1b[3~", "backspace": "\x7f", "tab": "\t", "enter": "\r", "escape": "\x1b",
	"word-left": "\x1b[1;5D", "word-right": "\x1b[1;5C", "f5": "\x1b[15~",
}

func init() {
	for c := 'a'; c <= 'z'; c++ {
		keys["ctrl-"+string(c)] = string(c - 'a' + 1)
	}
}

// Run runs every script that matches pattern as a subtest. command makes the
// program, with its environment, to be run in the folder work.
func Run(t *testing.T, pattern string, command func(work string, args []string) *exec.Cmd) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s: %v", pattern, err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			arch, err := txtar.ParseFile(f)
			if err != nil {
				t.Fatal(err)
			}
			run(t, arch, command)
		})
	}
}

type session struct {
	t     *testing.T
	work  string
	files map[string]string
	tty   *os.File
	cmd   *exec.Cmd
	ended chan error // the program's end
	sizeX int
	sizeY int

	mu     sync.Mutex
	screen *Screen
	news   chan struct{} // something was written
}

func run(t *testing.T, arch *txtar.Archive, command func(string, []string) *exec.Cmd) {
	s := &session{t: t, work: t.TempDir(), files: map[string]string{}, sizeX: 80, sizeY: 24, news: make(chan struct{}, 1)}
	for _, f := range arch.Files {
		s.files[f.Name] = string(f.Data)
		if err := os.WriteFile(filepath.Join(s.work, f.Name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var args []string
	for i, line := range strings.Split(string(arch.Comment), "\n") {
		word, rest, _ := strings.Cut(line, " ")
		if word == "" || strings.HasPrefix(word, "#") {
			continue
		}
		if q, err := strconv.Unquote(rest); err == nil {
			rest = q
		}
		rest = strings.ReplaceAll(rest, "$WORK", s.work)
		if word == "args" {
			args = strings.Fields(rest)
			continue
		}
		if s.cmd == nil && word != "size" {
			s.start(command(s.work, args))
		}
		if err := s.step(word, rest); err != nil {
			t.Fatalf("line %d: %s: %v\n%s", i+1, line, err, s.picture())
		}
	}
	if s.cmd == nil {
		t.Fatal("the script has no steps")
	}
	if s.cmd.ProcessState == nil {
		t.Fatalf("the script leaves the program running: no exit step\n%s", s.picture())
	}
}

func (s *session) start(cmd *exec.Cmd) {
	s.cmd = cmd
	s.screen = NewScreen(s.sizeX, s.sizeY)
	// The terminal stays open in the test, so that its mode can be read after
	// the program's end.
	master, tty, err := pty.Open()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Rows: uint16(s.sizeY), Cols: uint16(s.sizeX)}); err != nil {
		s.t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.tty = master
	s.ended = make(chan error, 1)
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			if n > 0 {
				s.mu.Lock()
				s.screen.Write(buf[:n])
				s.mu.Unlock()
				s.tell()
			}
			if err != nil {
				return
			}
		}
	}()
	dead := make(chan struct{})
	go func() {
		err := cmd.Wait()
		close(dead)
		s.ended <- err
	}()
	s.t.Cleanup(func() {
		cmd.Process.Kill()
		<-dead
		tty.Close()
		<-read // ends with an error when nobody holds the other side
		master.Close()
	})
}

func (s *session) tell() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// wait returns when ok says so, which is asked after each output.
func (s *session) wait(ok func(*Screen) bool) error {
	deadline := time.After(waitLimit)
	for {
		s.mu.Lock()
		done := ok(s.screen)
		s.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-s.news:
		case <-deadline:
			return errors.New("it did not happen")
		}
	}
}

func (s *session) anyRow(match func(row string) bool) error {
	return s.wait(func(sc *Screen) bool { return slices.ContainsFunc(sc.Rows(), match) })
}

func (s *session) step(word, rest string) error {
	switch word {
	case "size", "resize":
		return s.size(word, rest)
	case "type", "enter":
		if word == "enter" {
			rest += "\r"
		}
		return s.send(rest)
	case "key":
		for _, name := range strings.Fields(rest) {
			seq, ok := keys[name]
			if !ok {
				return fmt.Errorf("no key %q", name)
			}
			if err := s.send(seq); err != nil {
				return err
			}
		}
		return nil
	case "paste":
		text, err := s.file(rest)
		if err != nil {
			return err
		}
		// Terminals send Enter for a newline.
		return s.send("\x1b[200~" + strings.ReplaceAll(text, "\n", "\r") + "\x1b[201~")
	case "prompt":
		return s.wait(func(sc *Screen) bool { return sc.CursorRow() == strings.TrimRight(rest, " ") })
	case "row":
		return s.anyRow(func(row string) bool { return row == rest })
	case "expect":
		return s.anyRow(func(row string) bool { return strings.Contains(row, rest) })
	case "gone":
		return s.wait(func(sc *Screen) bool {
			return !slices.ContainsFunc(sc.Rows(), func(row string) bool { return strings.Contains(row, rest) })
		})
	case "show":
		text, err := s.file(rest)
		if err != nil {
			return err
		}
		want := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		return s.wait(func(sc *Screen) bool {
			rows := sc.Rows()
			i := slices.Index(rows, want[0])
			return i >= 0 && len(rows) >= i+len(want) && slices.Equal(rows[i:i+len(want)], want)
		})
	case "rows":
		n, err := strconv.Atoi(rest)
		if err != nil {
			return err
		}
		return s.wait(func(sc *Screen) bool { return len(sc.Rows()) >= n })
	case "column":
		n, err := strconv.Atoi(rest)
		if err != nil {
			return err
		}
		return s.wait(func(sc *Screen) bool { return sc.Column() == n })
	case "signal":
		return s.cmd.Process.Signal(unix.SignalNum("SIG" + rest))
	case "exit":
		return s.exit(rest)
	case "cooked":
		return s.cooked()
	case "pause": // between signals, which the system counts as one when they come together
		d, err := time.ParseDuration(rest)
		time.Sleep(d)
		return err
	case "fifo": // that nobody writes to
		return unix.Mkfifo(filepath.Join(s.work, rest), 0o600)
	case "file":
		return s.compare(rest)
	}
	return fmt.Errorf("no step %q", word)
}

func (s *session) size(word, rest string) error {
	if _, err := fmt.Sscan(rest, &s.sizeX, &s.sizeY); err != nil {
		return err
	}
	if word == "size" {
		return nil
	}
	s.mu.Lock()
	s.screen.Resize(s.sizeX, s.sizeY)
	s.mu.Unlock()
	// The kernel of the system sends SIGWINCH.
	return pty.Setsize(s.tty, &pty.Winsize{Rows: uint16(s.sizeY), Cols: uint16(s.sizeX)})
}

func (s *session) send(text string) error {
	_, err := s.tty.WriteString(text)
	return err
}

func (s *session) file(name string) (string, error) {
	text, ok := s.files[name]
	if !ok {
		return "", fmt.Errorf("the archive has no file %q", name)
	}
	return text, nil
}

func (s *session) exit(rest string) error {
	select {
	case <-s.ended:
	case <-time.After(waitLimit):
		return errors.New("it did not end")
	}
	if got := s.cmd.ProcessState.ExitCode(); strconv.Itoa(got) != rest {
		return fmt.Errorf("status %d (%v)", got, s.cmd.ProcessState)
	}
	return nil
}

func (s *session) cooked() error {
	t, err := unix.IoctlGetTermios(int(s.tty.Fd()), getTermios)
	if err != nil {
		return err
	}
	const flags = unix.ICANON | unix.ECHO | unix.ISIG
	if t.Lflag&flags != flags {
		return fmt.Errorf("the terminal's local modes are %#x", t.Lflag)
	}
	return nil
}

func (s *session) compare(rest string) error {
	path, name, _ := strings.Cut(rest, " ")
	want, err := s.file(name)
	if err != nil {
		return err
	}
	got, err := os.ReadFile(filepath.Join(s.work, path))
	if err != nil {
		return err
	}
	if string(got) != want {
		return fmt.Errorf("%s is\n%s", path, got)
	}
	return nil
}

func (s *session) picture() string {
	if s.screen == nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, r := range s.screen.Rows() {
		b.WriteString("  | " + r + "\n")
	}
	fmt.Fprintf(&b, "  cursor in column %d of %q", s.screen.x, s.screen.CursorRow())
	return b.String()
}
