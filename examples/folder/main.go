// Folder sums up the text files of a folder, each in one line, and then all
// lines together: a chain over several documents. It prints the plan before
// anything runs and the account afterwards; a bar shows how far it is.
//
//	go run ./examples/folder examples/folder/texts
//	go run ./examples/folder -m smollm2 -journal sums.jsonl ~/notes
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"loupe/engine"
	"loupe/stdlib/chain"
)

func main() {
	model := flag.String("m", "lesson", "path of a GGUF file or name of a model")
	journal := flag.String("journal", "", "file to resume from after Ctrl-C")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: folder [-m MODEL] [-journal FILE] FOLDER")
		os.Exit(2)
	}
	if err := run(*model, *journal, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "folder:", err)
		os.Exit(1)
	}
}

func run(model, journal, folder string) error {
	docs, err := read(folder)
	if err != nil {
		return err
	}
	m, err := engine.Load(model, engine.LoadConfig{})
	if err != nil {
		return err
	}
	defer m.Close()

	line := chain.Step{Name: "line", Prompt: "{text}\nSummarise the story.", Config: engine.GenerateConfig{MaxTokens: 40}}
	join := chain.Step{Name: "join", Prompt: "{text}\nPut the lines together.", Config: engine.GenerateConfig{MaxTokens: 120}}
	c := &chain.Chain{Model: m, Do: chain.MapReduce(line, join), Journal: journal}
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 { // a terminal
		c.OnEvent = chain.Bar(os.Stderr)
	}

	plan, err := c.Plan(docs...)
	if err != nil {
		return err
	}
	fmt.Println(plan)

	// Ctrl-C keeps the answers that are there; with a journal the next run goes on from them.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := c.RunContext(ctx, docs...)
	for _, x := range r.Results {
		fmt.Println(name(x)+":", x.Text)
	}
	if err != nil {
		return err
	}
	fmt.Println(r.Account())
	return nil
}

// name is the file that a result is of, or the step's name.
func name(x *chain.Result) string {
	if x.Piece != nil {
		return x.Piece.Name
	}
	return x.Step
}

// read gives the .txt and .md files of a folder.
func read(folder string) ([]chain.Document, error) {
	var docs []chain.Document
	for _, pattern := range []string{"*.txt", "*.md"} {
		paths, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			text, err := os.ReadFile(p)
			if err != nil {
				return nil, err
			}
			docs = append(docs, chain.Document{Name: filepath.Base(p), Text: string(text)})
		}
	}
	if len(docs) == 0 {
		return nil, fmt.Errorf("%s holds no .txt and no .md file", folder)
	}
	return docs, nil
}
