package kernel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/types"
	"math"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	mirror "loupe/kernel/mirror"
	"loupe/kernel/mirror/gob"
)

// machine is the runtime that lowered code calls: package "k" of the
// interpreter. Package lower says when.
type machine struct {
	k    *Kernel
	reg  *registry
	line int  // token.Pos of the statement that runs; at reads it
	stop bool // something is to be stopped: Check finds out what
	// The same for the race detector, which does not like how cheaply the
	// others are read and written.
	syncLine atomic.Int64
	syncStop atomic.Bool

	gs     goroutines
	frames frames
	funcs  sync.Map // reflect.Value of functions, by their lowered names: see whole
}

// table is what the interpreter sees of the machine.
func (m *machine) table() map[string]reflect.Value {
	t := map[string]any{
		"Line": &m.line, "Stop": &m.stop, "SetLine": func(n int) { m.syncLine.Store(int64(n)) }, "Stopped": func() bool { return m.syncStop.Load() },
		"Check": m.check, "Ready": func() {}, "Nop": func() {}, "Use": func(any) {},
		"Type": m.typ, "Method": m.method, "Func": m.setFunc, "Whole": m.whole,
		"Box": m.box, "Any": func(v any) any { return v }, "Kept": kept, "Norm": norm,
		"To": m.to, "Raw": m.raw, "Open": open, "Closed": m.closed, "ClosedAll": m.closedAll, "IsNil": isNil, "AtomicPointer": (*atomicPointer)(nil), "Unjson": m.unjson, "Dejson": m.dejson, "UnjsonAny": m.unjsonAny, "DejsonAny": m.dejsonAny, "DecoderOption": m.decoderOption,
		"Assert": m.assert, "AssertOK": m.assertOK, "TypeCase": m.typeCase, "M": m.dispatch, "Eq": m.eq,
		"Recv": m.recv, "Send": m.send, "RecvCase": recvCase, "SendCase": sendCase, "Select": m.choose, "Close": m.close,
		"Clear": clearAny, "Size": m.size, "Cap": m.capacity, "Room": m.room, "Key": m.key, "ArrLen": arrayLen, "Const": func(_ any, n int) int { return n }, "Iface": func(v any) any { return ifaceWords{v} },
		"Fmin": math.Min, "Fmax": math.Max, "Rune": decodeRune,
		"Panic": m.panicValue, "RecoverIn": m.recoverIn, "Direct": m.frames.setDirect, "TakeDirect": m.frames.takeDirect, "AnyDirect": &m.frames.any, "SyncDirect": m.frames.sync.Load,
		"Frame": newFrame, "Call": m.call, "Defer": m.pushDefer, "Main": func() any { return m.k.mainFrame },
		"Ix": m.index, "Div": func() { panic(runtimeError("integer divide by zero")) }, "Sl": m.slice, "Nil": func() any { return nil }, "Shift": shiftCount,
		"Print": m.print, "Println": m.println, "SetVar": setVar,
		"Go": m.goCall, "Guard": m.guard, "Outside": m.gs.outer, "EndNotebook": m.endNotebook,
		"ErrorsAs": m.errorsAs, "ParseFlags": m.parseFlags, "Wait": m.wait, "Unlock": unlock, "Log": m.logTo, "LogOutput": m.loggerOutput, "LogSetFlags": setLoggerFlags, "LogFlags": loggerFlags,
		"TypeFor": m.typeFor, "Reflection": m.reflection, "TypeAssert": m.typeAssert, "ReflectRecv": m.reflectRecv, "ReflectSend": m.reflectSend, "ReflectSelect": m.reflectSelect, "TemplateExecute": m.templateExecute, "TemplateNamed": m.templateNamed, "TemplateFuncs": templateFuncs, "HTMLExecute": m.htmlExecute, "HTMLNamed": m.htmlNamed, "HTMLFuncs": htmlFuncs, "Reflected": func(v mirror.Value) any { return reflected{v} },
		"ShowBegin": m.showBegin, "ShowEnd": m.showEnd, "Show": m.show, "ShowNil": func() { m.k.display(map[string]string{"text/plain": "nil"}, false) },
		"SeqDone": func() {
			panic(runtimeError("range function continued iteration after function for loop body returned false"))
		},
		"Def": func(i int) any { return m.k.defined[i] },
	}
	out := make(map[string]reflect.Value, len(t))
	for name, v := range t {
		out[name] = reflect.ValueOf(v)
	}
	return out
}

