package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"loupe/engine"
)

// Which token sits in which cell, in which type, at what cost.
func ExampleSession_Cache() {
	m := must(engine.Load("lesson", engine.LoadConfig{VCacheType: engine.Q8_0}))
	defer m.Close()
	s := m.NewSession()
	must(s.Eval(m.Tokenize("Mia the fox found a red kite.")))
	var table engine.CacheTable = s.Cache()
	var cell engine.CacheCell = table.Cells[6]
	fmt.Printf("%d %q: %d bytes of K in %s, %d of V in %s\n", cell.Pos, cell.Text, cell.KBytes, cell.KType, cell.VBytes, cell.VType)
	fmt.Println(len(table.Cells), "of", table.ContextLength, "cells")
	var layers engine.CacheLayers = table.ByLayer
	var first engine.CacheLayer = layers[0]
	fmt.Println(len(layers), "layers; the first takes", first.KBytes+first.VBytes, "bytes")
	// Output:
	// 6 " red": 960 bytes of K in f16, 510 of V in q8_0
	// 9 of 512 cells
	// 5 layers; the first takes 2646 bytes
}

// The types that K and V can be stored in, the most exact first.
func ExampleCacheTypes() {
	for _, t := range engine.CacheTypes() {
		e := must(engine.Estimate("lesson", engine.LoadConfig{KCacheType: t, VCacheType: t, ContextLength: 512}))
		switch t {
		case engine.F32, engine.F16, engine.BF16:
			fmt.Println(t, engine.Size(e.K+e.V))
		case engine.Q8_0, engine.Q5_1, engine.Q5_0, engine.Q4_1, engine.Q4_0, engine.IQ4NL:
			fmt.Println(t, engine.Size(e.K+e.V), "in blocks of 32")
		}
	}
	// Output:
	// f32 1.88 MiB
	// f16 960 KiB
	// bf16 960 KiB
	// q8_0 510 KiB in blocks of 32
	// q5_1 360 KiB in blocks of 32
	// q5_0 330 KiB in blocks of 32
	// q4_1 300 KiB in blocks of 32
	// q4_0 270 KiB in blocks of 32
	// iq4_nl 270 KiB in blocks of 32
}

// Keys as they lie in the cache: a row for each cell, a column for each element.
func ExampleSession_K() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := m.NewSession()
	must(s.Eval(m.Tokenize("Mia the fox and the owl")))
	var k *engine.Matrix = must(s.K(0, 2)) // layer 0, K/V head 2
	fmt.Println(k.Rows, "cells of", k.Cols, "elements,", len(k.Row(3)), "in a row")
	fmt.Println(k.Between(2, 4).Labels, k.Tokens(" the").Positions)
	v, raw := must(s.V(0, 2)), must(s.RawK(0, 2)) // values, and keys before RoPE
	fmt.Println(v.Name, raw.Rows == k.Rows, len(k.Heat().Values) == len(k.Values))
	fmt.Println(len(k.Terminal(40, 0)) > 0) // a picture for a terminal, here without colours
	// Output:
	// 7 cells of 32 elements, 32 in a row
	// [ the  fox] [2 5]
	// V true true
	// true
}

// For other programs: a matrix as a NumPy file or as lines of text.
func ExampleMatrix_WriteNPY() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := m.NewSession()
	must(s.Eval(m.Tokenize("Mia the fox")))
	dir := must(os.MkdirTemp("", "matrix"))
	defer os.RemoveAll(dir)
	k := must(s.K(0, 0))
	done(k.WriteNPY(filepath.Join(dir, "k.npy")))
	done(k.WriteCSV(filepath.Join(dir, "k.csv")))
	fmt.Printf("%q\n", must(os.ReadFile(filepath.Join(dir, "k.npy")))[:6])
	// Output: "\x93NUMPY"
}

// The bytes of one cell, and what they stand for.
func ExampleSession_Stored() {
	m := must(engine.Load("lesson", engine.LoadConfig{KCacheType: engine.Q8_0}))
	defer m.Close()
	s := m.NewSession()
	must(s.Eval(m.Tokenize("Mia the fox")))
	var cell *engine.Stored = must(s.Stored(0, 3)) // layer 0, cell 3
	var head engine.StoredHead = cell.K[1]
	var block engine.StoredBlock = head.Blocks[0]
	fmt.Printf("%q: %s, %d bytes, %d block of %d\n", cell.Text, head.Type, len(head.Bytes), len(head.Blocks), len(block.Quants))
	fmt.Println("a value is scale times quant:", block.Scale*float32(block.Quants[5])+block.Offset == head.Values[5])
	// Output:
	// " fox": q8_0, 34 bytes, 1 block of 32
	// a value is scale times quant: true
}

// What storing K and V in fewer bits loses: where, and in predictions.
func ExampleSession_CacheError() {
	m := must(engine.Load("lesson", engine.LoadConfig{KCacheType: engine.Q4_0, VCacheType: engine.Q8_0}))
	defer m.Close()
	s := m.NewSession()
	must(s.Eval(m.Tokenize("Once there was a rabbit who lived by the river. The rabbit was happy that day.")))
	var x *engine.CacheError = must(s.CacheErrorContext(context.Background())) // or without one: s.CacheError()
	var k, v engine.PartError = x.K, x.V
	fmt.Println("K loses more than V:", k.Relative > 5*v.Relative)
	var head engine.HeadError = k.Heads[0]
	fmt.Println("layer", head.Layer, "head", head.Head, "has", len(head.ChannelRMS), "channels")
	var both engine.CacheEffect = x.Effects[0]
	fmt.Println(both.K, both.V, "changes predictions:", both.MeanKL > 0)
	fmt.Println(x.Verdict() != "", k.Channels().Rows, "heads as a picture of", k.Sizes().Cols, "channels")
	// Output:
	// K loses more than V: true
	// layer 0 head 0 has 32 channels
	// q4_0 q8_0 changes predictions: true
	// true 15 heads as a picture of 32 channels
}

// A session on disk goes on where it was, bit for bit.
func ExampleModel_Restore() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	dir := must(os.MkdirTemp("", "session"))
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "rabbit")
	s := m.NewSession()
	must(s.Generate("Once there was a rabbit", engine.GenerateConfig{MaxTokens: 4}))
	done(s.Save(path))
	back := must(m.Restore(path))
	a := must(s.Continue(engine.GenerateConfig{MaxTokens: 12}))
	b := must(back.Continue(engine.GenerateConfig{MaxTokens: 12}))
	fmt.Println(back.Len() == s.Len(), a.Text == b.Text)
	// Output: true true
}

// Rewind goes back to a place in the text; what stands before it is kept.
func ExampleSession_Rewind() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	s := m.NewSession()
	must(s.Eval(m.Tokenize("Mia the fox found a red kite.")))
	s.Rewind(4)
	fmt.Println(m.Detokenize(s.Tokens()[1:]))
	// Output: Mia the fox
}
