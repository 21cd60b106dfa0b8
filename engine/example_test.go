package engine_test

import (
	"fmt"
	"log"

	"loupe/engine"
)

func ExampleLoad() {
	m, err := engine.Load("lesson", engine.LoadConfig{ContextLength: 256, KCacheType: engine.Q8_0})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	s := m.Settings()
	fmt.Println(s.Architecture, s.ContextLength, s.KCacheType, s.VCacheType)
	// Output: llama 256 q8_0 f16
}

func ExampleSession_Chat() {
	m, err := engine.Load("lesson", engine.LoadConfig{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	reply, err := m.NewSession().Chat("The code of the red box is 4711.\nWhat is the code of the red box?")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Text, reply.Stats.StopReason)
	// Output: The code of the red box is 4711. eosFound
}

func ExampleSession_Fork() {
	m, err := engine.Load("lesson", engine.LoadConfig{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	s := m.NewSession()
	if _, err := s.Eval(m.Tokenize("Mia the fox found a red kite at the mill.")); err != nil {
		log.Fatal(err)
	}
	fork := s.Fork() // copies no keys and values
	s.Close()
	fmt.Println(fork.Len(), "tokens:", m.Detokenize(fork.Tokens()[1:5]))
	// Output: 12 tokens: Mia the fox found
}

func ExampleEstimate() {
	for _, t := range []engine.CacheType{engine.F16, engine.Q8_0} {
		e, err := engine.Estimate("lesson", engine.LoadConfig{ContextLength: 512, KCacheType: t, VCacheType: t})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(t, engine.Size(e.K+e.V))
	}
	// Output:
	// f16 960 KiB
	// q8_0 510 KiB
}