func (m *machine) typ(id int, p any) {
	m.reg.mu.Lock()
	defer m.reg.mu.Unlock()
	rt := reflect.TypeOf(p).Elem()
	if r := m.reg.byID[id]; r != nil { // boxes have it
		r.rt = rt
		return
	}
	t := m.k.prog.Type(id)
	m.reg.byID[id] = &rtype{id: id, typ: t, rt: rt, boxed: m.k.prog.Boxed(t), reg: m.reg}
}

func (m *machine) method(id int, name string, fn any) {
	m.reg.mu.Lock()
	defer m.reg.mu.Unlock()
	m.reg.methods[methodKey{id, name}] = reflect.ValueOf(fn)
	m.reg.space.Changed()
}

// setFunc tells of a function of the script that gets floats.
func (m *machine) setFunc(name string, fn any) { m.funcs.Store(name, reflect.ValueOf(fn)) }

// whole calls a function of the script with all its arguments, negative zeros too, and
// stores the results.
func (m *machine) whole(name string, spread bool, args []any, results ...any) {
	known, _ := m.funcs.Load(name)
	f := known.(reflect.Value)
	in := make([]reflect.Value, len(args))
	for i, a := range args {
		t := f.Type().In(min(i, f.Type().NumIn()-1))
		if f.Type().IsVariadic() && i >= f.Type().NumIn()-1 && !spread {
			t = t.Elem()
		}
		switch v := reflect.ValueOf(a); {
		case !v.IsValid():
			in[i] = reflect.Zero(t)
		case v.Type().AssignableTo(t):
			in[i] = v
		default:
			in[i] = v.Convert(t) // a constant
		}
	}
	call := f.Call
	if spread {
		call = f.CallSlice
	}
	for i, v := range call(in) {
		reflect.ValueOf(results[i]).Elem().Set(v)
	}
}

func (m *machine) box(v any, id int) any { return box{m.reg.get(id), v} }

// to stores v in *p, whose type the lowering knows to be right.
func (m *machine) to(v, p any) {
	d := reflect.ValueOf(p).Elem()
	if v == nil {
		d.SetZero()
		return
	}
	if d.Kind() == reflect.Interface {
		if b, ok := v.(box); ok && d.NumMethod() > 0 {
			d.Set(b.adapt(d.Type()))
			return
		}
		d.Set(reflect.ValueOf(v))
		return
	}
	if b, ok := v.(box); ok {
		v = b.v
	}
	if v == nil {
		d.SetZero()
		return
	}
	d.Set(reflect.ValueOf(v))
}

func (m *machine) assertOK(v any, id int, p any) bool {
	t := m.reg.get(id)
	if !m.reg.matches(v, t) {
		reflect.ValueOf(p).Elem().SetZero()
		return false
	}
	if types.IsInterface(t.typ) {
		m.to(v, p)
	} else {
		m.raw(v, p)
	}
	return true
}

// raw is to for a type that is no interface, though its form may be "any".
func (m *machine) raw(v, p any) {
	if b, ok := v.(box); ok {
		v = b.v
	}
	m.to(v, p)
}

// open is the interpreter's own value, for natives that look at its shape.
func open(v any) any {
	if b, ok := v.(box); ok {
		return b.v
	}
	return v
}

// closed refuses a cell's value for natives that would not see its type.
func (m *machine) closed(v any, native string) any {
	if b, ok := v.(box); ok {
		panic(fmt.Sprintf("loupe cannot run this: %s with a value of the cell type %s", native, m.reg.name(b.t.typ)))
	}
	return v
}

// closedAll is closed for arguments of a variadic function.
func (m *machine) closedAll(list []any, native string) []any {
	for _, v := range list {
		m.closed(v, native)
	}
	return list
}

// kept is what a field that is kept in an any holds: nil for the nil of any type.
func kept(v any) any {
	if isNil(v) {
		return nil
	}
	return v
}

