package engine_test

import (
	"fmt"
	"log"
	"strings"

	"loupe/engine"
	"loupe/engine/chat"
)

// must ends an example where a call fails; a program looks at the error.
func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// done is must for calls that give nothing else.
func done(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func ExampleModel_Tokenize() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	ids := m.Tokenize("Mia the fox")        // as a prompt: with what the model wants in front
	plain := m.TokenizePlain("Mia the fox") // the text and nothing else
	bos, added := m.BOS()
	fmt.Println(ids[0] == bos, added, len(ids)-len(plain))
	for _, id := range plain {
		fmt.Printf("%q ", m.TokenText(id))
	}
	fmt.Println(m.Detokenize(plain), "from a vocabulary of", m.Vocabulary())
	// Output:
	// true true 1
	// "Mia" " the" " fox" Mia the fox from a vocabulary of 1274
}

func ExampleModel_ChatTemplate() {
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	fmt.Println(must(m.ChatTemplate([]chat.Message{{Role: "user", Content: "Tell me a story."}})))
	// Output: <|user|>Tell me a story.<|end|><|assistant|>
}

func ExampleModel_Memory() {
	m := must(engine.Load("lesson", engine.LoadConfig{Threads: 2, ContextLength: 256}))
	defer m.Close()
	s := m.NewSession()
	must(s.Eval(m.Tokenize(strings.Repeat("They ate pie and soup. ", 40))))
	taken, full := m.Memory(), must(engine.Estimate("lesson", engine.LoadConfig{Threads: 2, ContextLength: 256}))
	fmt.Println("K and V of this session:", s.Bytes() <= taken.K+taken.V, engine.Size(taken.K), engine.Size(taken.V))
	fmt.Println("no more than a full context takes:", taken.Total() <= full.Total())
	table := must(m.MemoryTable()) // the same as a table, beside what a full context would take
	fmt.Println(strings.Count(table, "\n") > 5)
	// Output:
	// K and V of this session: true 240 KiB 240 KiB
	// no more than a full context takes: true
	// true
}

func ExampleModel() {
	m := must(engine.Load("lesson", engine.LoadConfig{Threads: 1}))
	defer m.Close()
	all, perToken := m.WeightBytes()
	fmt.Println(m.Name(), len(m.SHA256()), "digits of a checksum")
	fmt.Println("a token reads all weights:", all == perToken)
	fmt.Println("laid out for the kernels:", m.PackedBytes() <= m.Bytes())
	fmt.Println(m.NewSession().Model() == m)
	// Output:
	// lesson 64 digits of a checksum
	// a token reads all weights: true
	// laid out for the kernels: true
	// true
}

func ExampleModel_Profile() {
	m := must(engine.Load("lesson", engine.LoadConfig{Threads: 1}))
	defer m.Close()
	s, ids := m.NewSession(), m.Tokenize("Once upon a time there was a rabbit")
	p := must(m.Profile(func() error { _, err := s.Eval(ids); return err }))
	var longest engine.Phase = p.Phases[0] // then the others: products by weights, attention, norms, ...
	sum := p.Wall
	for _, phase := range p.Phases {
		sum -= phase.Time
	}
	fmt.Println("phases add up to the time on the clock:", sum.Abs() < p.Wall/100, longest.Name != "")
	fmt.Println("as a table, for each token:", strings.Contains(p.Per(len(ids)), "attention"))
	// Output:
	// phases add up to the time on the clock: true true
	// as a table, for each token: true
}

func ExampleKernels() {
	tier := must(engine.Kernels()) // "avx512vnni", "avx2" or the like, or "generic"
	m := must(engine.Load("lesson", engine.LoadConfig{}))
	defer m.Close()
	fmt.Println(tier == m.Settings().Kernels)
	// Output: true
}

func ExampleJSONSchemaOf() {
	type find struct {
		Who   string `json:"who" jsonschema:"maxLength=20"`
		Color string `json:"color" jsonschema:"enum=red,enum=blue"`
	}
	fmt.Println(must(engine.JSONSchemaOf(find{})))
	// Output: {"type":"object","properties":{"who":{"type":"string","maxLength":20},"color":{"type":"string","enum":["red","blue"]}},"required":["who","color"],"additionalProperties":false}
}
