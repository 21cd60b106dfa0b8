package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// pips are the ways to call pip, the first that works first.
var pips = [][]string{{"python3", "-m", "pip"}, {"python", "-m", "pip"}, {"pip3"}, {"pip"}}

// fetchWheels lets pip download the wheels of specs into dir. Only wheels: a
// source distribution would run its own code on the way. total is for the
// progress; 0 when not known.
func (p *puller) fetchWheels(ctx context.Context, src source, dir string, total int64) error {
	args := []string{"download", "--no-deps", "--only-binary=:all:", "--no-cache-dir",
		"--disable-pip-version-check", "--no-input", "--progress-bar=off", "-d", dir}
	args = append(args, src.specs...)
	// pip writes into its temporary folder first; ours is on the right disk, is
	// emptied whatever happens, and can be watched.
	tmp := filepath.Join(dir, "tmp")
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return p.diskError(err, total)
	}
	defer os.RemoveAll(tmp)
	for _, pip := range pips {
		program, err := exec.LookPath(pip[0])
		if err != nil {
			continue
		}
		p.note("%s: %s download %s", src.name(), strings.Join(pip, " "), strings.Join(src.specs, " "))
		var out bytes.Buffer
		cmd := exec.CommandContext(ctx, program, append(pip[1:len(pip):len(pip)], args...)...)
		cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "TEMP="+tmp, "TMP="+tmp)
		cmd.Stdout, cmd.Stderr = &out, &out
		cmd.Cancel = func() error {
			if cmd.Process.Signal(os.Interrupt) != nil { // Windows has no such signal
				return cmd.Process.Kill()
			}
			return nil
		}
		cmd.WaitDelay = p.grace
		stop := p.watch(dir, total)
		err = cmd.Run()
		stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			return nil
		}
		if noPip(out.String()) {
			continue
		}
		return p.pipError(src, err, out.String(), total)
	}
	return fmt.Errorf("store: %s: no pip on this machine (looked for python3 -m pip, python -m pip, pip3, pip); install Python with pip, or put a .gguf file into %s by other means", src.name(), p.dir)
}

// noPip reports whether it was Python that spoke, of a pip that it has not got.
func noPip(out string) bool {
	return strings.Contains(out, "No module named pip") || strings.Contains(out, "Python was not found")
}

var (
	pipOffline = regexp.MustCompile(`(?i)failed to establish a new connection|name resolution|network is unreachable|NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|connection (was )?(refused|reset|aborted|broken)|could not fetch url`)
	pipUnknown = regexp.MustCompile(`(?i)no matching distribution|could not find a version`)
	pipFull    = regexp.MustCompile(`(?i)no space left|errno 28|disk quota exceeded`)
)

// pipError puts pip's many lines into one with a remedy.
func (p *puller) pipError(src source, err error, out string, total int64) error {
	// Its last error says what failed in the end; without one, its last line.
	line := err.Error()
	for _, l := range strings.Split(out, "\n") {
		l = strings.TrimSpace(l)
		if l != "" && !strings.HasPrefix(l, "[notice]") && (strings.HasPrefix(l, "ERROR:") || !strings.HasPrefix(line, "ERROR:")) {
			line = l
		}
	}
	line = strings.TrimSpace(strings.TrimPrefix(line, "ERROR:"))
	switch {
	case pipFull.MatchString(out):
		return p.full(total)
	// pip offline ends with "no matching distribution" as well: ask for this first.
	case pipOffline.MatchString(out):
		return fmt.Errorf("store: %s: pip cannot reach its package index (%s); look at the network, or at pip's settings for index and proxy (pip config list), and pull again", src.name(), line)
	case pipUnknown.MatchString(out):
		return fmt.Errorf("store: %s: pip finds no wheel for it (%s); check name and version", src.name(), line)
	}
	return fmt.Errorf("store: %s: pip failed (%v): %s", src.name(), err, line)
}

// watch reports how much lies in dir while pip, which tells a program nothing,
// is at work. stop ends it and waits for the last report.
func (p *puller) watch(dir string, total int64) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			var sum int64
			filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
				if err == nil && d.Type().IsRegular() {
					if info, err := d.Info(); err == nil {
						sum += info.Size()
					}
				}
				return nil // files come and go under our eyes
			})
			if total > 0 {
				sum = min(sum, total) // pip copies from its folder into ours
			}
			p.progress(sum, total)
		}
	}()
	return func() { close(done); <-ended }
}

// diskError is err, or NoSpaceError when it says that the disk is full.
func (p *puller) diskError(err error, need int64) error {
	if isFull(err) {
		return p.full(need)
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("store: %w; LOUPE_MODELS must name a folder that can be written", err)
	}
	return fmt.Errorf("store: %w", err)
}
