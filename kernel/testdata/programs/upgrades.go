package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

type R struct{ r io.Reader }

func (r R) Read(p []byte) (int, error) { return r.r.Read(p) }
func (r R) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, "written")
	return int64(n), err
}

type W struct{ n *int }

func (w W) Write(p []byte) (int, error)       { *w.n += len(p); return len(p), nil }
func (w W) WriteString(s string) (int, error) { *w.n += 100; return len(s), nil }

type E struct{}

func (E) Error() string   { return "e" }
func (E) Is(t error) bool { return t == io.EOF }

type V struct{ ReadN int }

func main() {
	var b strings.Builder
	io.Copy(&b, R{strings.NewReader("abc")})
	fmt.Println(b.String())
	n := 0
	io.WriteString(W{&n}, "abc")
	fmt.Fprint(W{&n}, "abc")
	fmt.Println(n)
	fmt.Println(errors.Is(fmt.Errorf("x: %w", E{}), io.EOF))
	var r io.Reader = R{strings.NewReader("abc")}
	_, ok := r.(io.WriterTo)
	_, ok2 := r.(R)
	fmt.Println(ok, ok2)
	fmt.Fprintf(os.Stdout, "%v\n", r.(R).r != nil)
}
