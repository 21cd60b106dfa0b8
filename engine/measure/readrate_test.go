package measure

import "testing"

func TestReadBufferSize(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct{ cache, free, want int64 }{
		{0, 0, 256 * mib},
		{32 * mib, 16384 * mib, 256 * mib},
		{260 * mib, 16384 * mib, 520 * mib},
		{4096 * mib, 65536 * mib, 2048 * mib}, // the most
		{260 * mib, 1024 * mib, 256 * mib},    // a quarter of what is free
	} {
		if got := readBufferSize(c.cache, c.free); got != c.want {
			t.Errorf("cache %d, free %d: %d, want %d", c.cache/mib, c.free/mib, got/mib, c.want/mib)
		}
	}
}

func TestSumWords(t *testing.T) {
	var words []uint64
	for n := range 70 { // every rest of 16
		want := uint64(n) * uint64(n-1) / 2
		if n == 0 {
			want = 0
		}
		if got := sumWords(words); got != want {
			t.Errorf("%d words: %d, want %d", n, got, want)
		}
		words = append(words, uint64(n))
	}
}
