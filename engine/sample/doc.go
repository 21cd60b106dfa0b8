// Package sample chooses the next token from a row of logits, and finds the
// strings at which a generation stops.
//
// A Chain is built from a Config and runs small samplers in the order of
// llama.cpp's default chain (common/common.h): penalties, top_k, top_p, min_p,
// temperature, dist. Each but the last narrows or reshapes a list of Candidates;
// the last draws one. With Temperature 0 the chain is penalties, then greedy.
//
// The caller's logits are never changed, nothing is allocated per token once
// the first has been drawn, and one seed gives the same tokens for the same
// logits on every platform (up to the last bit of math.Exp).
//
// A Constraint, such as a grammar, says what may be chosen at all (Constrain).
//
// Not here: mirostat, DRY.
package sample
