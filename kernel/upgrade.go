package kernel

import (
	"io"
	"reflect"
)

// Natives ask a reader or writer for more than the interface that they are
// given: io.Copy for WriteTo and ReadFrom, io.WriteString for WriteString. A
// box that has such a method is wrapped so that they find it.

type writerToBox struct {
	io.Reader
	box box
	f   func(io.Writer) (int64, error)
}

func (w writerToBox) WriteTo(to io.Writer) (int64, error) { return w.f(to) }

type readerFromBox struct {
	io.Writer
	box box
	f   func(io.Reader) (int64, error)
}

func (w readerFromBox) ReadFrom(from io.Reader) (int64, error) { return w.f(from) }

type stringWriterBox struct {
	io.Writer
	box box
	f   func(string) (int, error)
}

func (w stringWriterBox) WriteString(s string) (int, error) { return w.f(s) }

// upgraded is the adapter with the method that natives ask for.
func upgraded(b box, adapter reflect.Value) reflect.Value {
	switch a := adapter.Interface().(type) {
	case io.ReadWriter: // more than one would be needed
	case io.Reader:
		if m, ok := b.method("WriteTo"); ok {
			if f, ok := m.Interface().(func(io.Writer) (int64, error)); ok {
				return reflect.ValueOf(writerToBox{a, b, f})
			}
		}
	case io.Writer:
		if m, ok := b.method("ReadFrom"); ok {
			if f, ok := m.Interface().(func(io.Reader) (int64, error)); ok {
				return reflect.ValueOf(readerFromBox{a, b, f})
			}
		}
		if m, ok := b.method("WriteString"); ok {
			if f, ok := m.Interface().(func(string) (int, error)); ok {
				return reflect.ValueOf(stringWriterBox{a, b, f})
			}
		}
	}
	return adapter
}
