// Package corpus writes the texts that the lesson model learns from, and fresh
// ones of the same kind to measure it by.
//
// All of it is made up here, from the word lists of words.go: nothing comes from
// elsewhere. A Source is a stream of items drawn from a seed; training draws from
// the seeds below TestSeeds, so a source from TestSeeds up gives items that no
// training saw.
//
//	Story     a short story with a hero who finds something somewhere; Summary is
//	          the one line of who found what where, by rule
//	Needles   story sentences with facts among them ("The code of the red box is
//	          4711."), and questions on facts that are there and that are not
//	Merge     several summaries and the line that joins them, by rule
//	Repeat    a block of random words, several times over
//
// Prompts and answers are chat turns; the raw forms (Story.Text, Needles.Text)
// are what a base model would go on with.
package corpus