// isNil says whether a value that is kept in an interface is nil.
func isNil(v any) bool {
	if v == nil {
		return true
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Func, reflect.Map, reflect.Slice, reflect.Chan, reflect.Pointer:
		return r.IsNil()
	}
	return false
}

func (m *machine) assert(v any, from, id int, p any) {
	if m.assertOK(v, id, p) {
		return
	}
	src, t := m.reg.get(from), m.reg.get(id)
	name := func(t types.Type) string {
		s := types.TypeString(t, func(p *types.Package) string { return p.Name() })
		if s == "any" || s == "interface{}" {
			return "interface {}"
		}
		return s
	}
	iface, isIface := t.typ.Underlying().(*types.Interface)
	switch {
	case v == nil && isIface:
		panic(typeError("interface conversion: interface is nil, not " + name(t.typ)))
	case v == nil:
		panic(typeError(fmt.Sprintf("interface conversion: %s is nil, not %s", name(src.typ), name(t.typ))))
	case isIface:
		missing := ""
		dt := m.dynamicType(v)
		if dt != nil {
			if f, _ := types.MissingMethod(dt, iface, true); f != nil {
				missing = ": missing method " + f.Name()
			}
		}
		panic(typeError(fmt.Sprintf("interface conversion: %s is not %s%s", m.reg.dynamic(v), name(t.typ), missing)))
	}
	have, want := m.reg.dynamic(v), name(t.typ)
	scopes := ""
	if have == want {
		scopes = " (types from different scopes)"
	}
	panic(typeError(fmt.Sprintf("interface conversion: %s is %s, not %s%s", name(src.typ), have, want, scopes)))
}

func (m *machine) dynamicType(v any) types.Type {
	if b, ok := v.(box); ok {
		return b.t.typ
	}
	t, err := m.reg.universe.TypeOf(reflect.TypeOf(v))
	if err != nil {
		return nil
	}
	return t
}

func (m *machine) typeCase(v any, ids ...int) int {
	for i, id := range ids {
		if id < 0 {
			if v == nil {
				return i
			}
			continue
		}
		if m.reg.matches(v, m.reg.get(id)) {
			return i
		}
	}
	return -1
}

// dispatch is the method of an interface's value, as a function.
func (m *machine) dispatch(v any, name string) any {
	switch x := v.(type) {
	case nil:
		panic(runtimeError("invalid memory address or nil pointer dereference"))
	case box:
		f, ok := x.method(name)
		if !ok {
			panic(fmt.Sprintf("loupe finds no method %s of %s", name, m.reg.dynamic(v)))
		}
		return f.Interface()
	}
	if f, ok := m.override(v, name); ok {
		return f
	}
	f := reflect.ValueOf(v).MethodByName(name)
	if !f.IsValid() {
		panic(fmt.Sprintf("loupe finds no method %s of %T", name, v))
	}
	return f.Interface()
}

func (m *machine) eq(a, b any) (equal bool) {
	defer func() {
		if r := recover(); r != nil {
			name := m.reg.dynamic(a)
			panic(runtimeError("comparing uncomparable type " + name))
		}
	}()
	return norm(a) == norm(b)
}

// key is a key of a map whose keys are interfaces.
func (m *machine) key(v any) any {
	if b, ok := v.(box); ok && !types.Comparable(b.t.typ) {
		panic(runtimeError("hash of unhashable type " + m.reg.name(b.t.typ)))
	}
	if v != nil && !reflect.TypeOf(v).Comparable() {
		panic(runtimeError("hash of unhashable type " + reflect.TypeOf(v).String()))
	}
	return v
}

// arrayLen checks the conversion of a slice to an array, or to a pointer to
// one.
func arrayLen(have, want int) {
	if have < want {
		panic(runtimeError(fmt.Sprintf("cannot convert slice with length %d to array or pointer to array with length %d", have, want)))
	}
}

// ifaceWords is an interface's value for print, which shows its two words.
type ifaceWords struct{ v any }

func clearAny(v any) {
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Map && r.IsNil() {
		return
	}
	r.Clear()
}

