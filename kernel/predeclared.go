package kernel

import "go/types"

// predeclared says what Go's own names are, which no package documents.
var predeclared = map[string]struct{ signature, doc string }{
	"append":     {"func append(s []T, x ...T) []T", "append gives s with x behind it: in the array of s if there is room, else in a new one. Keep what it gives: s = append(s, x). append(s, t...) takes the elements of t."},
	"cap":        {"func cap(v) int", "cap is how many elements fit: the length of an array, what a slice can grow to without a new array, the buffer of a channel."},
	"clear":      {"func clear(v)", "clear empties a map, or sets all elements of a slice to zero."},
	"close":      {"func close(c chan<- T)", "close says that no more values come: receivers get what is buffered, then zero values. Sending on a closed channel panics."},
	"complex":    {"func complex(re, im float) complex", "complex makes a complex number of its two parts."},
	"copy":       {"func copy(dst, src []T) int", "copy copies as many elements as both slices have, and says how many. They may overlap; src may be a string if dst holds bytes."},
	"delete":     {"func delete(m map[K]V, key K)", "delete takes the key out of the map; one that is not there is no error."},
	"imag":       {"func imag(c complex) float", "imag is the imaginary part."},
	"len":        {"func len(v) int", "len is how many there are: bytes of a string, elements of a slice or an array, keys of a map, values waiting in a channel."},
	"make":       {"func make(T, size ...int) T", "make makes a slice (length, capacity), a map (room for so many) or a channel (buffer)."},
	"max":        {"func max(x T, y ...T) T", "max is the greatest of its arguments: numbers or strings."},
	"min":        {"func min(x T, y ...T) T", "min is the least of its arguments: numbers or strings."},
	"new":        {"func new(T or value) *T", "new gives a pointer to a new zero value of a type, or to a new variable that holds the value."},
	"panic":      {"func panic(v any)", "panic stops the function, runs what it deferred, and goes on so with its callers. In a cell it ends the cell, unless a deferred call recovers."},
	"print":      {"func print(args ...)", "print writes its arguments to the standard error; fmt.Print is for output."},
	"println":    {"func println(args ...)", "println writes its arguments to the standard error, with blanks between and a new line; fmt.Println is for output."},
	"real":       {"func real(c complex) float", "real is the real part."},
	"recover":    {"func recover() any", "recover, in a deferred function, stops a panic and gives its value; nil if there is none."},
	"bool":       {"type bool", "bool is true or false."},
	"byte":       {"type byte = uint8", "byte is another name of uint8."},
	"rune":       {"type rune = int32", "rune is another name of int32: a Unicode code point."},
	"string":     {"type string", "string is a sequence of bytes, mostly of UTF-8, that does not change. range goes by code points, an index by bytes."},
	"int":        {"type int", "int is a signed integer of the machine's size: 64 bits here."},
	"int8":       {"type int8", "int8 holds -128 to 127."},
	"int16":      {"type int16", "int16 holds -32768 to 32767."},
	"int32":      {"type int32", "int32 holds -2147483648 to 2147483647."},
	"int64":      {"type int64", "int64 holds -1<<63 to 1<<63-1."},
	"uint":       {"type uint", "uint is an unsigned integer of the machine's size: 64 bits here."},
	"uint8":      {"type uint8", "uint8 holds 0 to 255."},
	"uint16":     {"type uint16", "uint16 holds 0 to 65535."},
	"uint32":     {"type uint32", "uint32 holds 0 to 1<<32-1."},
	"uint64":     {"type uint64", "uint64 holds 0 to 1<<64-1."},
	"uintptr":    {"type uintptr", "uintptr is an integer that holds the bits of any pointer."},
	"float32":    {"type float32", "float32 is an IEEE 754 number of 32 bits."},
	"float64":    {"type float64", "float64 is an IEEE 754 number of 64 bits."},
	"complex64":  {"type complex64", "complex64 has two float32 parts."},
	"complex128": {"type complex128", "complex128 has two float64 parts."},
	"error":      {"type error interface{ Error() string }", "error is what says that something failed; nil says that nothing did."},
	"any":        {"type any = interface{}", "any holds every value."},
	"comparable": {"type comparable interface{ comparable }", "comparable is the constraint of type arguments that == compares."},
	"true":       {"const true bool", ""},
	"false":      {"const false bool", ""},
	"nil":        {"var nil", "nil is the zero value of pointers, functions, interfaces, slices, maps and channels."},
	"iota":       {"const iota int", "iota is the number of the line in a const declaration, from 0."},
}

// predeclaredDoc describes an object of the universe.
func predeclaredDoc(name string, o types.Object) (Doc, bool) {
	p, ok := predeclared[o.Name()]
	if !ok || o != types.Universe.Lookup(o.Name()) {
		return Doc{}, false
	}
	return Doc{Name: name, Signature: p.signature, Doc: p.doc, object: o}, true
}
