package reflect

import "reflect"

// Wait is reflect.Select, in which the kernel lets an interrupt through.
type Wait func([]reflect.SelectCase) (int, reflect.Value, bool)

// Close closes the channel v.
func (v Value) Close() {
	v.mustBe("reflect.Value.Close", reflect.Chan)
	v.mustBeExported("reflect.Value.Close")
	if v.t.ChanDir()&reflect.SendDir == 0 {
		fail("reflect: close of receive-only channel")
	}
	v.val().Close()
}

// Recv receives from the channel v.
func (v Value) Recv() (Value, bool) { return Recv(v, reflect.Select) }

// Recv is v.Recv.
func Recv(v Value, wait Wait) (Value, bool) {
	v.mustBe("reflect.Value.Recv", reflect.Chan)
	v.mustBeExported("reflect.Value.Recv")
	v.mustReceive()
	_, x, ok := wait([]reflect.SelectCase{{Dir: reflect.SelectRecv, Chan: v.val()}})
	return Value{t: v.t.elem(), v: x}, ok
}

func (v Value) mustReceive() {
	if v.t.ChanDir()&reflect.RecvDir == 0 {
		fail("reflect: recv on send-only channel")
	}
}

func (v Value) mustSend() {
	if v.t.ChanDir()&reflect.SendDir == 0 {
		fail("reflect: send on recv-only channel")
	}
}

// TryRecv receives from the channel v if that does not block.
func (v Value) TryRecv() (Value, bool) {
	v.mustBe("reflect.Value.TryRecv", reflect.Chan)
	v.mustBeExported("reflect.Value.TryRecv")
	v.mustReceive()
	x, ok := v.val().TryRecv()
	if !x.IsValid() {
		return Value{}, false
	}
	return Value{t: v.t.elem(), v: x}, ok
}

// Send sends x on the channel v.
func (v Value) Send(x Value) { Send(v, x, reflect.Select) }

// Send is v.Send.
func Send(v, x Value, wait Wait) {
	v.mustBe("reflect.Value.Send", reflect.Chan)
	v.mustBeExported("reflect.Value.Send")
	v.mustSend()
	x.mustBeExported("reflect.Value.Send")
	wait([]reflect.SelectCase{{Dir: reflect.SelectSend, Chan: v.val(), Send: x.assign("reflect.Value.Send", v.t.elem())}})
}

// TrySend sends x on the channel v if that does not block.
func (v Value) TrySend(x Value) bool {
	v.mustBe("reflect.Value.TrySend", reflect.Chan)
	v.mustBeExported("reflect.Value.TrySend")
	v.mustSend()
	x.mustBeExported("reflect.Value.TrySend")
	return v.val().TrySend(x.assign("reflect.Value.Send", v.t.elem()))
}

// SelectCase is reflect.SelectCase.
type SelectCase struct {
	Dir  SelectDir
	Chan Value
	Send Value
}

// Select is reflect.Select.
func Select(cases []SelectCase) (chosen int, recv Value, recvOK bool) {
	return SelectBy(cases, reflect.Select)
}

// SelectBy is Select.
func SelectBy(cases []SelectCase, wait Wait) (chosen int, recv Value, recvOK bool) {
	if len(cases) > 65536 {
		fail("reflect.Select: too many cases (max 65536)")
	}
	list := make([]reflect.SelectCase, len(cases))
	hasDefault := false
	for i, c := range cases {
		list[i].Dir = c.Dir
		switch c.Dir {
		case reflect.SelectDefault:
			switch {
			case hasDefault:
				fail("reflect.Select: multiple default cases")
			case c.Chan.IsValid():
				fail("reflect.Select: default case has Chan value")
			case c.Send.IsValid():
				fail("reflect.Select: default case has Send value")
			}
			hasDefault = true
			continue
		case reflect.SelectRecv:
			if c.Send.IsValid() {
				fail("reflect.Select: RecvDir case has Send value")
			}
		case reflect.SelectSend:
		default:
			fail("reflect.Select: invalid Dir")
		}
		if !c.Chan.IsValid() {
			continue
		}
		c.Chan.mustBe(nobody, reflect.Chan)
		c.Chan.mustBeExported(nobody)
		list[i].Chan = c.Chan.val()
		if c.Dir == reflect.SelectRecv {
			if c.Chan.t.ChanDir()&reflect.RecvDir == 0 {
				fail("reflect.Select: RecvDir case using send-only channel")
			}
			continue
		}
		if c.Chan.t.ChanDir()&reflect.SendDir == 0 {
			fail("reflect.Select: SendDir case using recv-only channel")
		}
		if !c.Send.IsValid() {
			fail("reflect.Select: SendDir case missing Send value")
		}
		c.Send.mustBeExported(nobody)
		list[i].Send = c.Send.assign("reflect.Select", c.Chan.t.elem())
	}
	chosen, x, ok := wait(list)
	if c := cases[chosen]; c.Dir == reflect.SelectRecv {
		return chosen, Value{t: c.Chan.t.elem(), v: x}, ok
	}
	return chosen, Value{}, false
}
