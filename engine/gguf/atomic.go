package gguf

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// WriteFile writes the file under another name in the same folder, has the
// system store it, and renames it to path: path is never seen half written, and
// a process that has the old file mapped keeps it. On an error path is as it was.
func (w *Writer) WriteFile(path string) error {
	tmp, err := createBeside(path)
	if err == nil {
		if err = w.store(tmp, path); err != nil {
			os.Remove(tmp.Name())
		}
	}
	if err != nil {
		return fmt.Errorf("gguf: writing %s: %w", path, bare(err))
	}
	return nil
}

// store fills tmp, closes it and gives it its name.
func (w *Writer) store(tmp *os.File, path string) error {
	_, err := w.WriteTo(tmp)
	if err == nil {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	return err
}

// createBeside makes a new file next to path. os.CreateTemp would do, but for
// its permissions: a model is to be as readable as any file the user makes.
func createBeside(path string) (*os.File, error) {
	dir, base := filepath.Split(path)
	for try := 0; ; try++ {
		name := filepath.Join(dir, fmt.Sprintf(".%s.%08x.tmp", base, rand.Uint32()))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil || !os.IsExist(err) || try == 9 {
			return f, err
		}
	}
}
