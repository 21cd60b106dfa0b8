package gob

import "reflect"

// Table puts what this package has into the symbol table of encoding/gob.
func (s *Session) Table(table map[string]reflect.Value) {
	for name, v := range map[string]any{
		"NewEncoder": s.NewEncoder, "NewDecoder": s.NewDecoder, "Register": s.Register, "RegisterName": s.RegisterName,
		"Encoder": (*Encoder)(nil), "Decoder": (*Decoder)(nil),
	} {
		table[name] = reflect.ValueOf(v)
	}
}
