// Command train is the Go half of how the lesson model was made; train.py is the
// other. README.md has the whole recipe.
//
//	go run ./engine/store/lesson/train vocab > vocab.json
//	go run ./engine/store/lesson/train rows -length 128 -from 0 -count 64 > rows.bin
//	go run ./engine/store/lesson/train convert checkpoint.safetensors lesson.gguf
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"loupe/engine/store/lesson/train/corpus"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("say what to do: vocab, rows or convert")
	}
	switch args[0] {
	case "vocab":
		return json.NewEncoder(os.Stdout).Encode(corpus.NewVocab())
	case "rows":
		return rows(args[1:])
	case "convert":
		if len(args) != 3 {
			return fmt.Errorf("convert takes a checkpoint and the name of the GGUF file to write")
		}
		return Convert(args[1], args[2])
	}
	return fmt.Errorf("no command %q: there are vocab, rows and convert", args[0])
}

// rows writes rows of training to standard output, each as length+1 ids (uint16)
// and length+1 weights (uint8, in 1/20), little endian.
func rows(args []string) error {
	f := flag.NewFlagSet("rows", flag.ContinueOnError)
	length := f.Int("length", 128, "tokens in a row")
	from := f.Uint64("from", 0, "number of the first row, which seeds it")
	name := f.String("mix", "first", "mix of documents: first, second, third or last")
	count := f.Uint64("count", 0, "rows to write; 0 is without end")
	if err := f.Parse(args); err != nil {
		return err
	}
	mix, ok := corpus.Mixes[*name]
	if !ok {
		return fmt.Errorf("no mix %q: there are first, second, third and last", *name)
	}
	p, err := corpus.NewPacker()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	for i := *from; *count == 0 || i < *from+*count; i++ {
		ids, weights := p.Row(i, *length+1, mix)
		if err := binary.Write(out, binary.LittleEndian, ids); err != nil {
			return err
		}
		if _, err := out.Write(weights); err != nil {
			return err
		}
	}
	return out.Flush()
}
