package enginetest

import (
	"os"
	"path/filepath"
	"testing"
)

// SmolLM2 is the path of the real SmolLM2-135M-Instruct. A test that cannot
// have it is skipped, saying so; with CI set it fails.
func SmolLM2(t testing.TB) string {
	t.Helper()
	return File(t, "smollm2-135m-instruct-q4_1.gguf", "get it with: loupe pull smollm2")
}

// LlamaCpp is the path of a file of the llama.cpp sources that the sdist of
// llama-cpp-python==0.3.36 carries, unpacked to the folder that LOUPE_LLAMA_CPP
// names (by default llama.cpp beside the models).
func LlamaCpp(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("LOUPE_LLAMA_CPP")
	if dir == "" {
		return File(t, filepath.Join("llama.cpp", name), "unpack vendor/llama.cpp of the sdist llama-cpp-python==0.3.36 there")
	}
	return exists(t, filepath.Join(dir, name), "unpack vendor/llama.cpp of the sdist llama-cpp-python==0.3.36 there")
}

// File is the path of a file in the folder of models: LOUPE_MODELS, or loupe/models
// in the user's cache folder.
func File(t testing.TB, name, remedy string) string {
	t.Helper()
	dir := os.Getenv("LOUPE_MODELS")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			missing(t, "no cache folder: %v", err)
		}
		dir = filepath.Join(cache, "loupe", "models")
	}
	return exists(t, filepath.Join(dir, name), remedy)
}

func exists(t testing.TB, path, remedy string) string {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		missing(t, "%v; %s", err, remedy)
	}
	return path
}

// missing skips a test that lacks a file, and fails it in CI, where everything
// is there or something is wrong.
func missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
