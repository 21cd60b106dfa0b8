package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"loupe/engine/store"
	"loupe/jupyter"
	"loupe/kernel"
	"loupe/repl"
)

const kernelName = "loupe"

func newJupyterCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "jupyter COMMAND",
		Short: "Make Loupe a kernel of Jupyter",
		Long: `Make Loupe a kernel of Jupyter: JupyterLab, Notebook, VS Code, nbclient, papermill.

Cells are what they are at the prompt, and the model is there as m. Nothing but
the loupe program is needed beside Jupyter itself.`,
		Example: `  loupe jupyter install                    # for this user
  loupe jupyter install --prefix .venv     # for one virtual environment
  loupe jupyter uninstall`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("jupyter: no command given; loupe jupyter install")
			}
			return fmt.Errorf("jupyter: unknown command %q; install and uninstall exist", args[0])
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	cmd.AddCommand(newJupyterInstallCmd(), newJupyterUninstallCmd(), newJupyterKernelCmd())
	return cmd
}

// specPlace are the flags that say where a kernelspec lies.
type specPlace struct {
	user         bool
	prefix, name string
}

func (p *specPlace) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&p.user, "user", false, "for this user (this is the default)")
	f.StringVar(&p.prefix, "prefix", "", "for the installation in this folder, such as a virtual environment")
	f.StringVar(&p.name, "name", kernelName, "name of the kernelspec; several may exist, each with its own model")
}

func (p *specPlace) kernels() (string, error) {
	if p.user && p.prefix != "" {
		return "", usageError{errors.New("jupyter: --user and --prefix are two places; give one")}
	}
	if p.prefix != "" {
		return jupyter.PrefixKernels(p.prefix), nil
	}
	return jupyter.UserKernels()
}

func newJupyterInstallCmd() *cobra.Command {
	var place specPlace
	var model loadFlags
	cmd := &cobra.Command{
		Use:   "install [flags]",
		Short: "Write the kernelspec with which Jupyter starts this program",
		Long: `Write the kernelspec with which Jupyter starts this program: kernel.json and logos.

The model and its load settings are written into it. The model is loaded once
before that, so that a wrong setting is told here and not in a notebook.`,
		Example: `  loupe jupyter install
  loupe jupyter install --prefix .venv
  loupe jupyter install -m smollm2 -c 4096 --name loupe-smollm2`,
		Args: noArguments("--prefix DIR chooses the place"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			kernels, err := place.kernels()
			if err != nil {
				return err
			}
			program, err := lastingProgram()
			if err != nil {
				return err
			}
			m, err := model.load(cmd)
			if err != nil {
				return err
			}
			m.Close()
			spec := jupyter.Spec{Name: place.name, DisplayName: "Go (Loupe)"}
			spec.Argv = append([]string{program, "jupyter", "kernel", "{connection_file}"}, givenLoadFlags(cmd, &place)...)
			if !store.IsDefault(model.model) {
				spec.DisplayName = "Go (Loupe, " + strings.TrimSuffix(filepath.Base(model.model), ".gguf") + ")"
			}
			dir, err := spec.Install(kernels)
			if err != nil {
				return err
			}
			fmt.Printf("%s is in Jupyter's list of kernels now (%s)\n", spec.DisplayName, dir)
			return nil
		},
	}
	place.add(cmd)
	model.add(cmd)
	return cmd
}

// lastingProgram is the path of this program, which Jupyter will start later.
func lastingProgram() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("jupyter: where this program lies: %w", err)
	}
	// go run puts it where it is gone afterwards.
	for dir := filepath.Dir(path); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if strings.HasPrefix(filepath.Base(dir), "go-build") {
			return "", errors.New("jupyter: go run removes this program when it ends, so Jupyter could not start it; build it first: go build -o loupe ./repl/loupe && ./loupe jupyter install")
		}
	}
	return path, nil
}

