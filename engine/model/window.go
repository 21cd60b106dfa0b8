package model

import "fmt"

// window reads the sliding window, if there is one, and which layers are local:
// ARCH.attention.sliding_window_pattern says so for each, or is n where the last of
// every n layers attends to all cells (0: none does). cells and pattern are for a file
// that has no such keys; 0 cells are no window.
func (c *Config) window(k *keys, arch string, cells, pattern int) {
	c.Window = cells
	if _, ok := k.f.Get(arch + "attention.sliding_window"); ok {
		c.Window = k.optional(arch + "attention.sliding_window")
	}
	if c.Window == 0 {
		return
	}
	key := arch + "attention.sliding_window_pattern"
	if v, ok := k.f.Get(key); ok {
		list, isList := v.Any().([]bool)
		if numbers, ok, err := k.f.Ints(key); !isList && ok && err == nil {
			isList = true
			for _, n := range numbers {
				list = append(list, n != 0)
			}
		}
		if isList {
			if len(list) < c.Layers {
				k.fail(fmt.Errorf("model: %s has %d entries for %d layers", key, len(list), c.Layers))
				return
			}
			c.Local = list[:c.Layers]
			return
		}
		pattern = k.optional(key)
	}
	c.Local = make([]bool, c.Layers)
	for l := range c.Local {
		c.Local[l] = pattern == 0 || l%pattern < pattern-1
	}
}
