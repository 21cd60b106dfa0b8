package jupyter

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// protocol is the version of the messaging protocol.
const protocol = "5.4"

var delimiter = []byte("<IDS|MSG>")

type header struct {
	ID       string `json:"msg_id"`
	Session  string `json:"session"`
	Username string `json:"username"`
	Date     string `json:"date"`
	Type     string `json:"msg_type"`
	Version  string `json:"version"`
}

// message is a message that came.
type message struct {
	identities [][]byte // whom to answer
	header     header
	raw        json.RawMessage // the header as it came, the parent header of answers
	content    json.RawMessage
}

// codec signs and checks messages.
type codec struct {
	key     []byte // nil: without signatures
	session string
	user    string
}

var errSignature = errors.New("the signature does not match: the sender has another key, or changed the message")

// decode reads the frames of a message that came to a ROUTER socket.
func (c *codec) decode(frames [][]byte) (*message, error) {
	at := -1
	for i, f := range frames {
		if bytes.Equal(f, delimiter) {
			at = i
			break
		}
	}
	if at < 0 {
		return nil, fmt.Errorf("none of the %d frames is %s", len(frames), delimiter)
	}
	parts := frames[at+1:]
	if len(parts) < 5 {
		return nil, fmt.Errorf("%d frames after %s, 5 are needed: signature, header, parent header, metadata, content", len(parts), delimiter)
	}
	if c.key != nil {
		if !hmac.Equal(parts[0], c.sign(parts[1:5])) {
			return nil, errSignature
		}
	}
	m := &message{identities: frames[:at], raw: parts[1], content: parts[4]}
	if err := json.Unmarshal(parts[1], &m.header); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if m.header.Type == "" {
		return nil, errors.New("header: no msg_type")
	}
	for i, name := range []string{"parent header", "metadata", "content"} {
		if b := bytes.TrimSpace(parts[2+i]); len(b) == 0 || b[0] != '{' || !json.Valid(b) {
			return nil, fmt.Errorf("%s of a %s is not a JSON object", name, m.header.Type)
		}
	}
	return m, nil
}

// sign is the hexadecimal HMAC-SHA256 of header, parent header, metadata and
// content.
func (c *codec) sign(parts [][]byte) []byte {
	if c.key == nil {
		return nil
	}
	h := hmac.New(sha256.New, c.key)
	for _, p := range parts {
		h.Write(p)
	}
	sum := h.Sum(nil)
	return hex.AppendEncode(nil, sum)
}

// object is a JSON object to be sent.
type object map[string]any

// encode makes the frames of a message to identities, in answer to parent,
// which is nil when nobody asked.
func (c *codec) encode(identities [][]byte, kind string, parent json.RawMessage, metadata object, content any) [][]byte {
	if parent == nil {
		parent = json.RawMessage("{}")
	}
	if metadata == nil {
		metadata = object{}
	}
	h := header{
		ID: rand.Text(), Session: c.session, Username: c.user, Type: kind, Version: protocol,
		Date: time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"),
	}
	parts := [][]byte{encodeJSON(h), parent, encodeJSON(metadata), encodeJSON(content)}
	frames := make([][]byte, 0, len(identities)+6)
	frames = append(frames, identities...)
	frames = append(frames, delimiter, c.sign(parts))
	return append(frames, parts...)
}

// encodeJSON is v in JSON. What is sent are strings, numbers and maps of them,
// which cannot fail to encode.
func encodeJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("jupyter: %T in a message: %v", v, err))
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
