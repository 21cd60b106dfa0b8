package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// remoteFile is a file server whose behaviour a test chooses, request by request.
type remoteFile struct {
	mu       sync.Mutex
	data     []byte
	etag     string // quoted; "" for none
	modified string
	noRange  bool
	shift    int   // answers ranges that begin this much early
	ignoreIf bool  // answers a range whatever If-Range says
	cut      []int // body bytes of the first answers; -1 for all
	first    []int // statuses of the first answers, before any file
	header   http.Header
	chunked  bool
	requests []*http.Request
}

func (s *remoteFile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
	for k, v := range s.header {
		w.Header()[k] = v
	}
	if len(s.first) > 0 {
		code := s.first[0]
		s.first = s.first[1:]
		http.Error(w, "not now", code)
		return
	}
	if s.etag != "" {
		w.Header().Set("ETag", s.etag)
	}
	if s.modified != "" {
		w.Header().Set("Last-Modified", s.modified)
	}
	body, code := s.data, http.StatusOK
	same := r.Header.Get("If-Range") == s.etag || s.etag == "" && r.Header.Get("If-Range") == s.modified || s.ignoreIf
	var from int
	if n, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); n == 1 && !s.noRange && same {
		if from >= len(s.data) {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		from -= s.shift
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(s.data)-1, len(s.data)))
		body, code = s.data[from:], http.StatusPartialContent
	}
	if !s.chunked {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	}
	w.WriteHeader(code)
	n := len(body)
	if len(s.cut) > 0 {
		if s.cut[0] >= 0 {
			n = min(n, s.cut[0])
		}
		s.cut = s.cut[1:]
	}
	w.Write(body[:n])
	if n < len(body) {
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler) // the connection breaks
	}
}

func (s *remoteFile) asked(i int, header string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[i].Header.Get(header)
}

func (s *remoteFile) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// serve starts the server and gives the address of its file.
func (s *remoteFile) serve(t *testing.T) string {
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return srv.URL + "/d/tiny.gguf"
}

// notes collects what a pull says.
type notes struct{ bytes.Buffer }

func (n *notes) add(line string) { n.WriteString(line + "\n") }

// testPuller is a puller into an empty folder that does not wait long.
func testPuller(t *testing.T) (*puller, *notes) {
	n := &notes{}
	p := newPuller(t.TempDir(), Options{Note: n.add})
	p.pause, p.stall = time.Millisecond, 5*time.Second
	return p, n
}

var bigTiny = tinyModel(7, 128<<10) // 512 KiB

