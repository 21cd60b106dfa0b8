package chain

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// margin is kept free of tokens when a prompt will hold an answer that is not
// known yet: read again as text, it may come to a few tokens more.
const margin = 8

// Split cuts documents into pieces that fit the prompt of step, with room for
// its answer: the budget is the context less the tokens of the prompt around
// the piece and less the answer's MaxTokens, counted exactly for each piece. A
// prompt with {answer} in it keeps as much free again.
//
// Where the Runner does not know how its model reads, pieces have Splitter.Tokens
// tokens, as Chain.Tokenizer counts them, and whether they fit is not known.
func (r *Run) Split(step Step, docs ...Document) ([]Piece, error) {
	if err := step.needs("text"); err != nil {
		return nil, err
	}
	if r.about.Reader == nil {
		return r.splitBlind(docs)
	}
	reserve := r.reserve(step)
	if step.needs("answer") == nil {
		reserve += r.reserve(step) + margin
	}
	_, around, err := r.prompt(step, step.With("text", "", "answer", "").messages())
	if err != nil {
		return nil, err
	}
	budget := r.context - len(around) - reserve
	if r.context == 0 {
		if budget = r.chain.Split.Tokens; budget == 0 {
			return nil, fmt.Errorf("chain: how long the context of %s is, nobody knows; set Splitter.Tokens", r.about.Model)
		}
	} else if budget < 1 {
		return nil, fmt.Errorf("chain: step %s leaves no room for text: its prompt has %d tokens without it and %d are kept for answers, of a context of %d; "+
			"shorten the prompt, lower MaxTokens, or load the model with a larger ContextLength", step.title(), len(around), reserve, r.context)
	}
	sp := r.chain.Split
	if sp.Tokens < 0 {
		return nil, fmt.Errorf("chain: Splitter.Tokens is %d; it must be 1 or more, or 0 for what fits", sp.Tokens)
	}
	if sp.Tokens == 0 || sp.Tokens > budget {
		sp.Tokens = budget
	}
	var pieces []Piece
	for i, d := range docs {
		if err := d.check(i); err != nil {
			return nil, err
		}
		p, err := sp.split(r.about.Reader, d, i, sp.Tokens, func(p Piece) (int, error) {
			if err := r.ctx.Err(); err != nil {
				return 0, err
			}
			_, ids, err := r.prompt(step, step.With("text", p.body(), "answer", "").messages())
			over := p.Tokens - sp.Tokens
			if r.context > 0 {
				over = max(over, len(ids)+reserve-r.context)
			}
			return over, err
		})
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, p...)
	}
	return pieces, nil
}

// splitBlind is Split where only Chain.Tokenizer counts.
func (r *Run) splitBlind(docs []Document) ([]Piece, error) {
	sp, t := r.chain.Split, r.chain.Tokenizer
	if t == nil {
		return nil, fmt.Errorf("chain: %s does not say how it reads, so nobody can split for it; set Chain.Tokenizer to one that counts alike, such as a loaded model, and Splitter.Tokens", r.about.Model)
	}
	if sp.Tokens < 1 {
		return nil, fmt.Errorf("chain: Splitter.Tokens is %d; %s does not say what its prompts leave of its context, so it must be set, to 1 or more", sp.Tokens, r.about.Model)
	}
	var pieces []Piece
	for i, d := range docs {
		if err := d.check(i); err != nil {
			return nil, err
		}
		p, err := sp.split(t, d, i, sp.Tokens, func(p Piece) (int, error) { return p.Tokens - sp.Tokens, r.ctx.Err() })
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, p...)
	}
	return pieces, nil
}

// Map asks step of each piece; pieces of white space alone are left out. It goes
// on when one fails, and says so at the end by a *MapError; the results are
// complete, those that failed with Err.
func (r *Run) Map(step Step, pieces []Piece) ([]*Result, error) {
	all, err := r.ask(step, nil, pieces)
	return all, err
}

// Ask asks step each of the questions ({question}) of each piece, all questions
// of one piece in a row: with {text} before {question} in the prompt a piece is
// read once for all of them. answers[i] are those to question i, of all pieces,
// to be combined as one likes.
func (r *Run) Ask(step Step, questions []string, pieces []Piece) (answers [][]*Result, err error) {
	if err := step.needs("question"); err != nil {
		return nil, err
	}
	if len(questions) == 0 {
		return nil, errors.New("chain: Ask was given no questions")
	}
	all, err := r.ask(step, questions, pieces)
	answers = make([][]*Result, len(questions))
	for i, x := range all {
		answers[i%len(questions)] = append(answers[i%len(questions)], x)
	}
	return answers, err
}

