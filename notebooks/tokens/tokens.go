// Tokens: what a model reads in place of text, what each kind of text costs, and
// how a conversation becomes one prompt. Run it with
//
//	go run ./repl/loupe run notebooks/tokens/tokens.go
//	go run ./notebooks/tokens
//
// Both print the same. "-p model=smollm2" behind run takes another model.
package main

import (
	"fmt"
	"log"
	"strings"
	"unicode/utf8"

	"loupe/engine"
	"loupe/engine/chat"
)

// must ends the notebook when a step failed.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// pieces are the texts of a text's tokens, quoted, with a bar between them.
func pieces(m *engine.Model, ids []int) string {
	var list []string
	for _, id := range ids {
		list = append(list, fmt.Sprintf("%q", m.TokenText(id)))
	}
	return strings.Join(list, " ")
}

func main() {
	// %% [markdown]
	// # Tokens and chat templates
	//
	// A model does not read letters. It reads numbers from a list that was made once,
	// before training: the vocabulary. What a text costs, in time and in the cache, is
	// counted in these.

	// %% parameters
	model, text := "lesson", "Mia the fox found a red kite at the mill."

	// %% Load
	m, err := engine.Load(model, engine.LoadConfig{Threads: 2})
	must(err)
	fmt.Printf("%s has %d tokens\n", model, m.Vocabulary())

	// %% A sentence, token by token
	ids := m.TokenizePlain(text)
	for _, id := range ids {
		fmt.Printf("%6d %q\n", id, m.TokenText(id))
	}
	fmt.Printf("%d bytes, %d words, %d tokens\n", len(text), len(strings.Fields(text)), len(ids))

	// %% The way back loses nothing
	fmt.Println("same text:", m.Detokenize(ids) == text)

	// %% [markdown]
	// ## The same word is not the same token
	//
	// A blank belongs to the word behind it, and letters have a case. The model has to
	// learn that these mean the same.

	// %% fox
	for _, word := range []string{"fox", " fox", "Fox", " Fox", "FOX", " foxes"} {
		ids := m.TokenizePlain(word)
		fmt.Printf("%-8q %d: %s\n", word, len(ids), pieces(m, ids))
	}

	// %% [markdown]
	// ## What each kind of text costs
	//
	// The vocabulary was made of certain texts. What was rare in them is spelled in
	// small pieces, down to single bytes, so the same context holds less of it.

	// %% Bytes for a token
	for _, sample := range []struct{ kind, text string }{
		{"a story", "Once there was a rabbit who lived by the river. The rabbit was happy that day."},
		{"a licence", "Subject to the terms and conditions of this License, each Contributor hereby grants"},
		{"Go", "for i, x := range list {\n\tif x > 0 {\n\t\tsum += x * weights[i]\n\t}\n}"},
		{"numbers", "3.14159265 2.71828182 1.41421356 1.61803398"},
		{"Polish", "Zażółć gęślą jaźń, powiedział żółw do jeża."},
		{"Chinese", "从前有一只兔子住在河边。"},
		{"emoji", "🐢🦊🐇🦉"},
	} {
		ids, characters := m.TokenizePlain(sample.text), utf8.RuneCountInString(sample.text)
		fmt.Printf("%-10s %3d characters, %3d bytes, %3d tokens: %.2f characters a token\n", sample.kind,
			characters, len(sample.text), len(ids), float64(characters)/float64(len(ids)))
	}

	// %% A character may be several tokens
	turtle, broken := m.TokenizePlain("🐢"), 0
	for _, id := range turtle {
		if !utf8.ValidString(m.TokenText(id)) {
			broken++
		}
	}
	fmt.Printf("%d tokens, %d of which are no text alone: %s\n", len(turtle), broken, pieces(m, turtle))
	fmt.Println("together:", m.Detokenize(turtle))

	// %% [markdown]
	// ## A conversation is one text
	//
	// The model knows no messages. A template from its file writes them as one text,
	// with marks that it was trained on, up to where the answer has to begin.

	// %% The template
	talk := []chat.Message{
		{Role: "user", Content: "The code of the red box is 4711.\nWhat is the code of the red box?"},
	}
	prompt, err := m.ChatTemplate(talk)
	must(err)
	fmt.Printf("%q\n", prompt)

	// %% Marks are single tokens, but not in a user's text
	mark := prompt[:strings.IndexByte(prompt, '>')+1]
	fmt.Printf("as a part of a prompt: %s\n", pieces(m, m.Tokenize(mark)))
	fmt.Printf("as somebody's text:    %s\n", pieces(m, m.TokenizePlain(mark)))

	// %% [markdown]
	// ## What the template is for
	//
	// The same question, once as the model was trained to be asked, and once as bare
	// text. See which gets an answer.

	// %% With and without
	//nb:skip the bare text is answered by chance, and not the same on every processor
	with, err := m.NewSession().Send(talk, engine.GenerateConfig{MaxTokens: 24})
	must(err)
	bare, err := m.NewSession().Generate(talk[0].Content, engine.GenerateConfig{MaxTokens: 24})
	must(err)
	fmt.Printf("with the template: %q\nbare:              %q\n", with.Text, bare.Text)

	// %% A second question begins with the first
	longer := append(talk, chat.Message{Role: "assistant", Content: "4711"}, chat.Message{
		Role: "user", Content: "Thanks. Tell me a story.",
	})
	second, err := m.ChatTemplate(longer)
	must(err)
	fmt.Printf("%q\n", second)
	fmt.Println("it begins with the first prompt:", strings.HasPrefix(second, prompt))
	fmt.Printf("tokens: %d, then %d\n", len(m.Tokenize(prompt)), len(m.Tokenize(second)))
	must(m.Close())

	// %% [markdown]
	// That is why a conversation can go on from its cache: only what is new has to be
	// read.
	//
	// ## A question for you
	//
	// Which of two sentences that say the same to you costs more? Put them into `text`
	// in the cell "parameters", one after the other, and look at the last line of the
	// cell below it. Can you find a sentence with more tokens than letters?
}