func TestPullWeb(t *testing.T) {
	s := &remoteFile{data: bigTiny, etag: `"v1"`}
	url := s.serve(t)
	p, _ := testPuller(t)
	var dones []int64
	p.opts.Progress = func(done, total int64) {
		if total != int64(len(bigTiny)) {
			t.Errorf("total %d", total)
		}
		dones = append(dones, done)
	}
	m, err := p.pull(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	stored(t, p.dir, m, bigTiny)
	if m.Source != url || m.Licence != "mit" || m.Name != "tiny" {
		t.Errorf("model: %+v", m)
	}
	if len(dones) == 0 || dones[len(dones)-1] != int64(len(bigTiny)) {
		t.Errorf("progress ended at %v", dones)
	}
	// A second pull asks nobody.
	n := s.count()
	again, err := p.pull(context.Background(), url)
	if err != nil || again != m || s.count() != n {
		t.Errorf("second pull: %+v, %v, %d requests", again, err, s.count()-n)
	}
	// Another source of the same file name does not replace it.
	_, err = p.pull(context.Background(), url+"?other")
	wants(t, err, "is here already", "move it away")
	stored(t, p.dir, m, bigTiny)
}

// A connection that breaks again and again: every byte comes once, by ranges.
func TestPullGoesOnAfterCuts(t *testing.T) {
	for name, s := range map[string]*remoteFile{
		"etag":          {etag: `"v1"`},
		"last-modified": {modified: "Wed, 21 Oct 2015 07:28:00 GMT", etag: `W/"weak"`},
	} {
		t.Run(name, func(t *testing.T) {
			// More cuts than tries in a row: each brought something.
			s.data, s.cut = bigTiny, []int{100_000, 1, 200_000, 50_000, 10, 10, 10}
			if strings.HasPrefix(s.etag, "W/") {
				s.etag = ""
				s.header = http.Header{"Etag": {`W/"weak"`}}
			}
			p, said := testPuller(t)
			m, err := p.pull(context.Background(), s.serve(t))
			if err != nil {
				t.Fatal(err)
			}
			stored(t, p.dir, m, bigTiny)
			if s.count() != 8 {
				t.Fatalf("%d requests", s.count())
			}
			for i, from := range []int{0, 100_000, 100_001, 300_001, 350_001, 350_011, 350_021, 350_031} {
				want := fmt.Sprintf("bytes=%d-", from)
				if i == 0 {
					want = ""
				}
				if got := s.asked(i, "Range"); got != want {
					t.Errorf("request %d: Range %q, want %q", i, got, want)
				}
				if got := s.asked(i, "If-Range"); i > 0 && got != s.etag+s.modified {
					t.Errorf("request %d: If-Range %q", i, got)
				}
			}
			if !strings.Contains(said.String(), "going on after 100.0 kB") {
				t.Errorf("said:\n%s", said)
			}
		})
	}
}

// begin leaves a part of n bytes from an earlier, interrupted pull in p's folder.
func begin(t *testing.T, p *puller, s *remoteFile, url string, n int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.cut = []int{n}
	was := p.opts
	p.opts = Options{Note: func(line string) {
		if strings.Contains(line, "again in") {
			cancel()
		}
	}}
	_, err := p.pull(ctx, url)
	p.opts = was
	var stopped *InterruptedError
	if !errors.As(err, &stopped) || !errors.Is(err, context.Canceled) || stopped.Done != int64(n) || stopped.Part == "" {
		t.Fatalf("interrupted pull: %v", err)
	}
	wants(t, err, "goes on from there")
	if got := strings.Join(ls(t, p.dir), " "); got != "tiny.gguf.part tiny.gguf.part.json" {
		t.Fatalf("folder after the interruption: %s", got)
	}
	if models, err := list(p.dir); err != nil || len(models) != 0 {
		t.Fatalf("half a download is listed: %v %v", models, err)
	}
	if _, err := find(p.dir, "tiny"); err == nil {
		t.Fatal("half a download is found")
	}
}

func TestPullGoesOnInALaterPull(t *testing.T) {
	s := &remoteFile{data: bigTiny, etag: `"v1"`}
	url := s.serve(t)
	p, _ := testPuller(t)
	begin(t, p, s, url, 300_000)
	m, err := p.pull(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	stored(t, p.dir, m, bigTiny)
	if got := s.asked(1, "Range"); got != "bytes=300000-" {
		t.Errorf("Range %q", got)
	}
}

// A part is of one address: another one of the same file name is another file.
func TestPullDoesNotMixAddresses(t *testing.T) {
	s := &remoteFile{data: bigTiny, etag: `"v1"`}
	url := s.serve(t)
	p, _ := testPuller(t)
	begin(t, p, s, url, 300_000)
	m, err := p.pull(context.Background(), url+"?other")
	if err != nil {
		t.Fatal(err)
	}
	stored(t, p.dir, m, bigTiny)
	if got := s.asked(1, "Range"); got != "" {
		t.Errorf("Range %q", got)
	}
}

// A body that ends too early, but properly, where only the hub has told the size.
func TestPullGoesOnAfterAShortBody(t *testing.T) {
	s := &remoteFile{data: bigTiny, etag: `"v1"`}
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Linked-Size", fmt.Sprint(len(bigTiny)))
		if s.count() == 0 && r.Header.Get("Range") == "" {
			w.Header().Set("ETag", s.etag)
			w.Write(bigTiny[:1000])
			w.(http.Flusher).Flush() // chunked
			w.Write(bigTiny[1000:5000])
			return
		}
		s.ServeHTTP(w, r)
	}))
	defer hub.Close()
	p, _ := testPuller(t)
	m, err := p.pull(context.Background(), hub.URL+"/tiny.gguf")
	if err != nil {
		t.Fatal(err)
	}
	stored(t, p.dir, m, bigTiny)
	if s.count() != 1 || s.asked(0, "Range") != "bytes=5000-" {
		t.Errorf("%d requests", s.count())
	}
}

