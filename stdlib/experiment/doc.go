// Package experiment measures what settings do: it runs the same work under
// each of them, in turns, and puts speed, memory, quality and texts side by
// side.
//
//	c, err := experiment.Compare("smollm2", "Why is the sky blue?", experiment.Grid{
//		FlashAttention: []engine.Switch{engine.Off, engine.On},
//		KCacheType:     []engine.CacheType{engine.F16, engine.Q8_0, engine.Q4_0},
//		VCacheType:     []engine.CacheType{engine.F16, engine.Q8_0},
//	})
//	c, err := experiment.Rabbit("smollm2")                     // an essay, three switches on and off
//	v, err := experiment.LongVsChain("lesson", experiment.Needle()) // one long prompt against a chain
//
// What they return shows itself in a notebook, and has its parts as values:
// Comparison.Rows, Comparison.Table, Comparison.Speed, Comparison.Chart,
// Comparison.Texts. Ctrl-C ends an experiment; what was measured by then is
// shown and returned.
//
// It measures one sequence at a time on this machine, by the clock: other work
// on the machine is in the times. It does not judge: a difference is printed
// with its spread, and what it means is the reader's.
package experiment
