package engine

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// StopReason is why a generation ended, under LM Studio's names.
type StopReason string

// The stop reasons.
const (
	EOSFound                  StopReason = "eosFound" // also where a grammar ends and the model has no token to say so
	StopStringFound           StopReason = "stopStringFound"
	MaxPredictedTokensReached StopReason = "maxPredictedTokensReached"
	ContextLengthReached      StopReason = "contextLengthReached"
	UserStopped               StopReason = "userStopped"
)

// Stats is the account of one call: what was sent, what the cache already held,
// what was generated, and how long each phase took.
type Stats struct {
	PromptTokens    int           // tokens of the prompt
	ReusedTokens    int           // of these, found in the cache
	EvaluatedTokens int           // of these, read by this call: the others, unless it was interrupted
	WindowTokens    int           // of these, in the cache too, but read: layers with a sliding window had lost what stands before (LoadConfig.SWAFull)
	DroppedTokens   int           // of these, taken out by the ContextOverflowPolicy
	Shifts          int           // how often that made room while generating
	ShiftedTokens   int           // that it dropped from the cache then
	RereadTokens    int           // that were read again after it, or, as WindowTokens, before what came next
	Differs         *Difference   // where prompt and cache part, if they do
	EditedTokens    int           // of EvaluatedTokens, in the cache too, but with keys and values that were changed or read under an observer that writes
	GeneratedTokens int           // tokens sampled, an end-of-generation token counted too
	TokenPasses     int           // tokens that went through the model: EvaluatedTokens, and one for each token generated but the last; all, each time, with NoCache
	TTFT            time.Duration // from the call's turn on the session to the first token; 0 if there is none
	PromptTime      time.Duration // reading EvaluatedTokens
	GenTime         time.Duration // from the first token to the last; in a Batch, from the start of Run
	Batch           float64       // of a Batch: how many sequences shared GenTime, on average; else 0
	StopReason      StopReason
	StopString      string // the one found, when StopReason is StopStringFound
	CacheCells      int    // cells in use after the call
	ContextLength   int
	CacheBytes      int64 // bytes of K and V in these cells
}

// PromptRate is prompt tokens read per second; 0 when none had to be read.
func (s Stats) PromptRate() float64 { return rate(s.EvaluatedTokens, s.PromptTime) }

// GenRate is tokens generated per second. The first token comes with the
// prompt, so it counts the others; 0 when there is only one.
func (s Stats) GenRate() float64 { return rate(s.GeneratedTokens-1, s.GenTime) }

// GenShare is the part of GenTime that this call took, the others of its Batch taking
// the rest: shares of calls that ran together add up to the time on the clock.
func (s Stats) GenShare() time.Duration {
	return time.Duration(float64(s.GenTime) / max(s.Batch, 1))
}

func rate(n int, d time.Duration) float64 {
	if n < 1 || d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

// String is one line:
// "6 prompt tok 3 ms (2,000/s) · 41 tok 28 ms (1,460/s) · stop eosFound · cache 47/1,024 cells, 33 KiB · reused 0".
func (s Stats) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s prompt tok ", count(s.PromptTokens))
	if unread := s.PromptTokens - s.DroppedTokens - s.ReusedTokens - s.EvaluatedTokens; unread > 0 {
		fmt.Fprintf(&b, "(%s unread) ", count(unread))
	}
	fmt.Fprintf(&b, "%s%s · %s tok %s%s", millis(s.PromptTime), perSecond(s.PromptRate()),
		count(s.GeneratedTokens), millis(s.GenTime), perSecond(s.GenRate()))
	if s.Batch > 0 {
		fmt.Fprintf(&b, " in a batch of %.1f", s.Batch)
	}
	fmt.Fprintf(&b, " · stop %s", s.StopReason)
	if s.StopString != "" {
		fmt.Fprintf(&b, " %q", s.StopString)
	}
	fmt.Fprintf(&b, " · cache %s/%s cells, %s · reused %s", count(s.CacheCells), count(s.ContextLength), Size(s.CacheBytes), count(s.ReusedTokens))
	if s.Differs != nil {
		fmt.Fprintf(&b, " (%s)", s.Differs)
	}
	if s.EditedTokens > 0 {
		fmt.Fprintf(&b, " · %s read anew, their cells were changed", count(s.EditedTokens))
	}
	if s.WindowTokens > 0 {
		fmt.Fprintf(&b, " (%s more were past the sliding window; SWAFull keeps them)", count(s.WindowTokens))
	}
	if s.DroppedTokens > 0 {
		fmt.Fprintf(&b, " · dropped %s of the prompt", count(s.DroppedTokens))
	}
	if s.Shifts > 0 {
		fmt.Fprintf(&b, " · %d shifts dropped %s, read %s again", s.Shifts, count(s.ShiftedTokens), count(s.RereadTokens))
	} else if s.RereadTokens > 0 {
		fmt.Fprintf(&b, " · read %s again for the sliding window (SWAFull keeps them)", count(s.RereadTokens))
	}
	return b.String()
}

func perSecond(r float64) string {
	if r == 0 {
		return ""
	}
	if r < 100 {
		return fmt.Sprintf(" (%.1f/s)", r)
	}
	return fmt.Sprintf(" (%s/s)", count(int(r+0.5)))
}

func millis(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1000)
	case d < 10*time.Second:
		return fmt.Sprintf("%s ms", count(int(d.Milliseconds())))
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// count writes a number with commas: 10,240.
func count(n int) string {
	if n < 0 {
		return "-" + count(-n)
	}
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Size writes a number of bytes as people read it: "33 KiB", "1.2 GiB".
func Size(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	x, u := float64(n), 0
	for x >= 1023.5 && u < len(units)-1 {
		x, u = x/1024, u+1
	}
	if u == 0 || x >= 99.5 {
		return fmt.Sprintf("%.0f %s", x, units[u])
	}
	return fmt.Sprintf("%.3g %s", x, units[u])
}