func TestPullStartsOverWhenTheFileChanged(t *testing.T) {
	other := tinyModel(8, 128<<10) // same size, other bytes
	longer := tinyModel(9, 130<<10)
	for name, c := range map[string]struct {
		change func(s *remoteFile)
		want   []byte
	}{
		"etag":                          {func(s *remoteFile) { s.data, s.etag = other, `"v2"` }, other},
		"etag, If-Range ignored":        {func(s *remoteFile) { s.data, s.etag, s.ignoreIf = other, `"v2"`, true }, other},
		"size alone, If-Range ignored":  {func(s *remoteFile) { s.data, s.ignoreIf = longer, true }, longer},
		"shorter than what is here":     {func(s *remoteFile) { s.data, s.ignoreIf = tinyModel(3, 64), true }, tinyModel(3, 64)},
		"another range than asked for":  {func(s *remoteFile) { s.shift = 10 }, bigTiny},
		"no ranges any more":            {func(s *remoteFile) { s.noRange = true }, bigTiny},
		"record lost":                   {func(s *remoteFile) {}, bigTiny},
		"hash of the hub, rest equal":   {func(s *remoteFile) { s.data = other; s.header.Set("X-Linked-Etag", `"`+sum(other)+`"`) }, other},
		"last-modified, range answered": {func(s *remoteFile) { s.data, s.modified, s.ignoreIf = other, "Thu, 22 Oct 2015 07:28:00 GMT", true }, other},
	} {
		t.Run(name, func(t *testing.T) {
			s := &remoteFile{data: bigTiny, etag: `"v1"`, header: http.Header{}}
			if strings.HasPrefix(name, "last-modified") {
				s.etag, s.modified = "", "Wed, 21 Oct 2015 07:28:00 GMT"
			}
			if strings.HasPrefix(name, "hash") {
				s.header.Set("X-Linked-Etag", `"`+sum(bigTiny)+`"`)
			}
			url := s.serve(t)
			p, _ := testPuller(t)
			begin(t, p, s, url, 300_000)
			if name == "record lost" {
				os.Remove(filepath.Join(p.dir, "tiny.gguf.part.json"))
			}
			c.change(s)
			m, err := p.pull(context.Background(), url)
			if err != nil {
				t.Fatal(err)
			}
			stored(t, p.dir, m, c.want)
		})
	}
}

func TestPullFromAServerWithoutRanges(t *testing.T) {
	for _, chunked := range []bool{false, true} {
		s := &remoteFile{data: bigTiny, noRange: true, cut: []int{100_000, 400_000}, chunked: chunked}
		p, _ := testPuller(t)
		m, err := p.pull(context.Background(), s.serve(t))
		if err != nil {
			t.Fatal(err)
		}
		stored(t, p.dir, m, bigTiny)
		if s.count() != 3 {
			t.Errorf("%d requests", s.count())
		}
	}
}

func TestPullWaitsForABusyServer(t *testing.T) {
	s := &remoteFile{data: bigTiny, first: []int{503, 429, 500, 502}}
	p, said := testPuller(t)
	m, err := p.pull(context.Background(), s.serve(t))
	if err != nil {
		t.Fatal(err)
	}
	stored(t, p.dir, m, bigTiny)
	for i, pause := range []string{"1ms", "2ms", "4ms", "8ms"} {
		if line := strings.Split(said.String(), "\n")[i]; !strings.HasSuffix(line, "again in "+pause) {
			t.Errorf("note %d: %s", i, line)
		}
	}
}

