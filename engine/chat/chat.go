package chat

import "time"

// Message is one turn of a conversation.
type Message struct {
	Role    string `json:"role"` // "system", "user", "assistant"; what is allowed is the template's affair
	Content string `json:"content"`
}

// Options is what a template is told beside the messages.
type Options struct {
	AddGenerationPrompt bool      // end with the opening of an assistant message
	BOS, EOS            string    // bos_token and eos_token, as text
	Now                 time.Time // for templates that print the date; zero: time.Now()
}

// ChatML is the template of the ChatML format, for a model that was trained on
// it and whose file does not say so. It is never used unasked.
const ChatML = "{%- for message in messages -%}" +
	"{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' -}}" +
	"{%- endfor -%}" +
	"{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
