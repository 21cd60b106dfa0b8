// Package picture holds values that show themselves as pictures: a [Heat] is a
// matrix of colours, a [Grid] many of them on one scale, [Lines] are curves over
// common axes, [Bars] values with names (also those of a [Histogram]), a [Spark]
// a curve in one line of text, [Arrows] the links between two columns of tokens,
// and [HeadView] a page's view of many heads, in which they are picked.
//
// Each has String, which is plain text without colour, and Display, which is every
// form by MIME type for notebooks; all but Arrows have Terminal, text of a given
// width and number of colours; all but HeadView, which has WriteHTML, have WriteSVG,
// and all but these two WritePNG (text in Go Mono; what that has no sign for is
// written as its number). Nothing here writes to a terminal or knows a model: values
// and labels come in, text and images go out.
//
// The sequential map is viridis (van der Walt and Smith, published under CC0),
// from ten of its colours; the diverging map runs from blue over near white to
// orange. Both can be read with the common forms of colour blindness. What is
// too large for a form is averaged over blocks, and the picture says so; NaN
// and infinite values have colours of their own and are counted.
package picture