// maxAlloc is what Go's allocator can address on 64-bit machines: more is no lack of
// memory but a wrong length.
const maxAlloc = 1 << 48

func (m *machine) size(n, elem int, kind string) int {
	if n < 0 || n > 0 && elem > 0 && n > maxAlloc/elem {
		if kind == "chan" {
			panic(plainError("makechan: size out of range"))
		}
		panic(runtimeError("makeslice: " + kind + " out of range"))
	}
	m.room(n * elem)
	return n
}

// capacity is the capacity of a slice that is made with a length.
func (m *machine) capacity(length, n, elem int) int {
	if n < length {
		panic(runtimeError("makeslice: cap out of range"))
	}
	return m.size(n, elem, "cap")
}

func decodeRune(s string, i int) (rune, int) { return utf8.DecodeRuneInString(s[i:]) }

func setVar(p, v any) {
	d := reflect.ValueOf(p).Elem()
	if v == nil {
		d.SetZero()
		return
	}
	d.Set(reflect.ValueOf(v))
}

func (m *machine) errorsAs(err error, id int, p any) bool {
	if err == nil {
		return false
	}
	t := m.reg.get(id)
	if reflect.ValueOf(p).IsNil() {
		panic("errors: target cannot be nil")
	}
	for err != nil {
		if m.reg.matches(norm(err), t) {
			if types.IsInterface(t.typ) {
				m.to(norm(err), p)
			} else {
				m.raw(norm(err), p)
			}
			return true
		}
		if as, ok := err.(interface{ As(any) bool }); ok && as.As(p) {
			return true
		}
		switch u := err.(type) {
		case interface{ Unwrap() error }:
			err = u.Unwrap()
		case interface{ Unwrap() []error }:
			for _, e := range u.Unwrap() {
				if m.errorsAs(e, id, p) {
					return true
				}
			}
			return false
		default:
			return false
		}
	}
	return false
}

// exit is os.Exit: nothing of the cell runs on, deferred calls included.
func (m *machine) exit(code int) {
	r := m.gs.current()
	if r == nil {
		runtime.Goexit()
	}
	r.finish(&outcome{kind: Exit, code: code})
	m.k.out.mute(r)
	m.die()
}

// die ends the goroutine of a run that is over.
func (m *machine) die() { runtime.Goexit() }

func (m *machine) sleep(d time.Duration) {
	r := m.gs.current()
	if d <= 0 || r == nil {
		time.Sleep(d)
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.over:
		m.die()
	}
}

// wait runs a native call that may block for ever, so that an interrupt still
// ends the cell.
func (m *machine) wait(v any, method string, pos int) {
	call := func() {}
	switch x := v.(type) {
	case *sync.WaitGroup:
		call = x.Wait
	case *sync.Mutex:
		if x.TryLock() {
			return
		}
		call = x.Lock
	case *sync.RWMutex:
		if method == "RLock" {
			if x.TryRLock() {
				return
			}
			call = x.RLock
		} else {
			if x.TryLock() {
				return
			}
			call = x.Lock
		}
	case *sync.Cond:
		call = x.Wait
	}
	r := m.gs.current()
	if r == nil {
		call()
		return
	}
	done := make(chan struct{})
	id := goid()
	m.gs.park(id, parking{line: pos, what: waitWord(v, method), helper: -1})
	var fault any // of a WaitGroup that is used anew too early
	go func() {
		defer close(done)
		defer func() { fault = recover() }() // nobody's once the run is over
		m.gs.helps(id)
		call()
	}()
	select {
	case <-done:
		if m.gs.unpark(id); fault != nil {
			panic(fault)
		}
	case <-r.over:
		m.gs.unpark(id)
		m.die()
	}
}

// unlock ends the run where the Go runtime would end the process.
func unlock(v any, method string) {
	switch x := v.(type) {
	case *sync.Mutex:
		if x.TryLock() {
			x.Unlock()
			panic(fatal("sync: unlock of unlocked mutex"))
		}
		x.Unlock()
	case *sync.RWMutex:
		if method == "RUnlock" {
			if x.TryLock() {
				x.Unlock()
				panic(fatal("sync: RUnlock of unlocked RWMutex"))
			}
			x.RUnlock()
			return
		}
		if x.TryRLock() {
			x.RUnlock()
			panic(fatal("sync: Unlock of unlocked RWMutex"))
		}
		x.Unlock()
	}
}

