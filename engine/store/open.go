package store

import (
	"strings"

	"loupe/engine/gguf"
	"loupe/engine/store/lesson"
)

// Default is the model that is always there: see package lesson.
const Default = lesson.Name

// Open opens the model of a name: Default, or what Find finds for it.
func Open(name string) (*gguf.File, error) {
	if IsDefault(name) {
		return lesson.Open()
	}
	path, err := Find(name)
	if err != nil {
		return nil, err
	}
	return gguf.Open(path)
}

// IsDefault reports whether name means the model inside the program. A file of
// that name is ./lesson.
func IsDefault(name string) bool { return strings.EqualFold(name, Default) }

// builtIn is Default as a row of List.
func builtIn() Model {
	return Model{Name: Default, Path: lesson.Path, Size: lesson.Size(), Licence: "mit", About: lesson.About}
}
