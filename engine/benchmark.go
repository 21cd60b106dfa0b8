package engine

// Vocabulary is the number of tokens: ids run from 0 to one below it.
func (m *Model) Vocabulary() int { return m.tok.Len() }

// WeightBytes is what the tensors of the file take, and how much of it
// generating one token reads: all but the embedding of a model whose head is
// not tied to it, of which a token reads one row. Both are 0 after Close.
func (m *Model) WeightBytes() (all, perToken int64) {
	if m.closed.Load() {
		return 0, 0
	}
	_, untied := m.file.Tensor("output.weight")
	for _, t := range m.file.Tensors {
		n := int64(len(t.Data))
		all += n
		if untied && t.Name == "token_embd.weight" {
			n /= int64(m.net.Config.Vocab)
		}
		perToken += n
	}
	return all, perToken
}