// ask is Map, of questions if there are any.
func (r *Run) ask(step Step, questions []string, pieces []Piece) ([]*Result, error) {
	if err := step.needs("text"); err != nil {
		return nil, err
	}
	pieces = slices.DeleteFunc(slices.Clone(pieces), func(p Piece) bool { return p.body() == "" })
	if len(pieces) == 0 {
		return nil, fmt.Errorf("chain: step %s was given no pieces to ask about", step.title())
	}
	plain := len(questions) == 0
	if plain {
		questions = []string{""}
	}
	var steps []Step
	var all []*Result
	for i := range pieces {
		for _, q := range questions {
			fill := []string{"text", pieces[i].body()}
			if !plain {
				fill = append(fill, "question", q)
			}
			steps, all = append(steps, step.With(fill...)), append(all, &Result{Piece: &pieces[i], Question: q})
		}
	}
	r.all(steps, all)
	failed := &MapError{Of: len(all)}
	for _, x := range all {
		if x.Err != nil {
			if r.ctx.Err() != nil {
				return slices.DeleteFunc(all, func(x *Result) bool { return x.ID == 0 }), x.Err
			}
			failed.Failed = append(failed.Failed, x.Err.(*StepError))
		}
	}
	if len(failed.Failed) > 0 {
		return all, failed
	}
	return all, nil
}

// Rank asks step of each piece and orders the results by score, the best first.
// Line "Score: 7" of an answer is read by chain.ScoreLine; Run.Sure asks the
// model's own probabilities. Planning does not score.
func (r *Run) Rank(step Step, pieces []Piece, score func(x *Result) float64) ([]*Result, error) {
	all, err := r.Map(step, pieces)
	good := Good(all)
	if !r.Planning() {
		for _, x := range good {
			x.Score = score(x)
		}
	}
	sort.SliceStable(good, func(i, j int) bool { return good[i].Score > good[j].Score })
	return good, err
}

// Reduce combines results into one by step, {text} being their texts joined. If
// they do not fit into one prompt, it collapses them first by the same step.
func (r *Run) Reduce(step Step, results []*Result) (*Result, error) {
	return r.ReduceBy(step, step, results)
}

// ReduceBy is Reduce with a step of its own for collapsing.
func (r *Run) ReduceBy(step, collapse Step, results []*Result) (*Result, error) {
	if err := step.needs("text"); err != nil {
		return nil, err
	}
	left, err := r.Collapse(collapse, results, func(group []*Result) (bool, error) { return r.fits(step, group) })
	if err != nil {
		return nil, err
	}
	return r.combine(step, left)
}

// Collapse combines neighbours by step until enough says that it is enough, in
// as many levels as that takes: on each, as many as fit into one prompt become
// one; one that fits with no neighbour goes up as it is. A level on which none
// could be combined ends it with an error: the answers are too long to converge.
func (r *Run) Collapse(step Step, results []*Result, enough func([]*Result) (bool, error)) ([]*Result, error) {
	if err := usable(step, results); err != nil {
		return nil, err
	}
	for level := 1; ; level++ {
		if ok, err := enough(results); ok || err != nil {
			return results, err
		}
		next, err := r.level(step, results, len(results))
		if err != nil {
			return nil, err
		}
		if len(next) == len(results) {
			return nil, fmt.Errorf("chain: step %s does not converge: on level %d no two of %d texts fit into one prompt; "+
				"shorten them (a lower MaxTokens, a Check), or load the model with a larger ContextLength", step.title(), level, len(results))
		}
		results = next
	}
}

// Tree combines results by step, at most fan at a time, level by level until
// one is left.
func (r *Run) Tree(step Step, results []*Result, fan int) (*Result, error) {
	if fan < 2 {
		return nil, fmt.Errorf("chain: Tree's fan is %d; it must be 2 or more", fan)
	}
	if err := usable(step, results); err != nil {
		return nil, err
	}
	for len(results) > 1 {
		next, err := r.level(step, results, fan)
		if err != nil {
			return nil, err
		}
		if len(next) == len(results) {
			return nil, fmt.Errorf("chain: step %s does not converge: no two of %d texts fit into one prompt; "+
				"shorten them (a lower MaxTokens, a Check), or load the model with a larger ContextLength", step.title(), len(results))
		}
		results = next
	}
	return results[0], nil
}

// level combines runs of neighbours that fit into one prompt, fan at most.
func (r *Run) level(step Step, results []*Result, fan int) ([]*Result, error) {
	var groups [][]*Result
	work := 0
	for len(results) > 0 {
		n := 1
		for n < min(fan, len(results)) {
			if ok, err := r.fits(step, results[:n+1]); err != nil {
				return nil, err
			} else if !ok {
				break
			}
			n++
		}
		groups, results = append(groups, results[:n]), results[n:]
		if n > 1 {
			work++
		}
	}
	r.expect(work)
	next := make([]*Result, len(groups))
	var steps []Step
	var made []*Result
	for i, g := range groups {
		if next[i] = g[0]; len(g) > 1 {
			next[i] = &Result{Parents: r.numbers(g)}
			steps, made = append(steps, step.over(g)), append(made, next[i])
		}
	}
	if len(steps) > 0 {
		r.all(steps, made)
	}
	for _, x := range made {
		if x.Err != nil {
			return nil, x.Err
		}
	}
	return next, nil
}

