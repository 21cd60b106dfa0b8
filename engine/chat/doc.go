// Package chat turns messages into the prompt that a model was trained on, by
// the Jinja template that its file carries (tokenizer.chat_template).
//
// A template renders as it does in transformers: Jinja2's sandbox with
// trim_blocks and lstrip_blocks, loop controls, and the globals messages,
// bos_token, eos_token, add_generation_prompt, tools and documents (none),
// raise_exception and strftime_now. The evaluator is
// github.com/ardanlabs/jinja; in front of it this package reads the template
// by Jinja2's own lexical rules and hands it on without text, white space
// control, comments and methods, where the two differ (rewrite.go).
//
// A template is code from a file that somebody else made. It can read nothing
// but the messages; its size, the depth of its macros, its loop turns and its
// output are limited, and a panic of the evaluator is an error.
//
// Refused with a reason, though Jinja2 has them: recursive loops, ** and
// assignments to several names, include and import, defaults of macros that
// hold a comma. Silently different: "a" + 1 joins where Python fails, texts that
// are numbers compare as numbers, // and % round towards zero, a division by 0
// is 0, "in" between unfit types is false, tuples print as lists, true is not a
// number. No known chat template depends on these.
//
// Not here: tools, images, and the reading of a model's answer.
package chat
