package chat_test

import (
	"errors"
	"fmt"
	"log"

	"loupe/engine/chat"
)

func ExampleTemplate() {
	t, err := chat.Parse(chat.ChatML) // a model's own is in its file: engine.Model.ChatTemplate
	if err != nil {
		log.Fatal(err)
	}
	prompt, err := t.Render([]chat.Message{
		{Role: "system", Content: "Answer in one word."},
		{Role: "user", Content: "What is the colour of snow?"},
	}, chat.Options{AddGenerationPrompt: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(prompt)
	// Output:
	// <|im_start|>system
	// Answer in one word.<|im_end|>
	// <|im_start|>user
	// What is the colour of snow?<|im_end|>
	// <|im_start|>assistant
}

// A template may refuse a conversation, and a model may have none.
func ExampleParse() {
	t, err := chat.Parse("{% if messages[0].role == 'system' %}{{ raise_exception('no system messages') }}{% endif %}")
	if err != nil {
		log.Fatal(err)
	}
	_, err = t.Render([]chat.Message{{Role: "system", Content: "Be brief."}}, chat.Options{})
	var refused *chat.RaisedError
	fmt.Println(errors.As(err, &refused), refused.Text)
	_, err = chat.Parse("")
	fmt.Println(errors.Is(err, chat.ErrNoTemplate))
	// Output:
	// true no system messages
	// true
}