// givenLoadFlags are the load settings of the command line, as flags of the
// kernel. The path of a model is made absolute: Jupyter starts kernels in the
// folder of the notebook.
func givenLoadFlags(cmd *cobra.Command, place *specPlace) []string {
	own := &cobra.Command{}
	place.add(own)
	var args []string
	cmd.Flags().Visit(func(f *pflag.Flag) {
		value := f.Value.String()
		if own.Flags().Lookup(f.Name) != nil {
			return
		}
		if f.Name == "model" {
			if _, err := os.Stat(value); err == nil {
				if abs, err := filepath.Abs(value); err == nil {
					value = abs
				}
			}
		}
		args = append(args, "--"+f.Name+"="+value)
	})
	return args
}

func newJupyterUninstallCmd() *cobra.Command {
	var place specPlace
	cmd := &cobra.Command{
		Use:   "uninstall [flags]",
		Short: "Remove the kernelspec that install wrote",
		Long:  `Remove the kernelspec that install wrote. Files that it did not write stay, and so do other kernels.`,
		Example: `  loupe jupyter uninstall
  loupe jupyter uninstall --prefix .venv --name loupe-smollm2`,
		Args: noArguments("--name NAME chooses the kernelspec"),
		RunE: func(*cobra.Command, []string) error {
			kernels, err := place.kernels()
			if err != nil {
				return err
			}
			dir, left, err := jupyter.Uninstall(kernels, place.name)
			if err != nil {
				return err
			}
			if len(left) > 0 {
				fmt.Printf("removed; %s stays with what is not ours: %s\n", dir, strings.Join(left, ", "))
				return nil
			}
			fmt.Println("removed", dir)
			return nil
		},
	}
	place.add(cmd)
	return cmd
}

func newJupyterKernelCmd() *cobra.Command {
	var model loadFlags
	cmd := &cobra.Command{
		Use:     "kernel [flags] CONNECTION_FILE",
		Short:   "Be the kernel of a front-end; Jupyter runs this",
		Long:    `Be the kernel of the front-end that wrote CONNECTION_FILE. Jupyter runs this, as the kernelspec tells it.`,
		Example: `  loupe jupyter kernel --model=lesson kernel-1234.json`,
		Hidden:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("jupyter kernel: one connection file is needed; Jupyter gives it, see loupe jupyter install")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return serveJupyter(&model, args[0]) },
	}
	model.add(cmd)
	return cmd
}

// serveJupyter is the kernel process. It ends when the front-end says so, is
// gone, or SIGTERM comes; Ctrl-C only stops the running cell.
func serveJupyter(model *loadFlags, connectionFile string) error {
	connection, err := jupyter.ReadConnection(connectionFile)
	if err != nil {
		return err
	}
	ctx, end := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer end()
	go untilOrphaned(ctx, end)

	presses, interrupts := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(presses, os.Interrupt)
	go func() {
		for range presses {
			select {
			case interrupts <- struct{}{}:
			case <-ctx.Done():
			}
		}
	}()

	opt := jupyter.Options{
		Connection: connection, Version: version, Log: os.Stderr,
		Banner: fmt.Sprintf("loupe %s: cells of Go; the model %s is there as m. ?name tells of a name, %%help lists the commands", version, model.model),
		Setup: func(k *kernel.Kernel) error {
			m, err := model.loadContext(context.Background())
			if err != nil {
				return fmt.Errorf("m is not there: %w", err)
			}
			return k.Define("m", m)
		},
	}
	if path, err := repl.HistoryPath(); err == nil {
		opt.HistoryPath = filepath.Join(filepath.Dir(path), "jupyter.jsonl")
	}
	return jupyter.Serve(ctx, opt, interrupts)
}

// untilOrphaned calls end when the process that started this kernel is gone: a
// front-end that was killed shuts nothing down.
func untilOrphaned(ctx context.Context, end func()) {
	parent := os.Getppid()
	if os.Getenv("JPY_PARENT_PID") == "" || parent <= 1 {
		return
	}
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if os.Getppid() != parent {
				end()
				return
			}
		}
	}
}
