package repl

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// errInterrupt is Ctrl-C at the prompt.
var errInterrupt = errors.New("interrupted")

// lineReader gives one line of input, without its newline. A pasted block is
// one line with newlines in it. The error is io.EOF at the end of the input,
// or errInterrupt with what was typed so far.
type lineReader interface {
	ReadLine(prompt, preset string) (string, error)
	Close() error
}

// pipeLines reads from what is no terminal. prompts is nil but for a terminal
// that cannot move its cursor.
type pipeLines struct {
	in      *bufio.Reader
	prompts io.Writer
}

func (p *pipeLines) ReadLine(prompt, _ string) (string, error) {
	if p.prompts != nil {
		io.WriteString(p.prompts, prompt)
	}
	line, err := p.in.ReadString('\n')
	if err != nil && line == "" {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func (p *pipeLines) Close() error { return nil }
