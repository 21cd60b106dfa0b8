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
// but the messages; the depth of its macros, its loop iterations and its
// output are limited, and a panic of the evaluator is an error.
//
// Not here: tools, images, and the reading of a model's answer.
package chat
