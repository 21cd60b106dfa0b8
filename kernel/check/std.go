package check

import "strings"

// uncarried are the packages of the standard library (go1.26) that exist but
// that cells cannot import: see stdlib/symbols/gen for why.
var uncarried = strings.Fields(`
	archive/tar archive/zip compress/bzip2 compress/flate compress/lzw compress/zlib crypto crypto/aes
	crypto/cipher crypto/des crypto/dsa crypto/ecdh crypto/ecdsa crypto/ed25519 crypto/elliptic
	crypto/fips140 crypto/hkdf crypto/hmac crypto/hpke crypto/mlkem crypto/mlkem/mlkemtest crypto/pbkdf2
	crypto/rc4 crypto/rsa crypto/sha3 crypto/subtle crypto/tls crypto/x509 crypto/x509/pkix database/sql
	database/sql/driver debug/buildinfo debug/dwarf debug/elf debug/gosym debug/macho debug/pe
	debug/plan9obj embed encoding/ascii85 encoding/asn1 encoding/base32 encoding/pem expvar go/ast
	go/build go/build/constraint go/constant go/doc go/doc/comment go/format go/importer go/parser
	go/printer go/scanner go/token go/types go/version hash/adler32 hash/crc64 hash/maphash image
	image/color image/color/palette image/draw image/gif image/jpeg image/png index/suffixarray
	io/ioutil log/syslog mime mime/multipart mime/quotedprintable net net/http net/http/cgi
	net/http/cookiejar net/http/fcgi net/http/httptest net/http/httptrace net/http/httputil
	net/http/pprof net/mail net/netip net/rpc net/rpc/jsonrpc net/smtp net/textproto os/exec os/signal
	os/user plugin regexp/syntax runtime/cgo runtime/coverage runtime/metrics runtime/pprof runtime/race
	runtime/trace structs syscall testing testing/cryptotest testing/fstest testing/iotest testing/quick
	testing/slogtest testing/synctest text/scanner text/template/parse time/tzdata unsafe weak
`)
