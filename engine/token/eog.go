package token

// eogTexts are the texts of tokens that end a generation (llama-vocab.cpp). A
// token with such a text is a control token, whatever the file says.
var eogTexts = []string{
	"<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>",
	"<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]",
	"<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
	"<｜end▁of▁sentence｜>", "[e~[",
}

// fimTexts are the texts of the tokens of fill-in-the-middle (llama-vocab.cpp),
// for files that do not name them. ends: nothing useful follows the token, it
// opens another file or fills up.
var fimTexts = []struct {
	name  string
	ends  bool
	texts []string
}{
	{"pre", false, []string{"<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>", "<|code_prefix|>", "<|prefix|>"}},
	{"suf", false, []string{"<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>", "<|suffix|>"}},
	{"mid", false, []string{"<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>", "<|code_middle|>", "<|middle|>"}},
	{"pad", true, []string{"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"}},
	{"rep", true, []string{"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"}},
	{"sep", true, []string{"<|file_sep|>"}},
}

// findEOG collects the tokens that end a generation, and corrects the kinds of
// tokens that files often have wrong, as llama.cpp does. Where a vocabulary has
// several texts of a line above, llama.cpp takes any; here it is the first.
func (t *Tokenizer) findEOG(v Vocab) {
	t.eog = map[int]bool{}
	for _, f := range fimTexts {
		id, ok := v.FIM[f.name]
		for i := 0; !ok && i < len(f.texts); i++ {
			if id, ok = t.ids[f.texts[i]]; ok {
				t.kinds[id] = Control
			}
		}
		if ok && f.ends {
			t.eog[id] = true
		}
	}
	for _, text := range eogTexts {
		if id, ok := t.ids[text]; ok {
			t.kinds[id] = Control
			t.eog[id] = true
		}
	}
	for _, id := range []int{v.EOS, v.EOT, v.EOM} {
		if id != None {
			t.eog[id] = true
		}
	}

	// The exceptions, by the company that a token keeps.
	ends := func(text string) bool {
		id, ok := t.ids[text]
		return ok && t.eog[id]
	}
	// gpt-oss marks the parts of an answer with these: they are to be seen.
	for _, text := range []string{"<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"} {
		if id, ok := t.ids[text]; ok {
			t.kinds[id] = UserDefined
		}
	}
	// gpt-oss and Solar end a part, not the answer, with <|end|>.
	if id := t.ids["<|end|>"]; ends("<|end|>") && (ends("<|call|>") || ends("<|calls|>")) && (ends("<|flush|>") || ends("<|return|>")) {
		delete(t.eog, id)
		t.kinds[id] = UserDefined
	}
	// To Gemma 4 and PLaMo </s> is text like any other.
	if id := t.ids["</s>"]; ends("</s>") && (ends("<|tool_response>") || ends("<|plamo:eos|>")) {
		delete(t.eog, id)
		t.kinds[id] = Normal
	}
}
