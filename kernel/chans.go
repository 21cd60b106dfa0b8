package kernel

import "reflect"

// Channel operations go through the runtime, so that an interrupt reaches a
// goroutine that waits.

func (m *machine) recv(ch, p any, pos int) bool {
	c := reflect.ValueOf(ch)
	var v reflect.Value
	var ok bool
	if c.IsValid() && !c.IsNil() {
		v, ok = c.TryRecv()
	}
	if !v.IsValid() {
		v, ok = m.block(reflect.SelectCase{Dir: reflect.SelectRecv, Chan: c}, pos)
	}
	if p != nil {
		reflect.ValueOf(p).Elem().Set(v)
	}
	return ok
}

func (m *machine) send(ch, p any, pos int) {
	c := reflect.ValueOf(ch)
	v := reflect.ValueOf(p).Elem()
	if c.IsNil() || !c.TrySend(v) {
		m.block(reflect.SelectCase{Dir: reflect.SelectSend, Chan: c, Send: v}, pos)
	}
}

// block waits for one operation or the end of the run.
func (m *machine) block(c reflect.SelectCase, pos int) (reflect.Value, bool) {
	r := m.gs.current()
	over := reflect.SelectCase{Dir: reflect.SelectRecv}
	if r != nil {
		over.Chan = reflect.ValueOf(r.over)
	}
	what := "chan receive"
	if c.Dir == reflect.SelectSend {
		what = "chan send"
	}
	if !c.Chan.IsValid() || c.Chan.IsNil() {
		what += " (nil chan)"
	}
	id := goid()
	m.gs.park(id, parking{line: pos, what: what, outside: outer(c.Chan)})
	defer m.gs.unpark(id)
	i, v, ok := reflect.Select([]reflect.SelectCase{c, over})
	if i == 1 {
		m.die()
	}
	return v, ok
}

// selectCase is one case of a select statement.
type selectCase struct {
	c     reflect.SelectCase
	p, ok reflect.Value
}

func recvCase(ch, p any, ok *bool) any {
	return selectCase{
		c:  reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ch)},
		p:  reflect.ValueOf(p).Elem(),
		ok: reflect.ValueOf(ok).Elem(),
	}
}

func sendCase(ch, p any) any {
	c := reflect.ValueOf(ch)
	if !c.IsValid() || c.IsNil() { // never ready
		return selectCase{c: reflect.SelectCase{Dir: reflect.SelectSend}}
	}
	return selectCase{c: reflect.SelectCase{Dir: reflect.SelectSend, Chan: c, Send: reflect.ValueOf(p).Elem()}}
}

// choose runs a select statement and says which case it was, -1 for default.
func (m *machine) choose(pos int, hasDefault bool, cases ...any) int {
	list := make([]reflect.SelectCase, 0, len(cases)+1)
	for _, c := range cases {
		list = append(list, c.(selectCase).c)
	}
	if hasDefault {
		list = append(list, reflect.SelectCase{Dir: reflect.SelectDefault})
	} else {
		over := reflect.SelectCase{Dir: reflect.SelectRecv}
		if r := m.gs.current(); r != nil {
			over.Chan = reflect.ValueOf(r.over)
		}
		list = append(list, over)
		p := parking{line: pos, what: "select"}
		for _, c := range list[:len(cases)] {
			p.outside = p.outside || outer(c.Chan)
		}
		if len(cases) == 0 {
			p.what = "select (no cases)"
		}
		id := goid()
		m.gs.park(id, p)
		defer m.gs.unpark(id)
	}
	i, v, ok := reflect.Select(list)
	if i == len(cases) {
		if hasDefault {
			return -1
		}
		m.die()
	}
	if c := cases[i].(selectCase); c.c.Dir == reflect.SelectRecv {
		c.p.Set(v)
		c.ok.SetBool(ok)
	}
	return i
}

func (m *machine) close(ch any) {
	c := reflect.ValueOf(ch)
	if c.IsNil() {
		panic(plainError("close of nil channel"))
	}
	c.Close()
}

// plainError is a runtime error whose text has no prefix.
type plainError string

func (e plainError) Error() string { return string(e) }
func (e plainError) RuntimeError() {}
