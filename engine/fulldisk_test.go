//go:build unix

package engine

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// When no byte can be written any more, the old settings stay and nothing lies beside
// them. The limit is a process's: the test runs itself as another one.
func TestSettingsOnAFullDisk(t *testing.T) {
	if os.Getenv("FULL_DISK_CHILD") != "" {
		saveToFullDisk(t)
		return
	}
	dir := saving(t)
	saveDefault(t, Scope{}, "contextLength", "600")
	path := filepath.Join(dir, "defaults.toml")
	was, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(was), "llm.load.contextLength = 600\n") {
		t.Fatalf("%s, %v", was, err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestSettingsOnAFullDisk$")
	child.Env = append(os.Environ(), "FULL_DISK_CHILD=1")
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	onlyFile(t, "after the disk was full", path, string(was))
}

func saveToFullDisk(t *testing.T) {
	signal.Ignore(syscall.SIGXFSZ) // writing past the limit is an error then
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = 10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	if _, err := SetDefault(Scope{}, "contextLength", "700"); !errors.Is(err, syscall.EFBIG) || !strings.Contains(err.Error(), "stays as it was") {
		t.Errorf("%v", err)
	}
}
