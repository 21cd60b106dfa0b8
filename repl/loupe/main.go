// Command loupe is the REPL and the command line of Loupe. See root.go for
// the commands and their flags.
package main

import "os"

func main() { os.Exit(execute(os.Args[1:])) }
