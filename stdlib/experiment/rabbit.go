package experiment

import "loupe/engine"

// RabbitPrompt is what Rabbit asks for.
const RabbitPrompt = "Write an essay about a rabbit."

// RabbitGrid is flash attention, the type of K and the type of V, each off and
// on (f16 and q8_0), over an essay of 1,000 tokens. A model that ends its essay
// earlier goes on behind the end (Grid.PastEnd), as models of this size end
// after a few hundred tokens and settings must generate as many to be compared.
// Tokens are the likeliest ones, with a penalty on repeated ones, without which
// small models soon write one sentence for ever. Each setting runs twice.
func RabbitGrid() Grid {
	return Grid{
		FlashAttention: []engine.Switch{engine.Off, engine.On},
		KCacheType:     []engine.CacheType{engine.F16, engine.Q8_0},
		VCacheType:     []engine.CacheType{engine.F16, engine.Q8_0},
		Load:           engine.LoadConfig{ContextLength: 2048},
		Generate:       engine.GenerateConfig{MaxTokens: 1000, RepeatPenalty: 1.1, RepeatLastN: 256},
		PastEnd:        true,
		Repetitions:    2,
	}
}

// Rabbit compares the settings of RabbitGrid on a model.
func Rabbit(model string) (*Comparison, error) { return Compare(model, RabbitPrompt, RabbitGrid()) }