func TestPullGivesUp(t *testing.T) {
	s := &remoteFile{data: bigTiny, first: []int{503, 503, 503, 503, 503, 503}}
	p, _ := testPuller(t)
	_, err := p.pull(context.Background(), s.serve(t))
	wants(t, err, "gave up after 5 tries", "503")
	empty(t, p.dir)
	if s.count() != 5 {
		t.Errorf("%d requests", s.count())
	}

	// What has come stays, also when the server will not have us today.
	s = &remoteFile{data: bigTiny, etag: `"v1"`, cut: []int{1000, 0, 0, 0, 0, 0}}
	url := s.serve(t)
	p, _ = testPuller(t)
	_, err = p.pull(context.Background(), url)
	wants(t, err, "gave up after 5 tries")
	if got := strings.Join(ls(t, p.dir), " "); got != "tiny.gguf.part tiny.gguf.part.json" {
		t.Errorf("folder: %s", got)
	}
	s.cut = nil
	m, err := p.pull(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	stored(t, p.dir, m, bigTiny)
}

func TestPullAsksForRetryAfter(t *testing.T) {
	s := &remoteFile{data: bigTiny, first: []int{429}, header: http.Header{"Retry-After": {"1"}}}
	p, said := testPuller(t)
	ctx, cancel := context.WithCancel(context.Background())
	p.opts.Note = func(line string) { said.add(line); cancel() }
	_, err := p.pull(ctx, s.serve(t))
	if !errors.Is(err, context.Canceled) || !strings.Contains(said.String(), "again in 1s") {
		t.Errorf("%v; said %s", err, said)
	}
	empty(t, p.dir)
}

func TestPullCutBySilence(t *testing.T) {
	var requests atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 1 {
			w.Header().Set("Content-Length", fmt.Sprint(len(bigTiny)))
			w.Write(bigTiny[:1000])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return
		}
		w.Write(bigTiny)
	}))
	defer srv.Close()
	p, said := testPuller(t)
	p.stall = 100 * time.Millisecond
	m, err := p.pull(context.Background(), srv.URL+"/tiny.gguf")
	if err != nil {
		t.Fatal(err)
	}
	stored(t, p.dir, m, bigTiny)
	if !strings.Contains(said.String(), "no data for 100ms") {
		t.Errorf("said: %s", said)
	}
}

// Slow is not silent: the whole takes longer than a silence may.
func TestPullFromASlowServer(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		w.Header().Set("Content-Length", fmt.Sprint(len(bigTiny)))
		for i := range 8 {
			w.Write(bigTiny[i*len(bigTiny)/8 : (i+1)*len(bigTiny)/8])
			w.(http.Flusher).Flush()
			time.Sleep(250 * time.Millisecond)
		}
	}))
	defer srv.Close()
	p, said := testPuller(t)
	p.stall = 1500 * time.Millisecond
	m, err := p.pull(context.Background(), srv.URL+"/tiny.gguf")
	if err != nil {
		t.Fatal(err)
	}
	stored(t, p.dir, m, bigTiny)
	if requests.Load() != 1 {
		t.Errorf("%d requests:\n%s", requests.Load(), said)
	}
}

