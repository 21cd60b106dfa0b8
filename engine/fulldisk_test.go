//go:build unix

package engine

import (
	"errors"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// When no byte can be written any more, the old settings stay and nothing lies beside
// them.
func TestSettingsOnAFullDisk(t *testing.T) {
	dir := saving(t)
	saveDefault(t, Scope{}, "contextLength", "600")
	const was = "# Load settings of Loupe for every model. A script's own settings override them.\nversion = 1\n# tokens a session holds; K and V take memory as it fills\nllm.load.contextLength = 600\n"
	path := filepath.Join(dir, "defaults.toml")
	onlyFile(t, "saved", path, was)

	signal.Ignore(syscall.SIGXFSZ) // writing past the limit is an error then
	defer signal.Reset(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	none := limit
	none.Cur = 10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &none); err != nil {
		t.Fatal(err)
	}
	_, err := SetDefault(Scope{}, "contextLength", "700")
	if e := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); e != nil {
		t.Fatal(e)
	}
	if !errors.Is(err, syscall.EFBIG) || !strings.Contains(err.Error(), path+" stays as it was") {
		t.Errorf("%v", err)
	}
	onlyFile(t, "after the disk was full", path, was)
}
