package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"loupe/engine"
)

func newConfigCmd() *cobra.Command {
	var scope engine.Scope
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show and change the saved load settings",
		Long: `Show and change the saved load settings. They hold wherever a model is loaded, at the
prompt, by loupe run and by go run, unless a script or a flag says otherwise. Those of
one model (-m) override those of every model; those of a profile (--profile) override
both, where a script or a flag asks for it.

The files are TOML, in the folder that LOUPE_CONFIG names or loupe in the user's
configuration folder, and may be written by hand: comments stay.`,
		Example: `  loupe config                                  # what is saved, and where
  loupe config set contextLength 10000          # for every model
  loupe config set kCacheQuantizationType q8_0 -m smollm2
  loupe config set contextLength 32000 --profile long
  loupe config unset contextLength
  loupe config keys                             # what can be saved`,
		Args: noArguments("loupe config set KEY VALUE saves a setting"),
		RunE: func(cmd *cobra.Command, _ []string) error { return listConfig(cmd, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, `print [{"scope", "key", "value", "path"}]`)
	change := func(use, short string, args int, f func(args []string) (string, error)) *cobra.Command {
		c := &cobra.Command{
			Use: use, Short: short, Args: cobra.ExactArgs(args),
			ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
				if len(args) > 0 {
					return nil, cobra.ShellCompDirectiveNoFileComp
				}
				keys, _ := engine.SavedKeys()
				return keys, cobra.ShellCompDirectiveNoFileComp
			},
			RunE: func(cmd *cobra.Command, args []string) error {
				if scope.Model != "" && scope.Profile != "" {
					return usageError{fmt.Errorf("-m and --profile: a setting is saved for a model or in a profile")}
				}
				scope.Model = strings.TrimSuffix(filepath.Base(scope.Model), ".gguf")
				if scope.Model == "." {
					scope.Model = ""
				}
				path, err := f(args)
				if unknown := (*engine.UnknownSettingError)(nil); errors.As(err, &unknown) {
					return usageError{err}
				}
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", path, scope)
				return err
			},
		}
		c.Flags().StringVarP(&scope.Model, "model", "m", "", "for this `model` only")
		c.Flags().StringVar(&scope.Profile, "profile", "", "in the profile of this `name`")
		return c
	}
	cmd.AddCommand(
		change("set KEY VALUE", "Save a setting", 2, func(args []string) (string, error) { return engine.SetDefault(scope, args[0], args[1]) }),
		change("unset KEY", "Forget a saved setting", 1, func(args []string) (string, error) { return engine.UnsetDefault(scope, args[0]) }),
		&cobra.Command{
			Use: "keys", Short: "List the settings that can be saved", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				w := newTable("key", "")
				keys, about := engine.SavedKeys()
				for i, key := range keys {
					w.AppendRow(table.Row{key, about[i]})
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout(), w.Render())
				return err
			},
		},
	)
	return cmd
}

func listConfig(cmd *cobra.Command, asJSON bool) error {
	list, err := engine.Defaults()
	if err != nil {
		return err
	}
	if asJSON {
		type row struct {
			Scope string `json:"scope"`
			Key   string `json:"key"`
			Value string `json:"value"`
			Path  string `json:"path"`
		}
		rows := []row{}
		for _, d := range list {
			rows = append(rows, row{d.Scope.String(), d.Key, d.Value, d.Path})
		}
		return writeJSON(cmd.OutOrStdout(), rows)
	}
	dir, err := engine.ConfigDir()
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "nothing is saved in %s; loupe config set KEY VALUE saves a setting, loupe config keys lists them\n", dir)
		return err
	}
	w := newTable("for", "key", "value", "")
	for _, d := range list {
		w.AppendRow(table.Row{d.Scope, d.Key, d.Value, d.About})
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n%s\n", dir, w.Render())
	return err
}
