package engine

import (
	"fmt"
	"slices"
	"sync"

	"loupe/engine/grammar"
)

// grammars are a model's: its vocabulary as they need it, and those that were used
// last, with what they have learned of it.
type grammars struct {
	mu    sync.Mutex
	vocab *grammar.Vocab
	bound []boundGrammar // the one used last is the last
}

type boundGrammar struct {
	text, schema string
	*grammar.Bound
}

// keptGrammars is how many grammars a model keeps ready.
const keptGrammars = 8

// grammar reads the settings' grammar; nil if they have none.
func (cfg *GenerateConfig) grammar() (*grammar.Grammar, error) {
	text, setting := cfg.Grammar, "Grammar"
	if cfg.JSONSchema != "" {
		if text != "" {
			return nil, &SettingError{"JSONSchema", "set", "empty where Grammar is set: each says what the text must be"}
		}
		var err error
		if text, err = grammar.FromJSONSchema(cfg.JSONSchema); err != nil {
			return nil, fmt.Errorf("engine: JSONSchema: %w", err)
		}
		setting = "JSONSchema"
	}
	if text == "" {
		return nil, nil
	}
	g, err := grammar.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("engine: %s: %w", setting, err)
	}
	return g, nil
}

// bind makes the settings' grammar ready for the model's tokens; nil if they have
// none.
func (m *Model) bind(cfg *GenerateConfig) (*grammar.Bound, error) {
	if cfg.Grammar == "" && cfg.JSONSchema == "" {
		return nil, nil
	}
	k := &m.grammars
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.IndexFunc(k.bound, func(b boundGrammar) bool { return b.text == cfg.Grammar && b.schema == cfg.JSONSchema })
	if i >= 0 {
		b := k.bound[i]
		k.bound = append(slices.Delete(k.bound, i, i+1), b)
		return b.Bound, nil
	}
	g, err := cfg.grammar()
	if err != nil {
		return nil, err
	}
	if k.vocab == nil {
		k.vocab = grammar.NewVocab(m.tok.Len(), m.grammarToken, m.tok.ID)
	}
	b, err := g.Bind(k.vocab)
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	if len(k.bound) == keptGrammars {
		k.bound = slices.Delete(k.bound, 0, 1)
	}
	k.bound = append(k.bound, boundGrammar{cfg.Grammar, cfg.JSONSchema, b})
	return b, nil
}

// grammarToken is a token as the text shows it: control tokens add nothing to it.
func (m *Model) grammarToken(id int) grammar.Token {
	t := grammar.Token{Ends: m.tok.IsEOG(id)}
	if !m.tok.IsControl(id) {
		t.Piece = m.tok.Piece(id)
	}
	return t
}

// constrain holds the generation to the settings' grammar.
func (g *generation) constrain() error {
	b, err := g.s.model.bind(&g.cfg)
	if b == nil || err != nil {
		return err
	}
	g.form = b.NewMatcher()
	if err := g.form.Limit(g.left()); err != nil {
		return fmt.Errorf("engine: %w: MaxTokens is %d, the context has %d tokens and the prompt %d of them; allow more, or a shorter text",
			err, g.cfg.MaxTokens, g.s.model.cfg.ContextLength, len(g.prompt))
	}
	g.chain.Constrain(g.form)
	return nil
}

// left is how many tokens may still come; 0 if there is no limit.
func (g *generation) left() int {
	left := 0
	if g.cfg.MaxTokens > 0 {
		left = g.cfg.MaxTokens - len(g.reply.IDs)
	}
	if !g.cfg.ContextOverflowPolicy.shifts() { // the last token need not be in the context
		room := g.s.model.cfg.ContextLength - len(g.prompt) - len(g.reply.IDs) + 1
		if left == 0 || room < left {
			left = room
		}
	}
	return left
}

// sample chooses a token.
func (g *generation) sample(logits []float32) (int, error) {
	if g.form == nil {
		return g.chain.Sample(logits)
	}
	if err := g.form.Limit(g.left()); err != nil {
		return 0, err
	}
	id, err := g.chain.Sample(logits)
	if stuck := g.form.Err(); stuck != nil {
		return 0, stuck
	}
	if err == nil {
		err = g.form.Accept(id)
	}
	return id, err
}

// formEnded reports whether the grammar ends the text for want of a token that does.
func (g *generation) formEnded() bool {
	if g.form == nil || g.s.model.grammars.vocab.Ends() {
		return false
	}
	_, must := g.form.Ends()
	return must
}
