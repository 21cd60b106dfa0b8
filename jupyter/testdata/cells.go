// A notebook with what cells do: declarations, a model, output, values with
// several forms, a table, a goroutine.
package main

import (
	"fmt"
	"log"
	"strings"
	"sync"

	"loupe/engine"
	"loupe/engine/chat"
	"loupe/stdlib/nb"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Bar shows itself as text and as a picture.
type Bar struct{ N int }

func (b Bar) Display() map[string]string {
	return map[string]string{
		"text/plain":    strings.Repeat("#", b.N),
		"image/svg+xml": fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="10"><rect width="100%%" height="100%%"/></svg>`, 10*b.N),
	}
}

func main() {
	// %% [markdown]
	// # Cells
	//
	// The model is *loaded*, asked and looked at.

	// %% Load
	m, err := engine.Load("lesson", engine.LoadConfig{Threads: 2})
	must(err)
	fmt.Println(m.Settings().Architecture)

	// %% Generate
	s := m.NewSession()
	story, err := s.Generate("Once upon a time", engine.GenerateConfig{MaxTokens: 12})
	must(err)
	fmt.Println(story.Text)

	// %% Chat
	answer, err := m.NewSession().Send([]chat.Message{{Role: "user", Content: "Tell me a story."}}, engine.GenerateConfig{MaxTokens: 8})
	must(err)
	fmt.Println(answer.Text)

	// %% Look at the cache
	small := m.NewSession()
	_, err = small.Generate("Mia the fox", engine.GenerateConfig{MaxTokens: 1})
	must(err)
	nb.Show(small.Cache())

	// %% Reuse
	again, err := small.Generate("Mia the fox", engine.GenerateConfig{MaxTokens: 1})
	must(err)
	fmt.Println(again.Stats.ReusedTokens > 0)

	// %% Values
	nb.Show(Bar{3}, []int{1, 2, 3}, map[string]int{"a": 1})

	// %% Goroutines
	var wg sync.WaitGroup
	squares := make([]int, 5)
	for i := range squares {
		wg.Go(func() { squares[i] = i * i })
	}
	wg.Wait()
	fmt.Println(squares)

	// %% Close
	must(m.Close())
}
