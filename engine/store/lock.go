package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// lockPoll is the time between two looks at a lock that someone else holds.
var lockPoll = 100 * time.Millisecond

// lock waits until no other pull holds name, in this process or another one.
// waiting is called once if there is anything to wait for.
func lock(ctx context.Context, dir, name string, waiting func()) (unlock func(), err error) {
	path := filepath.Join(dir, "."+name+".lock")
	for {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			return nil, fmt.Errorf("store: lock the pull of %s: %w; LOUPE_MODELS must name a folder that can be written", name, err)
		}
		got, err := tryLock(f)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("store: lock %s: %w; the file system must support file locks, or set LOUPE_MODELS to a folder on another one", path, err)
		}
		// The holder before may have removed the file that we opened: then ours is a
		// lock on nothing, and someone else may hold the new one.
		if got && sameFile(f, path) {
			return func() {
				// While the lock is held, so that nobody locks a name that goes away;
				// Windows keeps an open file, and an empty lock file hurts nobody.
				os.Remove(path)
				f.Close()
			}, nil
		}
		f.Close()
		if got {
			continue
		}
		if waiting != nil {
			waiting()
			waiting = nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

func sameFile(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b)
}
