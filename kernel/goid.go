package kernel

import (
	"bytes"
	"runtime"
	"strconv"

	petermattis "github.com/petermattis/goid"
)

// goid is the number of the running goroutine, from its descriptor in the runtime, in
// 1.5 ns; where that is not laid out as the library has it, from the text of its stack,
// which takes 2 µs and milliseconds in a deep recursion.
var goid = func() func() int64 {
	same := make(chan bool)
	for range 2 {
		go func() { same <- petermattis.Get() == goidText() }()
	}
	if a, b := <-same, <-same; a && b {
		return petermattis.Get
	}
	return goidText
}()

func goidText() int64 {
	var buf [64]byte
	b := buf[:runtime.Stack(buf[:], false)]
	b = bytes.TrimPrefix(b, []byte("goroutine "))
	if i := bytes.IndexByte(b, ' '); i > 0 {
		b = b[:i]
	}
	n, _ := strconv.ParseInt(string(b), 10, 64)
	return n
}
