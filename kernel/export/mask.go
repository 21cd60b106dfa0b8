package export

import "regexp"

// mask is something that differs from run to run, and what stands for it.
type mask struct {
	re *regexp.Regexp
	as string
}

// number does not take the comma behind it: "leaves 24, min-p" is no time.
const number = `\d+(,\d+)*(\.\d+)?([eE][+-]?\d+)?`

// everywhere are the masks of every cell: rates, times, addresses.
var everywhere = []mask{
	{regexp.MustCompile(number + ` ?((tok|tokens?|t|[KMG]i?B|[MGT]FLOPS?)/s|/s|tok/s|tokens per second)\b`), "<rate>"},
	{regexp.MustCompile(`\b\d+ min \d+ s\b|\b` + number + ` ?(ns|µs|us|ms|s|min|h)\b|\b(\d+h)?(\d+m)?\d+(\.\d+)?s\b`), "<time>"},
	{regexp.MustCompile(`\b0x[0-9a-f]{6,16}\b`), "<address>"},
}

// namedMasks can be asked for by name, where what they hide depends on the
// machine.
var namedMasks = map[string][]mask{
	"bytes":   {{regexp.MustCompile(`\b` + number + ` ?(B|[kKMGT]i?B|bytes?)\b`), "<bytes>"}},
	"numbers": {{regexp.MustCompile(`\b` + number + `\b`), "<number>"}},
}

var (
	anyMask = regexp.MustCompile(` *(<(?:rate|time|address|bytes|number|masked)>) *`)
	// runs are what aligns a table: of more than one sign the first stays.
	runs = regexp.MustCompile(`( ) +|([─━═=-])[─━═=-]+`)
)
