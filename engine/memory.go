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

// PackedBytes is the memory, beside the mapped file, of the weights that loading
// laid out anew: rows interleaved in panels, as the kernels of this machine read
// them fastest. What was laid out is read from there, and the system may take the
// file's pages of it back. 0 with Exact, and after Close.
func (m *Model) PackedBytes() int64 {
	if m.closed.Load() {
		return 0
	}
	return m.packed.Bytes()
}
