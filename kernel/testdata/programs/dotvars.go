package main

import (
	"fmt"

	. "flag"
)

func main() {
	old := CommandLine
	CommandLine = NewFlagSet("x", ContinueOnError)
	fmt.Println(CommandLine == old, CommandLine.Name(), NArg())
	CommandLine, old = old, CommandLine
	fmt.Println(old.Name(), CommandLine == old)
}
