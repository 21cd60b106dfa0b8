package offheap

import "testing"

func TestMapIsZeroedAndWritable(t *testing.T) {
	for _, n := range []int{1, 4096, 3<<20 + 5} {
		b, err := Map(n)
		if err != nil || len(b) != n {
			t.Fatalf("%d bytes, %v; want %d", len(b), err, n)
		}
		for i := range b {
			if b[i] != 0 {
				t.Fatalf("byte %d of %d is %d", i, n, b[i])
			}
			b[i] = byte(i)
		}
		Unmap(b)
	}
}
