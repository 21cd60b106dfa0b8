package store

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	tries    = 5                // in a row without a new byte
	maxPause = 60 * time.Second // however long a server asks for with Retry-After
)

// transientError is a failure that the next try may not meet.
type transientError struct {
	err   error
	after time.Duration // as the server asks; 0 where it does not
	now   bool          // the part was emptied: ask for the whole file at once
}

func (e *transientError) Error() string { return e.err.Error() }
func (e *transientError) Unwrap() error { return e.err }

// redirectError is a way that is not followed, however often it is tried.
type redirectError struct{ error }

// download brings the part to the end of the remote file, over as many
// connections as it takes. wantSize is 0 when any size is right.
func (p *puller) download(ctx context.Context, src source, part *part, wantSize int64) error {
	if size := part.record.Size; size > 0 && part.n == size {
		return nil // an earlier pull ended between the last byte and the check
	}
	most := part.n
	for failed := 0; ; {
		err := p.get(ctx, src, part, wantSize)
		if err == nil || ctx.Err() != nil {
			return err
		}
		var t *transientError
		if !errors.As(err, &t) {
			return err
		}
		if failed++; part.n > most {
			failed, most = 1, part.n
		}
		if failed >= tries {
			return fmt.Errorf("store: %s: gave up after %d tries: %w; look at the network and pull again", src.file, failed, t.err)
		}
		if t.now {
			p.note("%v: from the start", t.err)
			continue
		}
		pause := min(max(p.pause<<(failed-1), t.after), maxPause)
		p.note("%v: again in %v", t.err, pause)
		if err := p.sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// get makes one request and writes what it brings behind the part.
func (p *puller) get(ctx context.Context, src source, part *part, wantSize int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, src.url, nil)
	if err != nil {
		return &SourceError{src.text, err.Error()}
	}
	// A proxy that compresses would change what a byte range means.
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", "loupe")
	if token := os.Getenv("HF_TOKEN"); token != "" && src.hub != "" {
		req.Header.Set("Authorization", "Bearer "+token) // net/http drops it on the way to another host
	}
	if part.n > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", part.n))
		req.Header.Set("If-Range", part.record.validator())
	}
	var linked http.Header // of the hub's redirect: it knows the hash, the storage behind it may not
	client := &http.Client{Transport: p.transport, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if len(via) >= 10 {
			return redirectError{errors.New("more than 10 redirects")}
		}
		if h := next.Response.Header; h.Get("X-Linked-Etag") != "" {
			linked = h
		}
		if err := secure(next.URL); err != nil {
			return redirectError{fmt.Errorf("redirected to %s: %w", next.URL.Redacted(), err)}
		}
		return nil
	}}
	// A server that falls silent counts as a cut connection.
	silence := time.AfterFunc(p.stall, func() { cancel(fmt.Errorf("no data for %v", p.stall)) })
	defer silence.Stop()

	resp, err := client.Do(req)
	if err != nil {
		return requestError(ctx, src, err)
	}
	defer resp.Body.Close()
	if linked == nil {
		linked = resp.Header
		// Without a redirect the hub's ETag is the hash. That of the storage behind
		// a redirect may look like one and be another.
		if src.hub != "" && linked.Get("X-Linked-Etag") == "" && resp.Request.URL.Host == req.URL.Host {
			linked.Set("X-Linked-Etag", linked.Get("ETag"))
		}
	}
	now := remote(src.url, resp, linked)

	switch resp.StatusCode {
	case http.StatusOK:
		if part.n > 0 {
			p.note("%s: the server sends the whole file again: from the start", src.file)
		} else if now.Size > 0 {
			p.note("%s: %s from %s", src.file, FormatSize(now.Size), req.URL.Host)
		} else {
			p.note("%s: from %s, which does not say how much", src.file, req.URL.Host)
		}
		if err := part.restart(now); err != nil {
			return err
		}
	case http.StatusPartialContent:
		if why := continues(part, resp, now); why != "" {
			if err := part.restart(partRecord{URL: src.url}); err != nil {
				return err
			}
			return &transientError{err: errors.New(why), now: true}
		}
		p.note("%s: going on after %s", src.file, FormatSize(part.n))
	case http.StatusRequestedRangeNotSatisfiable:
		if err := part.restart(partRecord{URL: src.url}); err != nil {
			return err
		}
		return &transientError{err: errors.New("the server has no bytes after those that are here"), now: true}
	default:
		return statusError(src, resp)
	}
	if enc := resp.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return fmt.Errorf("store: %s: the server sends it encoded as %q, and a model must come as it is; use another source", src.text, enc)
	}
	total := part.record.Size
	if wantSize > 0 && total > 0 && total != wantSize {
		return fmt.Errorf("store: %s: the remote file has %d bytes and must have %d; it is another file", src.text, total, wantSize)
	}
	if total > 0 {
		if err := p.room(total - part.n); err != nil {
			return err
		}
	}

	body := bufio.NewReaderSize(resp.Body, 1<<17)
	if part.n == 0 {
		if magic, err := body.Peek(4); err == nil && string(magic) != "GGUF" {
			return fmt.Errorf("store: %s: what comes is no GGUF file: it begins with %q (Content-Type %q); is the address that of a page about the file?",
				src.text, magic, resp.Header.Get("Content-Type"))
		}
	}
	return p.copy(ctx, src, part, body, silence)
}