func TestPullStatuses(t *testing.T) {
	for _, c := range []struct {
		code   int
		reason string // X-Error-Code
		token  string
		hub    bool
		want   []string
	}{
		{code: 404, want: []string{"404", "check the address"}},
		{code: 404, hub: true, reason: "EntryNotFound", want: []string{"owner, repository and file name"}},
		{code: 401, hub: true, reason: "RepoNotFound", want: []string{"not there", "owner, repository and file name"}},
		{code: 401, hub: true, reason: "GatedRepo", want: []string{"accept the model's licence", "set HF_TOKEN"}},
		{code: 403, hub: true, reason: "GatedRepo", token: "secret", want: []string{"HF_TOKEN is set", "accept the model's licence"}},
		{code: 403, want: []string{"403", "with a browser"}},
		{code: 501, want: []string{"501"}},
		{code: 204, want: []string{"204"}},
	} {
		s := &remoteFile{first: []int{c.code}, header: http.Header{}}
		if c.reason != "" {
			s.header.Set("X-Error-Code", c.reason)
		}
		source := s.serve(t)
		t.Setenv("HF_TOKEN", c.token)
		if c.hub {
			t.Setenv("HF_ENDPOINT", strings.TrimSuffix(source, "/d/tiny.gguf"))
			source = "hf:o/r/tiny.gguf"
		}
		p, _ := testPuller(t)
		_, err := p.pull(context.Background(), source)
		wants(t, err, append(c.want, source)...)
		if strings.Contains(err.Error(), "secret") {
			t.Error("the token is in the error")
		}
		empty(t, p.dir)
		if s.count() != 1 {
			t.Errorf("%d: %d requests", c.code, s.count())
		}
	}
}

func TestPullRefusesWhatIsNoModel(t *testing.T) {
	page := []byte("<!DOCTYPE html><title>log in</title>")
	cutModel := bigTiny[:len(bigTiny)-1000]
	broken := bytes.Clone(bigTiny)
	broken[4] = 99 // version
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"page":    {page, `"<!DO"`},
		"empty":   {nil, "no model"},
		"short":   {cutModel, "no model"},
		"version": {broken, "no model"},
		"three":   {[]byte("GGU"), "no model"},
	} {
		s := &remoteFile{data: c.data, etag: `"v1"`}
		p, _ := testPuller(t)
		_, err := p.pull(context.Background(), s.serve(t))
		t.Run(name, func(t *testing.T) {
			wants(t, err, c.want)
			empty(t, p.dir)
		})
	}
}

// A model of the table from the web: checked against the table.
func TestPullChecksHashAndSize(t *testing.T) {
	other := tinyModel(8, 128<<10)
	s := &remoteFile{data: other, etag: `"v1"`}
	url := s.serve(t)
	k := known{Model: Model{Name: "tiny", File: "tiny-f32.gguf", Source: url, Size: int64(len(bigTiny)), SHA256: sum(bigTiny), Licence: "own"}}
	useTable(t, k)
	p, _ := testPuller(t)
	_, err := p.pull(context.Background(), "tiny")
	var wrong *ChecksumError
	if !errors.As(err, &wrong) {
		t.Fatalf("%v", err)
	}
	wants(t, err, sum(other), sum(bigTiny), "removed")
	empty(t, p.dir)

	s.data = tinyModel(8, 64)
	_, err = p.pull(context.Background(), "tiny")
	wants(t, err, fmt.Sprint(len(s.data)), fmt.Sprint(len(bigTiny)), "it is another file") // said before it comes
	empty(t, p.dir)

	s.data, s.chunked = tinyModel(8, 64), true // the size shows only at the end
	_, err = p.pull(context.Background(), "tiny")
	wants(t, err, fmt.Sprint(len(s.data)), fmt.Sprint(len(bigTiny)))
	empty(t, p.dir)

	s.data = bigTiny
	for _, name := range []string{"tiny", url} { // the source is the name's
		m, err := p.pull(context.Background(), name)
		if err != nil {
			t.Fatal(err)
		}
		stored(t, p.dir, m, bigTiny)
		if m.Name != "tiny" || m.Licence != "own" {
			t.Errorf("%+v", m)
		}
	}

	// A file put there by hand is checked and recorded, and not replaced when wrong.
	requests := s.count()
	path := filepath.Join(p.dir, "tiny-f32.gguf")
	os.Remove(manifestPath(path))
	m, err := p.pull(context.Background(), "tiny")
	if err != nil {
		t.Fatal(err)
	}
	stored(t, p.dir, m, bigTiny)
	os.Remove(manifestPath(path))
	os.WriteFile(path, other, 0o644)
	_, err = p.pull(context.Background(), "tiny")
	wants(t, err, sum(other), "move it away")
	// A record of another file does not speak for this one.
	writeJSON(manifestPath(path), manifest{Source: "pip:other==1", Size: int64(len(other)), SHA256: sum(other)})
	_, err = p.pull(context.Background(), "tiny")
	wants(t, err, sum(other), "move it away")
	os.WriteFile(path, other[:5000], 0o644)
	_, err = p.pull(context.Background(), "tiny")
	wants(t, err, "5000 bytes", "move it away")
	if got, _ := os.ReadFile(path); !bytes.Equal(got, other[:5000]) {
		t.Error("the user's file was changed")
	}
	if s.count() != requests {
		t.Error("files that were here were fetched")
	}
}

