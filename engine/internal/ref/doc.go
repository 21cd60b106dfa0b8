// Package ref spells out the operations of a decoder in float64, one loop each,
// to hold the fast ones to. Tests use it; nothing else does.
package ref
