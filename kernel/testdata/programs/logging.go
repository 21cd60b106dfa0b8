package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"strings"
)

type Temp float64

func (t Temp) String() string { return fmt.Sprintf("%.1f°", float64(t)) }

type service struct {
	*log.Logger
	name string
}

func two() (string, int) { return "two", 2 }

func helper(l *log.Logger, text string) {
	l.Printf("from %s",
		text)
}

func main() {
	// %% flags and prefixes
	var buf bytes.Buffer
	l := log.New(&buf, "app: ", log.Lshortfile)
	l.Print("a", 1, 2, "b", Temp(3))
	l.Println("line", Temp(4))
	l.Printf("%d %v", 5, Temp(6))
	helper(l, "helper")
	l.SetFlags(log.Lshortfile | log.Lmsgprefix)
	l.Print("after the place")
	l.SetPrefix("other: ")
	l.Print(two())
	fmt.Println(l.Flags() == log.Lshortfile|log.Lmsgprefix, l.Prefix())
	l.SetFlags(0)
	l.Print("no place")
	fmt.Print(buf.String())
	buf.Reset()

	// %% the long name ends in the short one
	l.SetFlags(log.Llongfile)
	l.Print("long")
	line := buf.String()
	fmt.Println(strings.HasPrefix(line, "other: /"), strings.HasSuffix(line, ".go:50: long\n"))
	buf.Reset()

	// %% as values, deferred, spread, embedded
	l.SetFlags(log.Lshortfile)
	p, f := l.Print, l.Printf
	p("value")
	f("%s %s", "value", Temp(1))
	args := []any{"x", Temp(2)}
	l.Println(args...)
	l.Printf("%v %v", args...)
	s := service{l, "web"}
	s.Println(s.name)
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		l.Panicf("panic %d", 1)
	}()
	func() {
		defer func() { fmt.Printf("recovered: %q\n", recover()) }()
		l.Panicln("panic", 2)
	}()
	fmt.Println(l.Output(1, "output"))
	fmt.Print(buf.String())

	// %% the default logger
	log.SetOutput(os.Stdout)
	log.SetFlags(log.Lshortfile)
	log.Print("default ", Temp(7))
	log.Printf("%v", Temp(8))
	log.Println(log.Flags() == log.Lshortfile)
	log.Default().Println("itself")
	q := log.Println
	log.SetFlags(0)
	q("plain")
}
