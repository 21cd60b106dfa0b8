package main

import "fmt"

type Node[K, V any] struct {
	Key    K
	Value  V
	Left   *Node[K, V]
	Parent *Node[K, V]
}

type Tree[K comparable, V any] struct {
	Root *Node[K, V]
	size int
}

func New[K comparable, V any]() *Tree[K, V] { return &Tree[K, V]{} }

func (t *Tree[K, V]) Put(k K, v V) {
	if t.Root == nil {
		t.Root = &Node[K, V]{Key: k, Value: v}
		return
	}
	var n *Node[K, V]
	for n = t.Root; n.Left != nil; n = n.Left {
	}
	n.Left = &Node[K, V]{Key: k, Value: v, Parent: n}
}

type Map[K, V comparable] struct {
	f Tree[K, V]
	i Tree[V, K]
}

func NewMap[K, V comparable]() *Map[K, V] { return &Map[K, V]{f: *New[K, V](), i: *New[V, K]()} }

func (m *Map[K, V]) Put(k K, v V) {
	m.f.Put(k, v)
	m.i.Put(v, k)
}

func main() {
	m := NewMap[int, string]()
	m.Put(1, "a")
	m.Put(2, "b")
	fmt.Println(m.f.Root.Key, m.i.Root.Key, m.i.Root.Left.Parent.Key)
	w := NewMap[string, int]()
	w.Put("x", 1)
	fmt.Println(w.f.Root.Key, w.i.Root.Key)
}
