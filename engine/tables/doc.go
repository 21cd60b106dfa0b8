// Package tables is tables in the style of all of Loupe's, as text, Markdown and HTML,
// that can be made to fit a terminal. It knows nothing of what stands in them.
package tables
