// Package observe names the points of a forward pass where one may look.
//
// An Observer is asked first (Wants), for each pass, layer and point, so that
// nobody pays for what nobody looks at. Then Observe gets the live buffer: it
// is valid during the call only (copy it to keep it), and writing to it changes
// what flows on (but for AttnPattern, which is a copy). Keys and values
// computed after such a change are marked in the cache: they are not what
// reading their tokens makes.
//
// The names follow TransformerLens and llama.cpp's graph callbacks; each
// constant states its shape.
package observe
