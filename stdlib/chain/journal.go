package chain

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"loupe/engine"
	"loupe/engine/chat"
)

// journal keeps answers on disk, a line of JSON each. A line is in the file, and
// on the disk, before the step counts as done; a line that a crash cut off is
// taken away when the file is opened again. A nil journal keeps nothing.
type journal struct {
	path  string
	file  *os.File
	model []byte // what tells models apart
	known map[string]*engine.Reply
}

const journalHead = `{"journal":"loupe chain","version":1}` + "\n"

type journalLine struct {
	Key   string        `json:"key"`
	Step  string        `json:"step"`
	Reply *engine.Reply `json:"reply"`
}

// openJournal opens or makes a journal.
func openJournal(ctx context.Context, path string, m *engine.Model, about About) (*journal, error) {
	model := []byte(about.Key)
	if m != nil {
		var err error
		if model, err = fingerprint(ctx, m); err != nil {
			return nil, err
		}
	}
	j := &journal{path: path, model: model, known: map[string]*engine.Reply{}}
	if err := j.read(); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, fmt.Errorf("chain: journal: %w", err)
	}
	j.file = file
	return j, nil
}

// read takes in what the file holds and makes it ready to go on.
func (j *journal) read() error {
	f, err := os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return fmt.Errorf("chain: journal: %w", err)
	}
	defer f.Close()
	r := bufio.NewReader(f)
	var whole int64 // bytes of complete lines
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if n == 1 && string(line) != journalHead[:min(len(line), len(journalHead))] {
			return fmt.Errorf("chain: %s is not a journal: it begins with %q; give the name of a new file", j.path, line[:min(len(line), 40)])
		}
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("chain: journal: %w", err)
		}
		if n > 1 {
			var l journalLine
			if err := json.Unmarshal(bytes.TrimSpace(line), &l); err != nil || l.Reply == nil {
				return fmt.Errorf("chain: %s line %d is damaged (%v); remove that line, or the file", j.path, n, err)
			}
			j.known[l.Key] = l.Reply
		}
		whole += int64(len(line))
	}
	if err := f.Truncate(whole); err != nil {
		return fmt.Errorf("chain: journal: %w", err)
	}
	if whole == 0 {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("chain: journal: %w", err)
		}
		return write(f, journalHead)
	}
	return nil
}

func write(f *os.File, line string) error {
	if _, err := f.WriteString(line); err != nil {
		return fmt.Errorf("chain: journal: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("chain: journal: %w", err)
	}
	return nil
}

// find is the answer that a request had, nil if there is none.
func (j *journal) find(q Request) *engine.Reply {
	if j == nil {
		return nil
	}
	return j.known[j.key(q)]
}

// add keeps an answer.
func (j *journal) add(q Request, step string, r *engine.Reply) error {
	if j == nil {
		return nil
	}
	l := journalLine{j.key(q), step, r}
	line, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("chain: journal: %w", err)
	}
	j.known[l.Key] = r
	return write(j.file, string(line)+"\n")
}

// key tells requests apart: by model, settings and prompt. A prompt is its tokens,
// or, where these are not known, its messages.
func (j *journal) key(q Request) string {
	h := sha256.New()
	h.Write(j.model)
	json.NewEncoder(h).Encode(settings{GenerateConfig: q.Config})
	for _, id := range q.IDs {
		binary.Write(h, binary.LittleEndian, int64(id))
	}
	if q.IDs == nil {
		json.NewEncoder(h).Encode(struct {
			Raw      bool
			Messages []chat.Message
		}{q.Raw, q.Messages})
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (j *journal) close() { j.file.Close() }

// fingerprint tells models and the load settings that change their answers
// apart by what they compute: the logits after a few tokens. The output matrix
// and every layer take part in these.
func fingerprint(ctx context.Context, m *engine.Model) ([]byte, error) {
	s := m.NewSession()
	defer s.Close()
	ids := m.Tokenize("The quick brown fox, 1234.")
	n := min(len(ids), m.Settings().ContextLength)
	logits, err := s.EvalContext(ctx, ids[:n])
	if err != nil {
		return nil, fmt.Errorf("chain: journal: %w", err)
	}
	h := sha256.New()
	for _, x := range logits {
		binary.Write(h, binary.LittleEndian, math.Float32bits(x))
	}
	return h.Sum(nil), nil
}
