package nb_test

import "loupe/stdlib/nb"

// heat is a value with forms of its own.
type heat float64

func (h heat) Display() map[string]string {
	return map[string]string{"text/plain": "warm", "text/html": "<b>warm</b>"}
}

func ExampleShow() {
	nb.Show(heat(0.7), 42)
	// Output:
	// warm
	// 42
}
