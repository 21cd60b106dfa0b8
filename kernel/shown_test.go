package kernel

import "testing"

// A value alone is shown, whatever the form of the expression.
func TestValuesAlone(t *testing.T) {
	k, r := newKernel(t, Options{AutoImport: true})
	got := play(t, k, r, "x := []int{1, 2}", "len(x)", `len("abc")`, "append(x, 3)", "make([]int, 3)", "int64(3)", `[]byte("hi")`,
		"min(2, 1)", "complex(1, 2)", "(*int)(nil)", "func f() {}", "f()", "5; 6", "len(x) + nope")
	want := "= 2\n= 3\n= [1 2 3]\n= [0 0 0]\n= 3\n= [104 105]\n= 1\n= (1+2i)\n= nil\n" +
		"! In[13]:1:1: 5 (untyped int constant) is not used\n! In[14]:1:10: undefined: nope\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
