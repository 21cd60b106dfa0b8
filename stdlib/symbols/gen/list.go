package main

// packages are the importable ones. Left out on purpose: what starts
// processes, opens sockets or touches the runtime's insides (os/exec, os/signal,
// net, net/http, syscall, unsafe, plugin), and what belongs to compiling (go/*).
var packages = []string{
	"bufio", "bytes", "cmp", "compress/gzip", "container/heap", "container/list", "container/ring", "context",
	"crypto/md5", "crypto/rand", "crypto/sha1", "crypto/sha256", "crypto/sha512",
	"encoding", "encoding/base64", "encoding/binary", "encoding/csv", "encoding/gob", "encoding/hex", "encoding/json", "encoding/xml",
	"errors", "flag", "fmt", "hash", "hash/crc32", "hash/fnv", "html", "html/template",
	"io", "io/fs", "iter", "log", "log/slog", "maps",
	"math", "math/big", "math/bits", "math/cmplx", "math/rand", "math/rand/v2",
	"net/url", "os", "path", "path/filepath", "reflect", "regexp", "runtime", "runtime/debug",
	"slices", "sort", "strconv", "strings", "sync", "sync/atomic",
	"text/tabwriter", "text/template", "time", "unicode", "unicode/utf16", "unicode/utf8", "unique",
	"loupe/engine",
	"loupe/engine/chat",
	"loupe/engine/observe",
	"loupe/stdlib/chain",
	"loupe/stdlib/experiment",
	"loupe/stdlib/nb",
}
