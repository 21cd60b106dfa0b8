package chain

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"loupe/engine"
)

// Result is one step of a run: what was asked, of what, and what came.
type Result struct {
	ID       int    // from 1, in the order of the run
	Step     string // Step.Name
	Parents  []int  // IDs of the results that it was made from
	Piece    *Piece // what {text} was, for Map, Ask, Rank and Refine
	Question string // what {question} was, for Ask
	Text     string // the answer, without white space around it; when planning a text of as many tokens
	Value    any    // of a structured step: Text decoded into the type of Step.Structured; when planning its zero
	Score    float64
	Settings engine.GenerateConfig // the effective ones
	Calls    []Call                // every answer that was drawn, the refused ones too; the last but for Best is Text
	Chosen   int                   // which of Calls is Text
	Seconds  float64               // of all calls
	Err      error                 // a *StepError: the step failed, Text is empty

	planned bool
}

// Call is one generation of a step.
type Call struct {
	Prompt  string        // as sent, rendered by the template
	Reply   *engine.Reply // with tokens, logits if asked for, and statistics
	Stats   engine.Stats
	Value   any     // of a structured step
	Refused string  // what Check said of it, or what is wrong with its form
	Score   float64 // what Judge gave
	Resumed bool    // from the journal: it cost nothing in this run
	blind   bool    // nobody said how many tokens the prompt has
}

// Reply is the reply that Text is from; nil if there is none.
func (r *Result) Reply() *engine.Reply {
	if r.Chosen < len(r.Calls) {
		return r.Calls[r.Chosen].Reply
	}
	return nil
}

// String is the answer.
func (r *Result) String() string { return r.Text }

// about is the piece or question of a result in words.
func (r *Result) about() string {
	var s []string
	if r.Piece != nil {
		name := r.Piece.Name
		if name == "" {
			name = fmt.Sprintf("document %d", r.Piece.Doc+1)
		}
		s = append(s, fmt.Sprintf("%s piece %d", name, r.Piece.Index+1))
	}
	if r.Question != "" {
		s = append(s, r.Question)
	}
	return strings.Join(s, ", ")
}

// Texts are the answers.
func Texts(results []*Result) []string {
	t := make([]string, len(results))
	for i, r := range results {
		t[i] = r.Text
	}
	return t
}

// Good are the results that did not fail.
func Good(results []*Result) []*Result {
	var good []*Result
	for _, r := range results {
		if r.Err == nil {
			good = append(good, r)
		}
	}
	return good
}

// PerDocument are results by the document that their pieces are of.
func PerDocument(results []*Result) [][]*Result {
	var docs [][]*Result
	for _, r := range results {
		if r.Piece == nil {
			continue
		}
		for len(docs) <= r.Piece.Doc {
			docs = append(docs, nil)
		}
		docs[r.Piece.Doc] = append(docs[r.Piece.Doc], r)
	}
	return docs
}

// settings is a GenerateConfig as JSON: all but its function.
type settings struct {
	engine.GenerateConfig
	OnText *struct{} `json:",omitempty"` // hides the function
}

type callJSON struct {
	Prompt       string            `json:"prompt"`
	Text         string            `json:"text"`
	PromptTokens int               `json:"prompt_tokens"`
	Reused       int               `json:"reused_tokens"`
	Generated    int               `json:"generated_tokens"`
	TTFT         float64           `json:"ttft_ms"`
	PromptRate   float64           `json:"prompt_rate"`
	GenRate      float64           `json:"gen_rate"`
	Batch        float64           `json:"batch,omitempty"`
	StopReason   engine.StopReason `json:"stop_reason"`
	CacheBytes   int64             `json:"cache_bytes"`
	Refused      string            `json:"refused,omitempty"`
	Score        float64           `json:"score,omitempty"`
	Resumed      bool              `json:"resumed,omitempty"`
}

// MarshalJSON is one line of Run.WriteJSON.
func (r *Result) MarshalJSON() ([]byte, error) {
	o := struct {
		ID       int        `json:"id"`
		Step     string     `json:"step"`
		Parents  []int      `json:"parents,omitempty"`
		Document string     `json:"document,omitempty"`
		Piece    *[2]int    `json:"piece,omitempty"` // byte offsets
		Tokens   *[2]int    `json:"piece_tokens,omitempty"`
		Question string     `json:"question,omitempty"`
		Text     string     `json:"text"`
		Value    any        `json:"value,omitempty"`
		Score    float64    `json:"score,omitempty"`
		Error    string     `json:"error,omitempty"`
		Seconds  float64    `json:"seconds"`
		Settings settings   `json:"settings"`
		Calls    []callJSON `json:"calls"`
	}{ID: r.ID, Step: r.Step, Parents: r.Parents, Question: r.Question, Text: r.Text, Value: r.Value, Score: r.Score,
		Seconds: r.Seconds, Settings: settings{GenerateConfig: r.Settings}, Calls: []callJSON{}}
	if p := r.Piece; p != nil {
		o.Document, o.Piece, o.Tokens = p.Name, &[2]int{p.Start, p.End}, &[2]int{p.TokenStart, p.TokenEnd}
	}
	if r.Err != nil {
		o.Error = r.Err.Error()
	}
	for _, c := range r.Calls {
		j := callJSON{Prompt: c.Prompt, PromptTokens: c.Stats.PromptTokens, Reused: c.Stats.ReusedTokens,
			Generated: c.Stats.GeneratedTokens, TTFT: float64(c.Stats.TTFT) / float64(time.Millisecond),
			PromptRate: c.Stats.PromptRate(), GenRate: c.Stats.GenRate(), Batch: c.Stats.Batch, StopReason: c.Stats.StopReason,
			CacheBytes: c.Stats.CacheBytes, Refused: c.Refused, Score: c.Score, Resumed: c.Resumed}
		if c.Reply != nil {
			j.Text = c.Reply.Text
		}
		o.Calls = append(o.Calls, j)
	}
	return json.Marshal(o)
}
