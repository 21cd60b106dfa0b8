package lesson_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"loupe/engine/store/lesson"
	"loupe/engine/store/lesson/train/corpus"
	"loupe/engine/token"
)

// trainedRows calls f for rows that the training saw: the first 2,000 of each
// stage, or all with -long.
func trainedRows(t *testing.T, f func(ids []uint16)) {
	t.Helper()
	file, err := lesson.Open()
	if err != nil {
		t.Fatal(err)
	}
	stages, _, err := file.Text("lesson.stages")
	if err != nil {
		t.Fatal(err)
	}
	p, err := corpus.NewPacker()
	if err != nil {
		t.Fatal(err)
	}
	first, rows := uint64(0), 0
	for _, stage := range strings.Split(stages, ",") {
		parts := strings.Split(stage, ":")
		var n [3]uint64 // length, batch, steps
		for i := range n {
			if n[i], err = strconv.ParseUint(parts[i], 10, 32); err != nil {
				t.Fatalf("lesson.stages %q: %v", stages, err)
			}
		}
		for i := range n[1] * n[2] {
			if !*long && i == 2000 {
				break
			}
			ids, _ := p.Row(first+i, int(n[0])+1, corpus.Mixes[parts[3]])
			f(ids)
			rows++
		}
		first += n[1] * n[2]
	}
	t.Logf("%d rows of the training looked at", rows)
}

// countCopies counts the runs of n tokens of texts that a training row has too.
func countCopies(t *testing.T, texts [][]int, n int) int {
	t.Helper()
	runs := map[string]bool{}
	key := func(ids []uint16) string { return fmt.Sprint(ids) }
	starts := map[[4]uint16]bool{} // of the runs: most places in a row are none of them
	for _, x := range texts {
		ids := make([]uint16, len(x))
		for i, id := range x {
			ids[i] = uint16(id)
		}
		for i := 0; i+n <= len(ids); i++ {
			runs[key(ids[i:i+n])] = true
			starts[[4]uint16(ids[i:])] = true
		}
	}
	copies := 0
	trainedRows(t, func(ids []uint16) {
		for i := 0; i+n <= len(ids); i++ {
			if starts[[4]uint16(ids[i:])] && runs[key(ids[i:i+n])] {
				copies++
			}
		}
	})
	return copies
}

// The tokenizer in the file is the one that the corpus makes, and each word of
// the lists is one token inside a sentence.
func TestTokenizer(t *testing.T) {
	file, err := lesson.Open()
	if err != nil {
		t.Fatal(err)
	}
	tok, err := token.FromGGUF(file)
	if err != nil {
		t.Fatal(err)
	}
	made, err := token.New(corpus.NewVocab())
	if err != nil {
		t.Fatal(err)
	}
	if tok.Len() != made.Len() {
		t.Fatalf("%d tokens in the file, %d of the corpus", tok.Len(), made.Len())
	}
	for id := range tok.Len() {
		if string(tok.Piece(id)) != string(made.Piece(id)) {
			t.Errorf("token %d is %q in the file, %q of the corpus", id, tok.Piece(id), made.Piece(id))
		}
	}
	for _, w := range corpus.Lexicon() {
		if ids := tok.Encode(" "+w, token.EncodeOptions{}); len(ids) != 1 {
			t.Errorf("%q is %d tokens", w, len(ids))
		}
	}
	if ids := tok.Encode(" 4711.", token.EncodeOptions{}); len(ids) != 6 {
		t.Errorf("a code is %d tokens, not a space, four digits and a full stop", len(ids))
	}
}

// A source gives the same items again, and rows do not depend on their order.
func TestCorpusIsReproducible(t *testing.T) {
	a, b := corpus.New(5), corpus.New(5)
	for range 50 {
		if x, y := a.Story().Text, b.Story().Text; x != y {
			t.Fatalf("%q, then %q", x, y)
		}
	}
	p, err := corpus.NewPacker()
	if err != nil {
		t.Fatal(err)
	}
	ids, weights := p.Row(7, 129, corpus.Mixes["second"])
	p.Row(8, 129, corpus.Mixes["first"])
	again, _ := p.Row(7, 129, corpus.Mixes["second"])
	if len(ids) != 129 || len(weights) != 129 || fmt.Sprint(ids) != fmt.Sprint(again) {
		t.Errorf("row 7 differs the second time, or has %d ids and %d weights", len(ids), len(weights))
	}
}
