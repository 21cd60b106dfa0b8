package export

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A page lets the script of head views run, on every one of them, and no other.
func TestScriptsOfAPage(t *testing.T) {
	var chromium string
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			chromium = path
			break
		}
	}
	d, err := runText(t, `package main

import (
	"loupe/engine/picture"
	"loupe/stdlib/nb"
)

// own is HTML.
type own string

func (o own) Display() map[string]string { return map[string]string{"text/html": string(o)} }

func main() {
	// %% One
	v := picture.HeadView{Title: "<first>", Tokens: []string{"a", "</div>"}, Layers: []picture.HeadLayer{{Name: "layer 0", Heads: []picture.HeadWeights{{Name: "0", Weights: []float32{1, 0, 0.25, 0.75}}}}}}
	nb.Show(v)

	// %% Another
	v.Title = "second"
	nb.Show(v)
	nb.Show(own("<p id=\"own\">not run</p><script>document.getElementById('own').textContent = 'foreign'</script>"))
}
`, Options{})
	if err != nil {
		t.Fatal(err)
	}
	page := d.HTML()
	if strings.Count(page, "<div class=\"loupe-headview\"") != 2 {
		t.Fatalf("the page has not two views:\n%s", page)
	}
	if chromium == "" {
		t.Skip("no chromium on the path, nor in CHROMIUM, to open the page with")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "page.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+filepath.Join(dir, "user"),
		"--dump-dom", "file://"+file).Output()
	if err != nil {
		t.Fatal(err)
	}
	dom := string(out)
	if n := strings.Count(dom, "<canvas"); n != 2 {
		t.Errorf("%d of 2 head views came to life", n)
	}
	if strings.Contains(dom, ">foreign<") || !strings.Contains(dom, ">not run<") {
		t.Error("a script that a value brought ran")
	}
}
