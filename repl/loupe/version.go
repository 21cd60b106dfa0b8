package main

import (
	"fmt"
	"runtime"
)

const version = "0.1"

// versionText is what --version prints.
func versionText() string {
	return fmt.Sprintf("loupe %s (%s %s/%s)", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
