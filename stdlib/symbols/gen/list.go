package main

// packages are the importable ones. Left out on purpose: what touches the
// runtime's insides (syscall, unsafe, plugin), and what belongs to compiling
// (go/*) and testing.
var packages = []string{
	"archive/tar", "archive/zip", "bufio", "bytes", "cmp", "compress/bzip2", "compress/flate", "compress/gzip", "compress/zlib", "container/heap", "container/list", "container/ring", "context",
	"crypto/aes", "crypto/cipher", "crypto/hmac", "crypto/md5", "crypto/rand", "crypto/sha1", "crypto/sha256", "crypto/sha3", "crypto/sha512", "crypto/subtle",
	"encoding", "encoding/ascii85", "encoding/base32", "encoding/base64", "encoding/binary", "encoding/csv", "encoding/gob", "encoding/hex", "encoding/json", "encoding/pem", "encoding/xml",
	"errors", "flag", "fmt", "hash", "hash/adler32", "hash/crc32", "hash/crc64", "hash/fnv", "hash/maphash", "html", "html/template",
	"image", "image/color", "image/draw", "image/gif", "image/jpeg", "image/png", "index/suffixarray",
	"io", "io/fs", "iter", "log", "log/slog", "maps",
	"math", "math/big", "math/bits", "math/cmplx", "math/rand", "math/rand/v2",
	"mime", "mime/multipart", "net", "net/http", "net/netip", "net/url", "os", "os/exec", "os/signal", "path", "path/filepath", "reflect", "regexp", "regexp/syntax", "runtime", "runtime/debug",
	"slices", "sort", "strconv", "strings", "sync", "sync/atomic",
	"text/scanner", "text/tabwriter", "text/template", "text/template/parse", "time", "unicode", "unicode/utf16", "unicode/utf8", "unique",
	"loupe/engine",
	"loupe/engine/chat",
	"loupe/engine/observe",
	"loupe/engine/picture",
	"loupe/stdlib/chain",
	"loupe/stdlib/chain/openai",
	"loupe/stdlib/experiment",
	"loupe/stdlib/nb",
}
