package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

type pair struct{ a, b int }

func (p pair) String() string { return fmt.Sprint("<", p.a, " ", p.b, ">") }

// capture gives what f prints.
func capture(f func()) string {
	old := os.Stdout
	r, w, err := os.Pipe()
	if err != nil {
		return err.Error()
	}
	os.Stdout = w
	done := make(chan string)
	go func() {
		var b bytes.Buffer
		io.Copy(&b, r)
		done <- b.String()
	}()
	f()
	os.Stdout = old
	w.Close()
	return <-done
}

func main() {
	fmt.Println("before")
	fmt.Fprintln(os.Stdout, "to the file")
	text := capture(func() {
		fmt.Println("inside", pair{1, 2})
		fmt.Print("a", 1, 2, "b")
		fmt.Fprintf(os.Stdout, "%d\n", 3)
		os.Stdout.WriteString("string\n")
		io.WriteString(os.Stdout, "written\n")
	})
	fmt.Printf("captured %q\n", text)
	fmt.Printf("again %q\n", capture(func() { fmt.Print("x") }))
	old := os.Stdout
	os.Stdout = nil
	_, err := fmt.Println("nowhere")
	os.Stdout = old
	fmt.Println(err)
	os.Stdout, os.Stderr = os.Stderr, os.Stdout
	fmt.Fprintln(os.Stderr, "swapped")
	os.Stdout, os.Stderr = os.Stderr, os.Stdout
	fmt.Println("after")
}
