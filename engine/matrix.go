package engine

import (
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"loupe/engine/picture"
)

// Matrix is keys or values as they lie in a cache: a row for each cell.
type Matrix struct {
	Name       string // "K"
	Layer      int
	Head       int         // of the K/V heads
	Rows, Cols int         // cells, elements of a head
	Values     []float32   // [Rows, Cols], as attention reads them: dequantised
	Labels     []string    // [Rows] the cells' tokens
	Positions  []int       // [Rows]
	Types      []CacheType // [Rows] that each row is stored in
}

// Row is the row of a cell; nil if there is no such cell.
func (m *Matrix) Row(i int) []float32 {
	if i < 0 || i >= m.Rows {
		return nil
	}
	return m.Values[i*m.Cols : (i+1)*m.Cols : (i+1)*m.Cols]
}

// Between is the rows whose positions are from from to to-1.
func (m *Matrix) Between(from, to int) *Matrix {
	return m.where(func(i int) bool { return m.Positions[i] >= from && m.Positions[i] < to })
}

// Tokens is the rows of the tokens in whose text some text occurs: Tokens(" rabbit").
func (m *Matrix) Tokens(text string) *Matrix {
	return m.where(func(i int) bool { return strings.Contains(m.Labels[i], text) })
}

func (m *Matrix) where(keep func(row int) bool) *Matrix {
	w := &Matrix{Name: m.Name, Layer: m.Layer, Head: m.Head, Cols: m.Cols}
	for i := range m.Rows {
		if keep(i) {
			w.Rows++
			w.Values = append(w.Values, m.Row(i)...)
			w.Labels, w.Positions, w.Types = append(w.Labels, m.Labels[i]), append(w.Positions, m.Positions[i]), append(w.Types, m.Types[i])
		}
	}
	return w
}

// Heat is the matrix as a picture, its colours parted at 0.
func (m *Matrix) Heat() picture.Heat {
	return picture.Heat{
		Title: m.title(), RowLabels: m.Labels, RowName: "cell", ColName: "element",
		Values: m.Values, Rows: m.Rows, Cols: m.Cols, Diverging: true,
	}
}

func (m *Matrix) title() string {
	s := fmt.Sprintf("%s of layer %d, head %d: %s x %d", m.Name, m.Layer, m.Head, cellsOf(m.Rows), m.Cols)
	for i, t := range m.Types {
		if t != m.Types[0] {
			return fmt.Sprintf("%s, %s, from cell %d on %s", s, m.Types[0], i, t)
		}
	}
	if len(m.Types) > 0 {
		s += ", " + string(m.Types[0])
	}
	return s
}

// String is the matrix as a picture of characters.
func (m *Matrix) String() string { return m.Heat().String() }

// Display is the picture as text, SVG and HTML.
func (m *Matrix) Display() map[string]string { return m.Heat().Display() }

// Terminal is the picture for a terminal of so many columns and colours.
func (m *Matrix) Terminal(width, colors int) string { return m.Heat().Terminal(width, colors) }

// WriteNPY writes the values as a NumPy file, float32 [Rows, Cols] (format version
// 1.0, numpy.lib.format), whole or not at all.
func (m *Matrix) WriteNPY(path string) error {
	if len(m.Values) != m.Rows*m.Cols {
		return fmt.Errorf("engine: WriteNPY: a matrix of %d x %d with %d values; take matrices from a session", m.Rows, m.Cols, len(m.Values))
	}
	return writeFile(path, func(w io.Writer) error {
		head := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", m.Rows, m.Cols)
		for (10+len(head)+1)%64 != 0 {
			head += " "
		}
		head += "\n"
		if _, err := w.Write(append(append([]byte("\x93NUMPY\x01\x00"), byte(len(head)), byte(len(head)>>8)), head...)); err != nil {
			return err
		}
		return binary.Write(w, binary.LittleEndian, m.Values)
	})
}

// WriteCSV writes a line for each cell, its position, type, token and elements, under a
// line of names; whole or not at all.
func (m *Matrix) WriteCSV(path string) error {
	if n := min(len(m.Positions), len(m.Types), len(m.Labels)); n < m.Rows {
		return fmt.Errorf("engine: WriteCSV: a matrix of %d rows names %d of them; take matrices from a session", m.Rows, n)
	}
	return writeFile(path, func(w io.Writer) error {
		c := csv.NewWriter(w)
		line := []string{"position", "type", "token"}
		for i := range m.Cols {
			line = append(line, strconv.Itoa(i))
		}
		c.Write(line) // Error tells of all
		for r := range m.Rows {
			line = append(line[:0], strconv.Itoa(m.Positions[r]), string(m.Types[r]), m.Labels[r])
			for _, x := range m.Row(r) {
				line = append(line, strconv.FormatFloat(float64(x), 'g', -1, 32))
			}
			c.Write(line)
		}
		c.Flush()
		return c.Error()
	})
}

// writeFile makes a file whole or not at all.
func writeFile(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); path == "" {
		return errors.New("engine: the name of the file to write is empty")
	} else if err == nil && info.IsDir() {
		return fmt.Errorf("engine: %s is a folder; name a file in it", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.part")
	if err != nil {
		var of *os.PathError
		if errors.As(err, &of) {
			err = of.Err // it names the temporary file
		}
		return fmt.Errorf("engine: %s: %w", path, err)
	}
	defer os.Remove(f.Name()) // once renamed there is none
	err = write(f)
	if e := f.Chmod(0o644); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("engine: %s: %w", path, err)
	}
	return nil
}

// hadamard turns x back that was turned by a Hadamard matrix of len(x) elements, a
// power of two, in place. It is its own inverse.
func hadamard(x []float32) {
	for half := 1; half < len(x); half *= 2 {
		for at := 0; at < len(x); at += 2 * half {
			for i := at; i < at+half; i++ {
				x[i], x[i+half] = x[i]+x[i+half], x[i]-x[i+half]
			}
		}
	}
	scale := float32(1 / math.Sqrt(float64(len(x))))
	for i := range x {
		x[i] *= scale
	}
}