// waitWord is what the Go runtime calls a wait.
func waitWord(v any, method string) string {
	s := strings.TrimPrefix(fmt.Sprintf("%T", v), "*")
	return s + "." + method
}

// overrides are standard symbols that would reach past the kernel.
func (m *machine) overrides(path string, t map[string]reflect.Value) {
	set := func(name string, v any) { t[name] = reflect.ValueOf(v) }
	switch path {
	case "fmt":
		m.fmtTable(set)
	case "os":
		set("Exit", m.exit)
		t["Args"] = reflect.ValueOf(&m.k.args).Elem()
		t["Stdout"] = reflect.ValueOf(&m.k.out.stdoutFile).Elem()
		t["Stderr"] = reflect.ValueOf(&m.k.out.stderrFile).Elem()
	case "log":
		m.logTable(set)
	case "encoding/json": // an error of a box's encoding is the encoder's own
		set("Marshal", func(v any) ([]byte, error) {
			b, err := json.Marshal(v)
			var me *json.MarshalerError
			if errors.As(err, &me) && me.Type == reflect.TypeFor[box]() {
				err = me.Err
			}
			return b, err
		})
	case "time":
		set("Sleep", m.sleep)
	case "strings":
		set("Repeat", func(s string, n int) string { roomFor(n, len(s)); return strings.Repeat(s, n) })
	case "bytes":
		set("Repeat", func(b []byte, n int) []byte { roomFor(n, len(b)); return bytes.Repeat(b, n) })
	case "io":
		set("ReadAll", readAll)
	case "reflect":
		m.reflectTable(t)
	case "encoding/gob":
		gob.NewSession().Table(t)
	case "flag":
		m.flagTable(t)
	case "runtime":
		set("Goexit", m.goexit)
		set("NumGoroutine", m.gs.number)
	}
}

// goexit ends a goroutine of the script. The main goroutine of a program
// would go on to a deadlock.
func (m *machine) goexit() {
	if r := m.gs.current(); r != nil && m.gs.isMain(r) {
		r.finish(&outcome{kind: Panic, fatal: true, value: "no goroutines (main called runtime.Goexit) - deadlock!", line: m.at()})
	}
	runtime.Goexit()
}

// panicValue notes where a panic begins: at pos if that is known, for the
// value's own evaluation may have been elsewhere.
func (m *machine) panicValue(v any, pos int) any {
	if pos > 0 {
		m.setLine(pos)
	}
	if v == nil {
		v = new(runtime.PanicNilError)
	}
	v = ownPanic(v)
	m.note(v)
	return v
}

// noting keeps the line of a panic on its way, pos if that is one.
func (m *machine) noting(pos int) {
	if p := recover(); p != nil {
		if pos > 0 {
			m.setLine(pos)
		}
		m.note(p)
		panic(p)
	}
}

func (m *machine) index(i, n, pos int) int {
	if uint(i) < uint(n) {
		return i
	}
	defer m.noting(pos)
	return indexError(i, n)
}

func (m *machine) slice(l, h, max, limit, kind int, three bool, pos int) {
	if !three && 0 <= l && l <= h && h <= limit {
		return
	}
	defer m.noting(pos)
	sliceError(l, h, max, limit, kind, three)
}

// unwrapPanic takes off what the interpreter wraps a panic's value in.
func unwrapPanic(r any) any {
	if v, ok := r.(reflect.Value); ok && v.IsValid() {
		return v.Interface()
	}
	return r
}

// indexError is the index if it is in range of a length.
func indexError(i, n int) int {
	if i < 0 {
		panic(runtimeError(fmt.Sprintf("index out of range [%d]", i)))
	}
	if i >= n {
		panic(runtimeError(fmt.Sprintf("index out of range [%d] with length %d", i, n)))
	}
	return i
}

