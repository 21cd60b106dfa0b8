package store

import (
	"fmt"
	"os"
	"path/filepath"
)

// Dir is the folder of pulled models: the environment variable LOUPE_MODELS, else
// loupe/models in the user's cache folder (os.UserCacheDir). It need not exist yet.
func Dir() (string, error) {
	dir := os.Getenv("LOUPE_MODELS")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("store: no folder for models: LOUPE_MODELS is not set and there is no cache folder (%w); set LOUPE_MODELS to a folder", err)
		}
		dir = filepath.Join(cache, "loupe", "models")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("store: folder for models %q: %w; set LOUPE_MODELS to an absolute path", dir, err)
	}
	return abs, nil
}
