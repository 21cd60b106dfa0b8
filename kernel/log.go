package kernel

import (
	"go/token"
	"io"
	"log"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"weak"
)

// Package log finds the file and line that Lshortfile and Llongfile ask for on the
// stack, where only the interpreter is. So these two flags are kept here, and the
// place of the cell is written in front of the message.

// fileFlags are the flags that say so.
const fileFlags = log.Lshortfile | log.Llongfile

var loggerFiles sync.Map // weak.Pointer[log.Logger] -> its fileFlags, if it has any

func filesOf(l *log.Logger) int {
	f, _ := loggerFiles.Load(weak.Make(l))
	n, _ := f.(int)
	return n
}

// setLoggerFlags is (*log.Logger).SetFlags.
func setLoggerFlags(l *log.Logger, flags int) {
	if flags&fileFlags != 0 {
		loggerFiles.Store(weak.Make(l), flags&fileFlags)
	} else {
		loggerFiles.Delete(weak.Make(l))
	}
	l.SetFlags(flags &^ fileFlags)
}

func loggerFlags(l *log.Logger) int { return l.Flags() | filesOf(l) }

// logTable replaces the functions of package log: they know boxes, and what the
// script's place is.
func (m *machine) logTable(set func(string, any)) {
	for _, name := range []string{"Print", "Println", "Panic", "Panicln", "Fatal", "Fatalln"} {
		set(name, func(args ...any) { m.logTo(log.Default(), name, m.at(), args...) })
	}
	for _, name := range []string{"Printf", "Panicf", "Fatalf"} {
		set(name, func(f string, args ...any) { m.logTo(log.Default(), name, m.at(), append([]any{f}, args...)...) })
	}
	set("SetFlags", func(flags int) { setLoggerFlags(log.Default(), flags) })
	set("Flags", func() int { return loggerFlags(log.Default()) })
	set("New", func(w io.Writer, prefix string, flags int) *log.Logger {
		l := log.New(w, prefix, 0)
		setLoggerFlags(l, flags)
		return l
	})
}

// logTo is a method of a logger that is called at a place of a cell.
func (m *machine) logTo(l *log.Logger, method string, pos int, args ...any) {
	if pos == 0 { // before a method of an argument moves it
		pos = m.at()
	}
	var text string
	switch {
	case strings.HasSuffix(method, "f"):
		text = m.reg.sprintf(args[0].(string), args[1:])
	case strings.HasSuffix(method, "ln"):
		text = m.reg.sprintln(args)
	default:
		text = m.reg.sprint(args)
	}
	m.logOutput(l, pos, text)
	switch {
	case strings.HasPrefix(method, "Fatal"):
		m.exit(1)
	case strings.HasPrefix(method, "Panic"):
		panic(text)
	}
}

// logOutput writes one line of a logger.
func (m *machine) logOutput(l *log.Logger, pos int, text string) {
	files := filesOf(l)
	if files == 0 {
		l.Print(text)
		return
	}
	place := "???:0: "
	m.k.mu.Lock()
	p := m.k.sess.Fset.Position(token.Pos(pos))
	m.k.mu.Unlock()
	if p.Filename != "" {
		name := p.Filename
		if files&log.Lshortfile != 0 {
			name = filepath.Base(name)
		} else if abs, err := filepath.Abs(name); err == nil && filepath.Ext(name) == ".go" {
			name = abs
		}
		place = name + ":" + strconv.Itoa(p.Line) + ": "
	}
	if l.Flags()&log.Lmsgprefix != 0 { // the prefix comes after the place
		log.New(l.Writer(), "", l.Flags()&^log.Lmsgprefix).Print(place + l.Prefix() + text)
		return
	}
	l.Print(place + text)
}

// loggerOutput is (*log.Logger).Output, for the caller's own place.
func (m *machine) loggerOutput(l *log.Logger, pos, depth int, text string) error {
	if filesOf(l) == 0 {
		return l.Output(depth, text)
	}
	if depth != 1 {
		panic("loupe cannot run this: (*log.Logger).Output of a caller's place; write the place into the text")
	}
	if pos == 0 {
		pos = m.at()
	}
	m.logOutput(l, pos, text)
	return nil
}
