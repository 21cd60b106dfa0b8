// Package lesson is the model inside the program: a small model of the llama
// architecture that was trained for this project and knows only its own small
// world. train/ holds everything that made it, train/MODEL.md what it can do.
package lesson

import (
	_ "embed"

	"loupe/engine/gguf"
)

// Name is what the model is loaded by, and About what it is.
const (
	Name  = "lesson"
	Path  = "(inside the program)" // of a gguf.File from Open
	About = "a 1.9 M parameter teaching model; it knows only its own small world"
)

//go:embed lesson.gguf
var file []byte

// Size is the length of the file, in bytes.
func Size() int64 { return int64(len(file)) }

// Bytes is the file itself, as it would lie on a disk. Do not write to it.
func Bytes() []byte { return file }

// Open parses the file. It needs no disk and no Close.
func Open() (*gguf.File, error) {
	f, err := gguf.Parse(file)
	if err != nil {
		return nil, err
	}
	f.Path = Path
	return f, nil
}