// copy moves the body behind the part; errors of the network may pass, errors of
// the disk do not.
func (p *puller) copy(ctx context.Context, src source, part *part, body io.Reader, silence *time.Timer) error {
	total := part.record.Size
	buf := make([]byte, 1<<17)
	for {
		n, err := body.Read(buf)
		silence.Reset(p.stall)
		if n > 0 {
			if total > 0 && part.n+int64(n) > total {
				return fmt.Errorf("store: %s: the server sends more than the %d bytes it spoke of; use another source", src.text, total)
			}
			if _, err := part.Write(buf[:n]); err != nil {
				if isFull(err) {
					return p.full(max(total-part.n, 0))
				}
				return fmt.Errorf("store: write %s: %w", part.path, err)
			}
			p.progress(part.n, total)
		}
		if err == io.EOF && total > 0 && part.n < total {
			err = io.ErrUnexpectedEOF
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return requestError(ctx, src, err)
		}
	}
}

var hexSHA256 = regexp.MustCompile(`^[0-9a-f]{64}$`)

// remote describes the file that resp is about, or a piece of. linked holds the
// hub's X-Linked-Etag and X-Linked-Size, where the hub or a mirror gives them:
// the sha256 of a file in its large-file storage.
func remote(url string, resp *http.Response, linked http.Header) partRecord {
	r := partRecord{URL: url, LastModified: resp.Header.Get("Last-Modified")}
	if etag := resp.Header.Get("ETag"); strings.HasPrefix(etag, `"`) {
		r.ETag = etag
	}
	switch resp.StatusCode {
	case http.StatusOK:
		r.Size = max(resp.ContentLength, 0)
	case http.StatusPartialContent:
		_, r.Size, _ = contentRange(resp.Header.Get("Content-Range"))
	}
	if sum := strings.Trim(linked.Get("X-Linked-Etag"), `"`); hexSHA256.MatchString(sum) {
		r.SHA256 = sum
	}
	if size, err := strconv.ParseInt(linked.Get("X-Linked-Size"), 10, 64); err == nil && r.Size == 0 {
		r.Size = size
	}
	return r
}

// continues says why the answer to a range request does not belong behind the
// part; "" when it does. Servers that ignore If-Range are caught here.
func continues(part *part, resp *http.Response, now partRecord) string {
	start, total, ok := contentRange(resp.Header.Get("Content-Range"))
	switch was := part.record; {
	case !ok || start != part.n:
		return fmt.Sprintf("the server was asked for bytes from %d and sends Content-Range %q", part.n, resp.Header.Get("Content-Range"))
	case was.Size > 0 && total > 0 && was.Size != total,
		was.ETag != "" && now.ETag != "" && was.ETag != now.ETag,
		was.ETag == "" && was.LastModified != "" && now.LastModified != "" && was.LastModified != now.LastModified,
		was.SHA256 != "" && now.SHA256 != "" && was.SHA256 != now.SHA256:
		return "the remote file has changed since the first part of it came"
	}
	return ""
}

// contentRange reads "bytes START-END/TOTAL"; total is 0 for "*".
func contentRange(h string) (start, total int64, ok bool) {
	span, size, ok1 := strings.Cut(strings.TrimPrefix(h, "bytes "), "/")
	from, _, ok2 := strings.Cut(span, "-")
	start, err := strconv.ParseInt(from, 10, 64)
	if !ok1 || !ok2 || err != nil || start < 0 {
		return 0, 0, false
	}
	if size != "*" {
		if total, err = strconv.ParseInt(size, 10, 64); err != nil || total <= start {
			return 0, 0, false
		}
	}
	return start, total, true
}

// requestError sorts what goes wrong below HTTP.
func requestError(ctx context.Context, src source, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		if errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) {
			return cause
		}
		return &transientError{err: cause}
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return fmt.Errorf("store: %s: the name %s cannot be resolved: offline, or no such host; models that are here work without a network (loupe models)", src.text, dns.Name)
	}
	var redirect redirectError
	if errors.As(err, &redirect) {
		return fmt.Errorf("store: %s: %w; use another source", src.text, redirect.error)
	}
	var cert *tls.CertificateVerificationError
	if errors.As(err, &cert) {
		return fmt.Errorf("store: %s: %w; the network between may replace certificates: add its root to the system's, or fetch the file by other means", src.text, cert)
	}
	return &transientError{err: fmt.Errorf("%s: %w", src.file, err)}
}

// statusError explains an answer that brings no file.
func statusError(src source, resp *http.Response) error {
	// The hub says "unauthorized" for what does not exist, and the reason in a header.
	reason := resp.Header.Get("X-Error-Code")
	detail := resp.Status
	if msg := resp.Header.Get("X-Error-Message"); msg != "" {
		detail += ": " + msg
	}
	switch code := resp.StatusCode; {
	case code == 404 || code == 410 || reason == "RepoNotFound":
		remedy := "check the address"
		if src.hub != "" {
			remedy = "check owner, repository and file name (capitals count; the file must be on the branch main); a private repository needs HF_TOKEN"
		}
		return fmt.Errorf("store: %s: not there (%s); %s", src.text, detail, remedy)
	case code == 401 || code == 403:
		remedy := "the server wants a login: fetch the file with a browser and put it into the folder of models"
		if src.hub != "" {
			remedy = "accept the model's licence on its page on the hub, and set HF_TOKEN to a token of that account that may read it"
			if os.Getenv("HF_TOKEN") != "" {
				remedy = "HF_TOKEN is set, but its account may not read this: accept the model's licence on its page on the hub, or use another token"
			}
		}
		return fmt.Errorf("store: %s: not allowed (%s); %s", src.text, detail, remedy)
	case code == 408 || code == 425 || code == 429 || code >= 500 && code != 501:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return &transientError{err: fmt.Errorf("%s: the server answers %s", src.file, detail), after: time.Duration(max(seconds, 0)) * time.Second}
	}
	return fmt.Errorf("store: %s: the server answers %s instead of a file", src.text, detail)
}
