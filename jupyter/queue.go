package jupyter

import "sync"

// queue holds the messages of a socket that have not been handled.
type queue struct {
	mu   sync.Mutex
	list []queued
	wake chan struct{}
}

type queued struct {
	m       *message
	aborted bool // a cell before it failed: it is answered and not run
}

func (q *queue) put(m *message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = append(q.list, queued{m: m})
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take returns the next message, nil when stop is closed.
func (q *queue) take(stop <-chan struct{}) (m *message, aborted bool) {
	for {
		select {
		case <-stop:
			return nil, false
		default:
		}
		q.mu.Lock()
		if len(q.list) > 0 {
			next := q.list[0]
			q.list[0] = queued{}
			q.list = q.list[1:]
			q.mu.Unlock()
			return next.m, next.aborted
		}
		q.mu.Unlock()
		select {
		case <-stop:
		case <-q.wake:
		}
	}
}

// abort marks the cells that wait.
func (q *queue) abort() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.list {
		if q.list[i].m.header.Type == "execute_request" {
			q.list[i].aborted = true
		}
	}
}
