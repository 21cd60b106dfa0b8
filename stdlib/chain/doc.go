// Package chain does a long job as several short ones: it splits documents by
// the model's own tokenizer, asks step by step, plans the cost before anything
// runs, shares what prompts have in common in the cache, and accounts for every
// token afterwards.
//
//	c := &chain.Chain{Model: m, Do: chain.MapReduce(
//		chain.Step{Name: "notes", Prompt: "{text}\nSummarise the story.", Config: engine.GenerateConfig{MaxTokens: 40}},
//		chain.Step{Name: "join", Prompt: "{text}\nPut the lines together.", Config: engine.GenerateConfig{MaxTokens: 120}})}
//	plan, err := c.Plan(doc) // calls, tokens, seconds, bytes, and what will not fit; nothing is asked
//	run, err := c.Run(doc)   // run.Answer(), run.Account(), run.Display(), run.WriteJSON(w)
//
// A Chain's work is a Go function on a Run. The shapes (Map, Reduce, Collapse,
// Tree, Refine, Ask, Rank, Loop) are methods of Run, and so is Do, a single
// step; what goes where is ordinary Go code:
//
//	func(r *chain.Run) error {
//		pieces, err := r.Split(ask, r.Docs...)  // as large as fits ask's prompt
//		notes, err := r.Map(ask, pieces)
//		long, err := r.Reduce(essay, notes)     // two reducers over one map;
//		short, err := r.Reduce(line, notes)     // or none: the code may end anywhere
//		_, err = r.Do(compare.With("long", long.Text, "short", short.Text), long, short)
//		return err
//	}
//
// Planning calls the same function twice, with answers of one token and of the
// most tokens allowed, and no model; so a plan has a low and a high figure
// wherever answers matter. Code that reads answers can ask r.Planning. A plan
// does not know re-asking (Check), and counts a Loop as one round and as most.
//
// Prompts are chat messages by the model's template, or raw text (Step.Raw).
// The cache keeps recent prompts as forks; a step starts from the one with the
// longest common beginning. So put what repeats first: the instruction when the
// text changes, the document when the question does.
//
// Answers are held to a form by a Go type (Step.Structured), a JSON schema or a
// grammar, which the model then cannot leave, and to anything else by Check and
// asking again.
//
// Steps that do not depend on each other (those of Map, Ask and Rank, of one level of
// a Tree, the answers of Best) decode together, which costs little more than one of
// them: Chain.Together says how many, and rounding may differ from one alone
// (engine.Batch). Their prompts are read one after another, each from what the cache
// has of it.
//
// A chain runs on any Runner: on Chain.Model in this process, or by package
// stdlib/chain/openai on a server. What a plan then cannot know, it says.
package chain