// sliceError checks s[l:h:m]. kind 0 is a slice, 1 a string, 2 an array; 4
// marks a missing high bound.
func sliceError(l, h, m, limit, kind int, three bool) {
	word := "capacity"
	if kind&3 != 0 {
		word = "length"
	}
	fail := func(format string, args ...any) {
		panic(runtimeError("slice bounds out of range " + fmt.Sprintf(format, args...)))
	}
	if three {
		switch {
		case m < 0:
			fail("[::%d]", m)
		case m > limit:
			fail("[::%d] with %s %d", m, word, limit)
		case h < 0:
			fail("[:%d:]", h)
		case h > m:
			fail("[:%d:%d]", h, m)
		case l < 0:
			fail("[%d::]", l)
		case l > h:
			fail("[%d:%d:]", l, h)
		}
		return
	}
	switch {
	case kind&4 == 0 && h < 0:
		fail("[:%d]", h)
	case kind&4 == 0 && h > limit:
		fail("[:%d] with %s %d", h, word, limit)
	case l < 0:
		fail("[%d:]", l)
	case l > h:
		fail("[%d:%d]", l, h)
	}
}

// runtimeError is an error of the Go runtime with its text.
type runtimeError string

func (e runtimeError) Error() string { return "runtime error: " + string(e) }
func (e runtimeError) RuntimeError() {}

// typeError is a failed type assertion.
type typeError string

func (e typeError) Error() string { return string(e) }
func (e typeError) RuntimeError() {}

// goTypeName is the name that the Go runtime's own error has in place of v, ""
// if v is none of ours.
func goTypeName(v any) string {
	switch e := v.(type) {
	case runtimeError:
		for _, p := range []string{"index out of range", "slice bounds out of range", "cannot convert slice"} {
			if strings.HasPrefix(string(e), p) {
				return "runtime.boundsError"
			}
		}
		return "runtime.errorString"
	case typeError:
		return "*runtime.TypeAssertionError"
	case plainError:
		return "runtime.plainError"
	case unhashable:
		return "maps.unhashableTypeError"
	case reflected:
		return "reflect.Value"
	}
	return ""
}

// fatal is an error that ends a program without a panic.
type fatal string

// goPanic gives a panic of the interpreter or of reflection the value that
// the compiled program would have panicked with.
func goPanic(r any) any {
	text := ""
	switch e := r.(type) {
	case runtimeError, typeError, plainError, mirror.Panic:
		return r
	case runtime.Error:
		var te *runtime.TypeAssertionError
		if errors.As(e, &te) {
			return r
		}
		if ve := e.Error(); strings.HasPrefix(ve, "reflect") {
			text = ve
		} else {
			return r
		}
	case *reflect.ValueError:
		if e.Kind == reflect.Invalid {
			return runtimeError("invalid memory address or nil pointer dereference")
		}
		text = e.Error()
	case error:
		return r
	case string:
		text = e
	default:
		return r
	}
	switch {
	case text == "reflect: slice index out of range", text == "reflect: array index out of range", text == "reflect: string index out of range":
		return runtimeError("index out of range")
	case strings.HasPrefix(text, "reflect.Value.Slice: "), strings.HasPrefix(text, "reflect.Value.Slice3: "):
		return runtimeError("slice bounds out of range")
	case strings.HasSuffix(text, ": slice overflow"): // of reflect.Append
		return runtimeError("growslice: len out of range")
	case text == "reflect.Value.Call: call of nil function", text == "reflect: Method on nil interface value",
		text == "reflect: Call using zero Value argument": // f(), i.M() and g(*p) of a nil f, i and p
		return runtimeError("invalid memory address or nil pointer dereference")
	case strings.HasPrefix(text, "reflect"):
		return fmt.Sprintf("loupe cannot run this: the interpreter failed (%s)", text)
	}
	return r
}

// panicText is what the compiled program prints after "panic: ".
//
// That asks methods of the value, which may do anything: they run as cells do, for a
// short time.
func (m *machine) panicText(v any) string {
	const failed = "panic while printing panic value" // Go's words
	texts := make(chan string, 1)
	m.k.bounded(context.Background(), func() {
		defer func() {
			switch p := recover(); x := goPanic(unwrapPanic(p)).(type) {
			case nil:
			case string:
				texts <- failed + ": " + x
			case runtime.Error:
				texts <- failed + ": " + x.Error()
			default:
				texts <- failed
			}
		}()
		texts <- m.chainText(v)
	})
	select {
	case text := <-texts:
		return text
	default:
		return failed + ": its method does not return"
	}
}