// over is step with the texts of results.
func (s Step) over(results []*Result) Step {
	return s.With("text", strings.Join(Texts(results), s.joint()))
}

// combine asks step about results together.
func (r *Run) combine(step Step, results []*Result) (*Result, error) {
	return r.Do(step.over(results), results...)
}

// fits reports whether results fit into one prompt of step; they do where nobody knows.
func (r *Run) fits(step Step, results []*Result) (bool, error) {
	_, ids, err := r.prompt(step, step.over(results).messages())
	return ids == nil || r.context == 0 || len(ids)+r.reserve(step) <= r.context, err
}

// usable refuses what cannot be combined.
func usable(step Step, results []*Result) error {
	if err := step.needs("text"); err != nil {
		return err
	}
	if len(results) == 0 {
		return fmt.Errorf("chain: step %s was given no results to combine", step.title())
	}
	for _, x := range results {
		if x.Err != nil {
			return fmt.Errorf("chain: step %s was given a result that failed (chain.Good leaves those out): %w", step.title(), x.Err)
		}
	}
	return nil
}

// Refine asks first of the first piece and then next of each other, with
// {answer} being the answer so far. Each answer changes the prompt of the next
// step, so only what stands before {answer} is reused. Split by next.
func (r *Run) Refine(first, next Step, pieces []Piece) (*Result, error) {
	if err := errors.Join(first.needs("text"), next.needs("text", "answer")); err != nil {
		return nil, err
	}
	pieces = slices.DeleteFunc(slices.Clone(pieces), func(p Piece) bool { return p.body() == "" })
	if len(pieces) == 0 {
		return nil, fmt.Errorf("chain: step %s was given no pieces to ask about", first.title())
	}
	r.expect(len(pieces))
	var last *Result
	for i := range pieces {
		x := &Result{Piece: &pieces[i]}
		step := first.With("text", pieces[i].body())
		if last != nil {
			x.Parents = []int{last.ID}
			step = next.With("text", pieces[i].body(), "answer", last.Text)
		}
		if err := r.do(step, x); err != nil {
			return last, err
		}
		last = x
	}
	return last, nil
}

// Loop asks step again and again, {answer} being the answer before ("" at
// first), until done says so. After most rounds it gives the last result with a
// *LoopError.
func (r *Run) Loop(step Step, most int, done func(x *Result) bool) (*Result, error) {
	if most < 1 {
		return nil, fmt.Errorf("chain: Loop's limit is %d; it must be 1 or more", most)
	}
	var last *Result
	for range most {
		x := &Result{}
		answer := ""
		if last != nil {
			answer, x.Parents = last.Text, []int{last.ID}
		}
		if err := r.do(step.With("answer", answer), x); err != nil {
			return last, err
		}
		last = x
		if r.Planning() {
			if !r.dry.high {
				return last, nil
			}
		} else if done(x) {
			return last, nil
		}
	}
	if r.Planning() {
		return last, nil
	}
	return last, &LoopError{Step: step.title(), Rounds: most}
}

// Map is a Chain.Do: step of each piece of each document, and no more.
func Map(step Step) func(r *Run) error {
	return func(r *Run) error {
		_, err := r.mapDocs(step)
		return err
	}
}

// MapReduce is a Chain.Do: step of each piece, then reduce of all the answers,
// also when there is but one.
func MapReduce(step, reduce Step) func(r *Run) error {
	return func(r *Run) error {
		notes, err := r.mapDocs(step)
		if err != nil {
			return err
		}
		_, err = r.Reduce(reduce, notes)
		return err
	}
}

// MapTree is a Chain.Do: step of each piece, then node of at most fan answers
// at a time, level by level.
func MapTree(step, node Step, fan int) func(r *Run) error {
	return func(r *Run) error {
		notes, err := r.mapDocs(step)
		if err != nil {
			return err
		}
		_, err = r.Tree(node, notes, fan)
		return err
	}
}

// Refine is a Chain.Do: first of the first piece, then next of each other.
func Refine(first, next Step) func(r *Run) error {
	return func(r *Run) error {
		pieces, err := r.Split(next, r.Docs...)
		if err != nil {
			return err
		}
		_, err = r.Refine(first, next, pieces)
		return err
	}
}

func (r *Run) mapDocs(step Step) ([]*Result, error) {
	pieces, err := r.Split(step, r.Docs...)
	if err != nil {
		return nil, err
	}
	return r.Map(step, pieces)
}
