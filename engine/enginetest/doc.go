// Package enginetest gives tests models to run: small random ones in every
// weight type, written by our own writer, and the real ones that `loupe pull`
// fetches. Only tests import it.
package enginetest
