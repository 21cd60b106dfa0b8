// Package observe names the points of a forward pass where one may look.
//
// An Observer is asked first (Wants), for each pass, layer and point, so that
// nobody pays for what nobody looks at. Then Observe gets the live buffer: it
// is valid during the call only (copy it to keep it), and writing to it changes
// what flows on. Keys and values computed after such a change are marked in the
// cache: they are not what reading their tokens makes.
//
// AttnScores and AttnPattern are there with flash attention on as well, which forms
// neither: the plain way makes them beside it. Where nothing is written to them, what
// flows on is what flows unwatched. Of the queries and heads whose rows are written to,
// what flows on comes from what was written: weights are taken as they are, scores go
// through softmax, in which -Inf is a key that is not seen; where all are -Inf, the
// token gets nothing from its head. What the query does not see (tokens after it, or
// before a layer's window) stays so: what is written there is ignored.
//
// The names follow TransformerLens and llama.cpp's graph callbacks; each
// constant states its shape.
package observe
