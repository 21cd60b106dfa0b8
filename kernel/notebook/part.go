package notebook

import (
	"fmt"
	"strconv"
	"strings"
)

// Part is a stretch of a notebook's code cells, by their numbers.
type Part struct{ First, Last int }

// Part finds the code cells from one to another, each named by number or
// title; "" is the first and the last one.
func (f *File) Part(from, to string) (p Part, err error) {
	p.First = 1
	for _, c := range f.Cells {
		p.Last = max(p.Last, c.Index)
	}
	if from != "" {
		if p.First, err = f.find(from); err != nil {
			return p, err
		}
	}
	if to != "" {
		if p.Last, err = f.find(to); err != nil {
			return p, err
		}
	}
	if p.First > p.Last && from != "" {
		return p, fmt.Errorf("notebook: %s: the last cell, %d, comes before the first, %d", f.Path, p.Last, p.First)
	}
	return p, nil
}

// find is the number of a code cell.
func (f *File) find(name string) (int, error) {
	var found, all []string
	number := 0
	for _, c := range f.Cells {
		if c.Kind != Code {
			continue
		}
		n := strconv.Itoa(c.Index)
		if n == name {
			return c.Index, nil
		}
		if c.Title == name {
			found, number = append(found, n), c.Index
		}
		all = append(all, strings.TrimSpace(n+" "+c.Title))
	}
	switch len(found) {
	case 1:
		return number, nil
	case 0:
		return 0, fmt.Errorf("notebook: %s has no code cell %q; its cells are %s", f.Path, name, strings.Join(all, ", "))
	}
	return 0, fmt.Errorf("notebook: %s: %d code cells are named %q; take a number: %s", f.Path, len(found), name, strings.Join(found, ", "))
}

// Parameters is the title of the cell whose variables may get other values.
const Parameters = "parameters"

// IsParameters says whether a title is that of the cell of parameters.
func IsParameters(title string) bool {
	return strings.EqualFold(strings.TrimSpace(title), Parameters)
}
