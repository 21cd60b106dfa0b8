package ops

import "loupe/engine/internal/flash"

// Bytes is the memory of the buffers.
func (x *Input) Bytes() int64 {
	return int64(4*cap(x.X)) + x.q8.Bytes() + x.rest.Bytes()
}

// InputBytes is what Bytes of an Input of rows rows of n elements becomes once it was
// multiplied in the fast way by quantised weights, of which some are Fine.
func InputBytes(rows, n int, fine bool) int64 {
	codes := int64(rows) * int64(n+n/32*12+n/16*2)
	if fine {
		codes *= 2
	}
	return int64(rows)*int64(n)*4 + codes
}

// ScoresFor is what ScoreBytes becomes with attention of batches of so many queries
// to so many cells.
func ScoresFor(heads, kvHeads, queries, cells, threads int, flashAttention bool) int64 {
	if flashAttention {
		cells = flash.BlockCells
	}
	cells = (cells + flash.BlockCells - 1) / flash.BlockCells * flash.BlockCells
	rows := min(queries, queriesAChunk) * heads / kvHeads
	// A thread works on a chunk of one K/V head's queries.
	chunks := kvHeads * ((queries + queriesAChunk - 1) / queriesAChunk)
	return int64(min(threads, chunks)) * 4 * int64(rows) * int64(cells)
}
