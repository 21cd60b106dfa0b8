package jupyter

import (
	"encoding/json"
	"fmt"
	"strings"
)

// publisher is the iopub socket: what it sends goes to every subscriber.
type publisher struct {
	socket *socket
	codec  *codec
}

// receive takes what subscribers send: a topic to have or to have no more. A
// new one is answered with iopub_welcome, so that a front-end knows from when
// on it misses nothing.
func (b *publisher) receive(p *peer, frames [][]byte) {
	if len(frames) != 1 || len(frames[0]) == 0 {
		return
	}
	topic := string(frames[0][1:])
	p.mu.Lock()
	defer p.mu.Unlock()
	switch frames[0][0] {
	case 1:
		p.topics = append(p.topics, topic)
		p.out.put(parcel{frames: b.codec.encode([][]byte{[]byte(topic)}, "iopub_welcome", nil, nil, object{"subscription": topic})})
	case 0:
		for i, t := range p.topics {
			if t == topic {
				p.topics = append(p.topics[:i], p.topics[i+1:]...)
				break
			}
		}
	}
}

// wants reports whether the peer has subscribed to a topic.
func (p *peer) wants(topic string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.topics {
		if strings.HasPrefix(topic, t) {
			return true
		}
	}
	return false
}

// droppable are the messages that may be dropped when a subscriber takes
// nothing: output, of which the newest matters most.
var droppable = map[string]bool{"stream": true, "display_data": true, "update_display_data": true}

// publish sends a message to all subscribers.
func (b *publisher) publish(kind string, parent json.RawMessage, metadata object, content any) {
	topic := "kernel." + b.codec.session + "." + kind
	frames := b.codec.encode([][]byte{[]byte(topic)}, kind, parent, metadata, content)
	b.socket.each(func(p *peer) {
		if !p.wants(topic) {
			return
		}
		if kind == "status" {
			if n := p.out.takeLost(); n > 0 {
				b.tellLost(p, parent, n)
			}
		}
		p.out.put(parcel{frames: frames, dropped: droppable[kind]})
	})
}

// tellLost says in the output itself that some of it is missing.
func (b *publisher) tellLost(p *peer, parent json.RawMessage, n int) {
	text := fmt.Sprintf("loupe: %d bytes of output above were dropped: this front-end reads more slowly than the cell writes\n", n)
	topic := []byte("kernel." + b.codec.session + ".stream")
	p.out.put(parcel{frames: b.codec.encode([][]byte{topic}, "stream", parent, nil, object{"name": "stderr", "text": text})})
}
