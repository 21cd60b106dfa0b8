// Package export runs a notebook file and makes a document of what it did:
// Markdown, a page of HTML that needs nothing else, or a Jupyter notebook. It
// reads Jupyter notebooks back into Go files, and compares a run with what an
// earlier one printed.
//
// [Run] runs the file in a kernel of its own and sorts its events by the cell
// that caused them; the renderers ([Document.Markdown], [Document.HTML],
// [Document.Jupyter]) only look at the result. [FromJupyter] needs no run.
// [Document.Golden] is the run as text with everything masked that differs
// from run to run.
//
// The package writes no files and nothing to a terminal.
package export
