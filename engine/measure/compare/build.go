package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"loupe/engine/internal/simd"
)

// sources is where llama.cpp lies in the sdist.
const sources = "vendor/llama.cpp/"

// build unpacks the sdist into dir, builds llama-bench there and returns its
// path. What is there already is used.
func build(ctx context.Context, sdist, dir string, log io.Writer) (string, error) {
	name := strings.TrimSuffix(filepath.Base(sdist), ".tar.gz")
	if name == filepath.Base(sdist) {
		return "", fmt.Errorf("-build %s is no .tar.gz; give the sdist of llama-cpp-python", sdist)
	}
	src, out, processor := filepath.Join(dir, name, "src"), filepath.Join(dir, name, "build"), []string{"-DGGML_NATIVE=ON"}
	if tier := os.Getenv(simd.Env); tier == "avx2" { // both sides with the same instructions
		out, processor = out+"-"+tier, []string{"-DGGML_NATIVE=OFF", "-DGGML_AVX2=ON", "-DGGML_FMA=ON", "-DGGML_F16C=ON", "-DGGML_BMI2=ON"}
	}
	bench := filepath.Join(out, "bin", "llama-bench")
	if runtime.GOOS == "windows" {
		bench += ".exe"
	}
	if _, err := os.Stat(bench); err == nil {
		return bench, nil
	}
	if _, err := os.Stat(src); err != nil {
		if err := unpackFile(sdist, src); err != nil {
			return "", err
		}
	}
	for _, args := range [][]string{
		append([]string{"-S", src, "-B", out, "-DCMAKE_BUILD_TYPE=Release", "-DLLAMA_CURL=OFF", "-DLLAMA_OPENSSL=OFF",
			"-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_BUILD_SERVER=OFF",
			"-DCMAKE_RUNTIME_OUTPUT_DIRECTORY=" + filepath.Join(out, "bin")}, processor...),
		{"--build", out, "--config", "Release", "--target", "llama-bench", "--parallel", strconv.Itoa(runtime.NumCPU())},
	} {
		cmd := newCommand(ctx, "cmake", args...)
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Run(); err != nil {
			return "", fmt.Errorf("cmake %s: %w", strings.Join(args, " "), err)
		}
	}
	if _, err := os.Stat(bench); err != nil {
		return "", fmt.Errorf("cmake was content, but made no llama-bench: %w", err)
	}
	return bench, nil
}

// unpackFile unpacks the llama.cpp of an sdist to dir, whole or not at all.
func unpackFile(sdist, dir string) error {
	f, err := os.Open(sdist)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	part, err := os.MkdirTemp(filepath.Dir(dir), ".part-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(part) // once renamed there is none
	if err := unpack(f, part); err != nil {
		return fmt.Errorf("%s: %w", sdist, err)
	}
	return os.Rename(part, dir)
}

// unpack writes the files below sources of a gzipped tar to dir. Names that lead
// out of dir are refused; links, of which llama.cpp needs none, are left out.
func unpack(r io.Reader, dir string) error {
	z, err := gzip.NewReader(r)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	files := 0
	for t := tar.NewReader(z); ; files++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		_, name, ok := strings.Cut(h.Name, "/") // the first folder is the sdist's name
		name, below := strings.CutPrefix(name, sources)
		if !ok || !below || h.Typeflag != tar.TypeReg {
			files--
			continue
		}
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("the file %q would lie outside", h.Name)
		}
		if err := writeFile(root, filepath.FromSlash(name), h.FileInfo().Mode().Perm()|0o600, t); err != nil {
			return err
		}
	}
	if files == 0 {
		return fmt.Errorf("it holds no %s; give the sdist of llama-cpp-python", sources)
	}
	return nil
}

func writeFile(root *os.Root, name string, mode os.FileMode, r io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// buildLoupe compiles loupe to a folder and returns the program's path.
func buildLoupe(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "loupe")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	cmd := newCommand(ctx, "go", "build", "-o", path, "loupe/repl/loupe")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build loupe/repl/loupe: %w: %s; run this within the module, or give -loupe", err, lastLine(string(out)))
	}
	return path, nil
}