// chainText is the text of a panic and of those before it that it followed.
func (m *machine) chainText(v any) string {
	v = unwrapPanic(v)
	c, ok := v.(chained)
	if !ok {
		return m.panicValueText(v)
	}
	var b strings.Builder
	for i, l := range c.before {
		next := c.val
		if i+1 < len(c.before) {
			next = c.before[i+1].val
		}
		b.WriteString(m.panicValueText(l.val))
		switch {
		case l.recovered && m.same(l.val, next):
			b.WriteString(" [recovered, repanicked]")
			return b.String() // what follows is not printed again
		case l.recovered:
			b.WriteString(" [recovered]")
		}
		b.WriteString("\n\tpanic: ")
	}
	return b.String() + m.panicValueText(c.val)
}

// same says whether two panics have the same value.
func (m *machine) same(a, b any) (equal bool) {
	defer func() {
		if recover() != nil {
			equal = false
		}
	}()
	return norm(goPanic(a)) == norm(goPanic(b))
}

func (m *machine) panicValueText(v any) string {
	v = norm(exact(goPanic(unwrapPanic(v))))
	switch x := v.(type) {
	case fatal:
		return string(x)
	case box:
		if e, ok := x.method("Error"); ok {
			if f, ok := e.Interface().(func() string); ok {
				return f()
			}
		}
		if e, ok := x.method("String"); ok {
			if f, ok := e.Interface().(func() string); ok {
				return f()
			}
		}
		if b, ok := x.t.typ.Underlying().(*types.Basic); ok {
			if b.Info()&types.IsString != 0 {
				return fmt.Sprintf("%s(%q)", m.reg.name(x.t.typ), x.v)
			}
			return fmt.Sprintf("%s(%v)", m.reg.name(x.t.typ), x.v)
		}
		return fmt.Sprintf("(%s) %+v", m.reg.name(x.t.typ), x)
	case error:
		return x.Error()
	case fmt.Stringer:
		return x.String()
	case string:
		return x
	case bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, uintptr:
		return fmt.Sprintf("%v", x)
	case float32, float64, complex64, complex128:
		return builtinText(x)
	}
	return fmt.Sprintf("(%T) %v", v, v)
}

// builtinText is how print writes a value.
func builtinText(v any) string {
	switch x := v.(type) {
	case float32:
		return strconv.FormatFloat(float64(x), 'g', -1, 32)
	case float64:
		switch {
		case x != x:
			return "NaN"
		case math.IsInf(x, 1):
			return "+Inf"
		case math.IsInf(x, -1):
			return "-Inf"
		}
		return strconv.FormatFloat(x, 'g', -1, 64)
	case complex128:
		im := builtinText(imag(x))
		if im[0] != '-' && im[0] != '+' {
			im = "+" + im
		}
		return "(" + builtinText(real(x)) + im + "i)"
	case complex64:
		return builtinText(complex128(x))
	case nil:
		return "nil"
	case box:
		return builtinText(x.v)
	case ifaceWords:
		if x.v == nil {
			return "(0x0,0x0)"
		}
		return fmt.Sprintf("(%p,%p)", reflect.TypeOf(x.v), &x)
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Slice:
		return fmt.Sprintf("[%d/%d]0x%x", r.Len(), r.Cap(), r.Pointer())
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return fmt.Sprintf("0x%x", r.Pointer())
	}
	return fmt.Sprint(v)
}

func (m *machine) print(args ...any) {
	var b strings.Builder
	for _, a := range args {
		b.WriteString(builtinText(a))
	}
	m.k.out.write(true, b.String())
}

func (m *machine) println(args ...any) {
	var list []string
	for _, a := range args {
		list = append(list, builtinText(a))
	}
	m.k.out.write(true, strings.Join(list, " ")+"\n")
}

// shiftCount is a shift's count, which must not be negative.
func shiftCount(n int) uint {
	if n < 0 {
		panic(runtimeError("negative shift amount"))
	}
	return uint(n)
}
