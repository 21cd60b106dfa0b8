// Package grammar holds what a model writes to a form: a grammar in GBNF, or a
// JSON schema turned into one.
//
//	g, err := grammar.Parse(text)           // GBNF, or of a schema: grammar.FromJSONSchema
//	b, err := g.Bind(vocab)                 // for the tokens of one model; keep it, it learns
//	m := b.NewMatcher()                     // of one text
//	m.Limit(40)                             // tokens that are left
//	ok := m.Allows(id)                      // may this token come next?
//	mask := m.Mask()                        // all that may: bit id of the words
//	err = m.Accept(id)
//
// GBNF is that of llama.cpp (grammars/README.md there): rules NAME ::= of literals
// "a", classes [a-z] [^a-z] and . for any character, rule names, groups (...),
// alternatives |, repetition * + ? {m} {m,} {m,n}, and tokens <text> <[id]> !<text>.
// A text is matched whole, from the rule root.
//
// The grammar is run on bytes, by a pushdown automaton whose states (sets of stacks)
// are numbered as they are met, with a table of transitions: a byte known costs one
// look-up. So tokens that end inside a character are nothing special, and what bytes
// cannot be UTF-8 never matches. Masks are found by walking a trie of the whole
// vocabulary once a state, and kept. Repetitions count, they are not copied: {0,10000}
// is as small as *.
//
// What that costs (two threads, SmolLM2 135M with 49,152 tokens and Gemma 3 270M with
// 262,144): the trie once a model 0.03 and 0.2 s, a mask inside a string 1 and 5 ms,
// and over 240 tokens of a schema of objects, masks included, 0.1 to 0.3 and 0.6 to
// 1.5 ms a token more than free text, of 8 and 21 ms that a token takes.
//
// What cannot be used is refused when it is parsed: rules that are missing, defined
// twice or never end, and left recursion. A grammar so ambiguous that a text has
// thousands of readings at once ends with an error, not with a long wait.
//
// Limit closes a text in time: a token is allowed only if the text can still be
// brought to its end with the tokens that are left. So a generation that its limit
// ends is right in syntax, too.
package grammar
