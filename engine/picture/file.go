package picture

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// writeFile makes the file beside its place and moves it there whole.
func writeFile(path, data string) (err error) {
	if info, err := os.Stat(path); path == "" {
		return errors.New("picture: the name of the file to write is empty")
	} else if err == nil && info.IsDir() {
		return fmt.Errorf("picture: %s is a folder; name a file in it", path)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		var of *os.PathError
		if errors.As(err, &of) {
			err = of.Err // it names the temporary file
		}
		return fmt.Errorf("picture: write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name())
			err = fmt.Errorf("picture: write %s: %w", path, err)
		}
	}()
	_, err = tmp.WriteString(data)
	if e := tmp.Chmod(0o644); err == nil {
		err = e
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// writeChecked writes what a value that passed its check is.
func writeChecked(path string, err error, make func() string) error {
	if err != nil {
		return err
	}
	return writeFile(path, make())
}

func writePNG(path string, make func() ([]byte, error)) error {
	data, err := make()
	if err != nil {
		return err
	}
	return writeFile(path, string(data))
}
