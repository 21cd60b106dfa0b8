package kernel

import (
	"reflect"
	"sync/atomic"
)

// atomicPointer stands for atomic.Pointer[T] of every T: the interpreter has no
// generic types. What it holds is a pointer of the interpreter.
type atomicPointer struct{ p atomic.Pointer[any] }

func pointed(p *any) any {
	if p == nil || *p == nil || reflect.ValueOf(*p).IsNil() {
		return nil
	}
	return *p
}

func (a *atomicPointer) Load() any      { return pointed(a.p.Load()) }
func (a *atomicPointer) Store(v any)    { a.p.Store(&v) }
func (a *atomicPointer) Swap(v any) any { return pointed(a.p.Swap(&v)) }

func (a *atomicPointer) CompareAndSwap(old, now any) bool {
	want := pointed(&old)
	for {
		cur := a.p.Load()
		if pointed(cur) != want {
			return false
		}
		if a.p.CompareAndSwap(cur, &now) {
			return true
		}
	}
}
