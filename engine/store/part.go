package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"os"
)

// partRecord stands in FILE.gguf.part.json while FILE.gguf.part grows: which
// remote file the bytes are from, so that no other one's are put behind them.
type partRecord struct {
	URL          string `json:"url"`
	ETag         string `json:"etag,omitempty"` // strong ones only
	LastModified string `json:"last_modified,omitempty"`
	Size         int64  `json:"size,omitempty"`   // of the whole file; 0 when the server did not say
	SHA256       string `json:"sha256,omitempty"` // of the whole file; empty when the server did not say
}

// validator is what If-Range may carry.
func (r partRecord) validator() string {
	if r.ETag != "" {
		return r.ETag
	}
	return r.LastModified
}

// part is a file that is being written, and the hash of what it holds so far.
type part struct {
	path   string
	f      *os.File
	w      io.Writer // f, or what a test puts before it
	hash   hash.Hash
	n      int64 // bytes in the file and in the hash
	record partRecord
}

// openPart opens path, with what an earlier pull left of url if it can be
// continued and empty otherwise. wrap stands between the part and its file.
func openPart(path, url string, wrap func(io.Writer) io.Writer) (*part, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("store: %w; LOUPE_MODELS must name a folder that can be written", err)
	}
	p := &part{path: path, f: f, w: f, hash: sha256.New()}
	if wrap != nil {
		p.w = wrap(f)
	}
	data, err := os.ReadFile(p.recordPath())
	if err != nil || json.Unmarshal(data, &p.record) != nil || p.record.URL != url || p.record.validator() == "" {
		return p, p.restart(partRecord{URL: url})
	}
	if p.n, err = io.Copy(p.hash, f); err != nil {
		f.Close()
		return nil, fmt.Errorf("store: read %s: %w", path, err)
	}
	if p.record.Size > 0 && p.n > p.record.Size {
		return p, p.restart(partRecord{URL: url})
	}
	return p, nil
}

func (p *part) recordPath() string { return p.path + ".json" }

// restart empties the part for the remote file that r describes.
func (p *part) restart(r partRecord) error {
	p.hash.Reset()
	p.n, p.record = 0, r
	if err := p.f.Truncate(0); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if _, err := p.f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if r.validator() == "" {
		os.Remove(p.recordPath()) // cannot be continued
		return nil
	}
	return writeJSON(p.recordPath(), r)
}

func (p *part) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	p.hash.Write(b[:n])
	p.n += int64(n)
	return n, err
}

func (p *part) sum() string { return hex.EncodeToString(p.hash.Sum(nil)) }

// remove closes the part and leaves nothing of it.
func (p *part) remove() {
	p.f.Close()
	os.Remove(p.path)
	os.Remove(p.recordPath())
}

// keep closes the part for a later pull and reports whether one can go on with it.
func (p *part) keep() bool {
	p.f.Close()
	if p.n > 0 && p.record.validator() != "" {
		return true
	}
	os.Remove(p.path)
	os.Remove(p.recordPath())
	return false
}