// The hub answers with a redirect that knows hash and size; the token goes to the
// hub alone.
func TestPullHub(t *testing.T) {
	cdn := &remoteFile{data: bigTiny, etag: `"cdn"`, cut: []int{1000}}
	cdnURL := strings.Replace(cdn.serve(t), "127.0.0.1", "localhost", 1)
	hash := sum(bigTiny)
	var hubAuth, path string
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hubAuth, path = r.Header.Get("Authorization"), r.URL.Path
		w.Header().Set("X-Linked-Etag", `"`+hash+`"`)
		w.Header().Set("X-Linked-Size", fmt.Sprint(len(bigTiny)))
		http.Redirect(w, r, cdnURL, http.StatusFound)
	}))
	defer hub.Close()
	t.Setenv("HF_ENDPOINT", hub.URL)
	t.Setenv("HF_TOKEN", "secret")
	p, _ := testPuller(t)
	m, err := p.pull(context.Background(), "hf:own/repo/d/tiny.gguf")
	if err != nil {
		t.Fatal(err)
	}
	stored(t, p.dir, m, bigTiny)
	if path != "/own/repo/resolve/main/d/tiny.gguf" || hubAuth != "Bearer secret" {
		t.Errorf("path %q, auth %q", path, hubAuth)
	}
	for i := range cdn.count() {
		if cdn.asked(i, "Authorization") != "" {
			t.Error("the token went to another host")
		}
	}
	if m.Source != "hf:own/repo/d/tiny.gguf" {
		t.Errorf("%+v", m)
	}

	hash = strings.Repeat("0", 64)
	p, _ = testPuller(t)
	_, err = p.pull(context.Background(), "hf:own/repo/d/tiny.gguf")
	wants(t, err, hash, sum(bigTiny))
	empty(t, p.dir)
}

// A hub that sends the file itself tells the hash in the ETag; elsewhere an ETag
// of that form means nothing.
func TestPullHubWithoutRedirect(t *testing.T) {
	s := &remoteFile{data: bigTiny, etag: `"` + sum(bigTiny) + `"`}
	url := s.serve(t)
	t.Setenv("HF_ENDPOINT", strings.TrimSuffix(url, "/d/tiny.gguf"))
	p, _ := testPuller(t)
	m, err := p.pull(context.Background(), "hf:o/r/tiny.gguf")
	if err != nil {
		t.Fatal(err)
	}
	stored(t, p.dir, m, bigTiny)

	s.etag = `"` + strings.Repeat("0", 64) + `"`
	p, _ = testPuller(t)
	var wrong *ChecksumError
	if _, err = p.pull(context.Background(), "hf:o/r/tiny.gguf"); !errors.As(err, &wrong) {
		t.Errorf("%v", err)
	}
	empty(t, p.dir)
	if m, err = p.pull(context.Background(), url); err != nil {
		t.Fatal(err)
	}
	stored(t, p.dir, m, bigTiny)
}

