package gguf

import (
	"bytes"
	"unicode/utf8"
)

// foreign lists what is often taken for a model file, by how it begins.
var foreign = []struct{ prefix, msg string }{
	{"version https://git-lfs", "this is a Git LFS pointer, not the model itself; fetch it with git lfs pull, or download the file"},
	{"<!", "this is a web page, not a model; download the file itself, not the page that shows it"},
	{"<html", "this is a web page, not a model; download the file itself, not the page that shows it"},
	{"PK\x03\x04", "this is a zip archive (PyTorch checkpoints are, too); unpack it, or convert the model with llama.cpp's convert_hf_to_gguf.py"},
	{"\x1f\x8b", "this is a gzip archive; unpack it first"},
	{"lmgg", "this is a GGML file of before GGUF; convert the model again with a current llama.cpp"},
	{"fmgg", "this is a GGML file of before GGUF; convert the model again with a current llama.cpp"},
	{"tjgg", "this is a GGML file of before GGUF; convert the model again with a current llama.cpp"},
	{"algg", "this is a GGML adapter of before GGUF; convert it again with a current llama.cpp"},
}

// notGGUF records what stands in place of the magic.
func (r *reader) notGGUF() {
	const field = "magic"
	head := r.data[:min(len(r.data), 64)]
	switch {
	case len(head) == 0:
		r.fail(ErrTruncated, field, "the file is empty; download it again")
		return
	case len(head) < len(magic) && string(head) == magic[:len(head)]:
		r.short(field, uint64(len(magic)))
		return
	}
	for _, f := range foreign {
		if bytes.HasPrefix(bytes.ToLower(head), bytes.ToLower([]byte(f.prefix))) {
			r.fail(ErrNotGGUF, field, "%s", f.msg)
			return
		}
	}
	found := quote(string(head[:min(len(head), len(magic))]))
	switch {
	case len(head) > 8 && head[8] == '{':
		r.fail(ErrNotGGUF, field, "is %s, not \"GGUF\": this looks like a safetensors file; convert the model with llama.cpp's convert_hf_to_gguf.py", found)
	case isText(head):
		r.fail(ErrNotGGUF, field, "is %s, not \"GGUF\": this is a text file, not a model", found)
	default:
		r.fail(ErrNotGGUF, field, "is %s, not \"GGUF\": this is no GGUF file, or a damaged one; download it again, or convert the model with llama.cpp", found)
	}
}

// isText reports whether the beginning of a file reads as text. A character cut
// at the end does not count against it.
func isText(head []byte) bool {
	for len(head) > 0 {
		c, n := utf8.DecodeRune(head)
		if c == utf8.RuneError && n == 1 {
			return !utf8.FullRune(head)
		}
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
		head = head[n:]
	}
	return true
}
