package main

import (
	"slices"
	"testing"
)

// -pg and -oe are flags of bench alone: elsewhere -pg is -p with the value g.
func TestSpellOutOfBench(t *testing.T) {
	for _, c := range []struct{ in, want []string }{
		{[]string{"bench", "-pg", "512,128", "-oe", "csv"}, []string{"bench", "--pg=512,128", "--output-err=csv"}},
		{[]string{"bench", "-pg=1,2", "-ctk", "f16,q8_0", "-fa", "0,1"}, []string{"bench", "--pg=1,2", "--cache-type-k=f16,q8_0", "--flash-attn=0,1"}},
		{[]string{"generate", "-pg"}, []string{"generate", "-pg"}},
	} {
		if got := spellOut(c.in); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}