func TestPullFollowsNoUnsafeRedirect(t *testing.T) {
	for to, want := range map[string]string{"http://models.example/x.gguf": "http:// is for this machine only", "ftp://h/x": "not https", "": "10 redirects"} {
		var n int
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n++
			if to == "" {
				http.Redirect(w, r, "/again.gguf", http.StatusFound)
				return
			}
			http.Redirect(w, r, to, http.StatusFound)
		}))
		p, _ := testPuller(t)
		_, err := p.pull(context.Background(), srv.URL+"/x.gguf")
		wants(t, err, want)
		empty(t, p.dir)
		if n > 10 {
			t.Errorf("%q: asked %d times", to, n)
		}
		srv.Close()
	}
}

func TestPullWithoutANetwork(t *testing.T) {
	p, _ := testPuller(t)
	p.transport = roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "huggingface.co", IsNotFound: true}}
	})
	_, err := p.pull(context.Background(), "hf:o/r/x.gguf")
	wants(t, err, "offline", "huggingface.co")
	empty(t, p.dir)

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nobody listens there now
	p, _ = testPuller(t)
	_, err = p.pull(context.Background(), "http://"+l.Addr().String()+"/x.gguf")
	wants(t, err, "gave up", "refused")
	empty(t, p.dir)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestPullRefusesAnEncodedBody(t *testing.T) {
	s := &remoteFile{data: bigTiny, header: http.Header{"Content-Encoding": {"br"}}}
	p, _ := testPuller(t)
	_, err := p.pull(context.Background(), s.serve(t))
	wants(t, err, `"br"`)
	empty(t, p.dir)
	if s.asked(0, "Accept-Encoding") != "identity" {
		t.Errorf("asked for %q", s.asked(0, "Accept-Encoding"))
	}
}

// fullDisk takes room bytes and then fails as a full disk does.
type fullDisk struct {
	w    io.Writer
	room int
}

func (d *fullDisk) Write(b []byte) (int, error) {
	n, err := d.w.Write(b[:min(len(b), d.room)])
	d.room -= n
	if err == nil && n < len(b) {
		full := syscall.ENOSPC
		if runtime.GOOS == "windows" {
			full = syscall.Errno(112) // ERROR_DISK_FULL
		}
		err = &os.PathError{Op: "write", Path: "x", Err: full}
	}
	return n, err
}

func TestPullOntoAFullDisk(t *testing.T) {
	s := &remoteFile{data: bigTiny, etag: `"v1"`}
	url := s.serve(t)
	var full *NoSpaceError

	// It is known beforehand: not one byte is written.
	p, _ := testPuller(t)
	p.free = func(string) (int64, error) { return 1000, nil }
	p.wrap = func(io.Writer) io.Writer { return &fullDisk{} }
	_, err := p.pull(context.Background(), url)
	if !errors.As(err, &full) || full.Need != int64(len(bigTiny)) || full.Free != 1000 {
		t.Fatalf("%v", err)
	}
	wants(t, err, p.dir, "needs 524.5 kB", "free 1.0 kB", "LOUPE_MODELS")
	empty(t, p.dir)

	// The disk fills up on the way, at several places; once with an older part.
	for _, room := range []int{0, 3, 400_000} {
		for _, resumed := range []bool{false, true} {
			p, _ := testPuller(t)
			if resumed {
				begin(t, p, s, url, 100_000)
			}
			p.wrap = func(w io.Writer) io.Writer { return &fullDisk{w, room} }
			_, err := p.pull(context.Background(), url)
			if !errors.As(err, &full) || full.Free < 0 {
				t.Fatalf("room %d: %v", room, err)
			}
			wants(t, err, "needs", "free")
			empty(t, p.dir)
		}
	}
}

func TestPullIntoAFolderThatCannotBe(t *testing.T) {
	p, _ := testPuller(t)
	file := filepath.Join(p.dir, "file")
	os.WriteFile(file, nil, 0o644)
	p.dir = filepath.Join(file, "models")
	_, err := p.pull(context.Background(), "https://h/x.gguf")
	wants(t, err, "LOUPE_MODELS")
}

