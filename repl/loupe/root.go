package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commands are the commands of loupe, each in the file of its name.
var commands = []func() *cobra.Command{
	newRunCmd,
	newExportCmd,
	newTestCmd,
	newNewCmd,
	newNotebooksCmd,
	newPullCmd,
	newModelsCmd,
	newShowCmd,
	newGenerateCmd,
	newTokenizeCmd,
	newPplCmd,
	newBenchCmd,
	newQuantizeCmd,
	newConfigCmd,
	newJupyterCmd,
}

// execute runs the command line and returns the status to exit with.
func execute(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// The first Ctrl-C asks the work to end, the second one ends the process.
	context.AfterFunc(ctx, stop)

	root := newRootCmd()
	root.SetArgs(spellOut(args))
	return report(root.ExecuteContext(ctx), os.Stderr)
}

func newRootCmd() *cobra.Command {
	var model loadFlags
	root := &cobra.Command{
		Use:   "loupe [-m MODEL]",
		Short: "A notebook kernel and REPL for Go in which a language model is an ordinary object",
		Long: `A notebook kernel and REPL for Go in which a language model is an ordinary object.

Without a command loupe reads cells of Go, at a prompt or from a pipe, and runs
them. The model is there as m: the small one inside the program, or another with -m.`,
		Example: `  loupe                          # the prompt, with the lesson model as m; ? prints its keys
  loupe -m smollm2               # with a pulled model as m
  loupe -m model.gguf -c 4096    # with a file, 4096 tokens of context
  loupe < cells.txt              # cells from a file, their output alone
  loupe run notebook.go          # what go run notebook.go prints`,
		Args:          noCommand,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version,
		RunE:          func(cmd *cobra.Command, _ []string) error { return prompt(cmd, &model) },
	}
	model.add(root)
	root.SetVersionTemplate(versionText() + "\n")
	for _, c := range commands {
		root.AddCommand(c())
	}
	root.InitDefaultHelpCmd()
	if help, _, err := root.Find([]string{"help"}); err == nil {
		help.Args = helpTopic
	}
	root.InitDefaultCompletionCmd()
	markUsageErrors(root)
	return root
}

// helpTopic refuses help about what is no command.
func helpTopic(help *cobra.Command, args []string) error {
	if topic, _, err := help.Root().Find(args); err != nil || len(args) > 0 && topic == help.Root() {
		return noCommand(help.Root(), args)
	}
	return nil
}

// noCommand refuses a word that is no command and says what may have been meant.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	word := args[0]
	switch filepath.Ext(word) {
	case ".go":
		return fmt.Errorf("unknown command %q; to run the file: loupe run %s", word, word)
	case ".gguf":
		return fmt.Errorf("unknown command %q; to load the model: loupe -m %s", word, word)
	}
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		return fmt.Errorf("unknown command %q; nearest: %s", word, strings.Join(near, ", "))
	}
	return fmt.Errorf("unknown command %q; loupe --help lists the commands", word)
}

// markUsageErrors makes every complaint about arguments and flags, of cmd and
// the commands below it, a usageError.
func markUsageErrors(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{withNearestFlag(c, err)}
	})
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usageError{err}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		markUsageErrors(sub)
	}
}

// ownModel answers who gives -m to a notebook.
const ownModel = "a notebook loads its own model; where that is one of its parameters: -p model=NAME"

// withNearestFlag adds to an unknown long flag those whose names are near.
func withNearestFlag(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && cmd.Flags().Lookup("param") != nil && (unknown.GetSpecifiedShortnames() == "m" || unknown.GetSpecifiedName() == "model") {
		return fmt.Errorf("%w; %s", err, ownModel)
	}
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return fmt.Errorf("%w; %s --help lists the flags", err, cmd.CommandPath())
	}
	// cobra knows what is near a word among commands, so the flags are lent
	// to it as commands.
	flags := &cobra.Command{SuggestionsMinimumDistance: 2}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		flags.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	if near := flags.SuggestionsFor(unknown.GetSpecifiedName()); len(near) > 0 {
		return fmt.Errorf("%w; nearest: --%s", err, strings.Join(near, ", --"))
	}
	return fmt.Errorf("%w; %s --help lists the flags", err, cmd.CommandPath())
}
