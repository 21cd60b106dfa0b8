package engine

import (
	"slices"
	"sync"
)

// Call is one generation that gave a reply, for whoever keeps account of a run.
type Call struct {
	Model  *Model
	Config GenerateConfig
	Reply  *Reply
}

var onCall struct {
	sync.Mutex
	list []*func(Call)
}

// OnCall lets f hear of every generation in this process that gives a reply, also of
// one that was interrupted, until stop is called. f runs while the session is at work
// and must not use it; calls of several sessions may come at once.
func OnCall(f func(Call)) (stop func()) {
	onCall.Lock()
	defer onCall.Unlock()
	p := &f
	onCall.list = append(slices.Clone(onCall.list), p)
	return func() {
		onCall.Lock()
		defer onCall.Unlock()
		onCall.list = slices.DeleteFunc(slices.Clone(onCall.list), func(q *func(Call)) bool { return p == q })
	}
}

func noteCall(c Call) {
	onCall.Lock()
	list := onCall.list
	onCall.Unlock()
	for _, f := range list {
		(*f)(c)
	}
}