func TestPullCancelled(t *testing.T) {
	started := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Length", fmt.Sprint(len(bigTiny)))
		w.Write(bigTiny[:200_000])
		w.(http.Flusher).Flush()
		close(started)
		<-r.Context().Done()
	}))
	defer srv.Close()
	p, _ := testPuller(t)
	ctx, cancel := context.WithCancel(context.Background())
	seen := make(chan struct{})
	var once sync.Once
	p.opts.Progress = func(done, total int64) { once.Do(func() { close(seen) }) }
	go func() { <-started; <-seen; cancel() }()
	_, err := p.pull(ctx, srv.URL+"/tiny.gguf")
	var stopped *InterruptedError
	if !errors.As(err, &stopped) || !errors.Is(err, context.Canceled) || stopped.Done == 0 || stopped.Total != int64(len(bigTiny)) {
		t.Fatalf("%v", err)
	}
	wants(t, err, "of 524.5 kB are kept in", stopped.Part)
	info, err := os.Stat(stopped.Part)
	if err != nil || info.Size() != stopped.Done {
		t.Errorf("part: %v, %v", info, err)
	}

	// Cancelled before it began: nothing is there.
	p, _ = testPuller(t)
	_, err = p.pull(ctx, srv.URL+"/tiny.gguf")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	wants(t, err, "nothing was kept")
	empty(t, p.dir)
}

// Ten pulls of one name at once: one fetches, all get the same whole model.
func TestPullsOfOneNameWaitForEachOther(t *testing.T) {
	s := &remoteFile{data: bigTiny, etag: `"v1"`, cut: []int{1000, 100_000}}
	url := s.serve(t)
	dir := t.TempDir()
	var wg sync.WaitGroup
	models := make([]Model, 10)
	var waited atomic.Int32
	for i := range models {
		wg.Go(func() {
			p := newPuller(dir, Options{Note: func(line string) {
				if strings.Contains(line, "another pull") {
					waited.Add(1)
				}
			}})
			p.pause = 20 * time.Millisecond
			m, err := p.pull(context.Background(), url)
			if err != nil {
				t.Error(err)
			}
			models[i] = m
		})
	}
	wg.Wait()
	stored(t, dir, models[0], bigTiny)
	for _, m := range models {
		if m != models[0] {
			t.Errorf("%+v", m)
		}
	}
	if s.count() != 3 || waited.Load() == 0 {
		t.Errorf("%d requests; %d waited", s.count(), waited.Load())
	}

	// Who waits can give up.
	unlock, err := lock(context.Background(), dir, "other.gguf", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := newPuller(dir, Options{Note: func(string) { cancel() }})
	_, err = p.pull(ctx, strings.Replace(url, "tiny", "other", 1))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	unlock()
}

// Locks whose files come and go hold off everybody else all the same.
func TestLockIsForOne(t *testing.T) {
	defer func(was time.Duration) { lockPoll = was }(lockPoll)
	lockPoll = 20 * time.Microsecond
	dir := t.TempDir()
	var inside atomic.Int32
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				unlock, err := lock(context.Background(), dir, "x", nil)
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d hold the lock", n)
				}
				runtime.Gosched()
				inside.Add(-1)
				unlock()
			}
		})
	}
	wg.Wait()
	empty(t, dir)
}

func TestContentRange(t *testing.T) {
	for h, want := range map[string][2]int64{"bytes 5-9/10": {5, 10}, "bytes 0-0/1": {0, 1}, "bytes 5-9/*": {5, 0}} {
		if s, n, ok := contentRange(h); !ok || s != want[0] || n != want[1] {
			t.Errorf("%s: %d %d %v", h, s, n, ok)
		}
	}
	for _, h := range []string{"", "bytes */10", "bytes 5-9", "bytes -5-9/10", "bytes 10-9/10", "bytes x-9/10", "bytes 5-9/x"} {
		if s, n, ok := contentRange(h); ok {
			t.Errorf("%q: %d %d", h, s, n)
		}
	}
}
