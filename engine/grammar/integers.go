package grammar

import (
	"fmt"
	"math/big"
	"strings"
)

// openDigits is how many digits a number without a limit has at most, unless its
// other limit has more.
const openDigits = 16

// integers is the decimals of the whole numbers from lo to hi; nil is no limit.
func integers(lo, hi *big.Int) string {
	one := big.NewInt(1)
	var alts []string
	if lo == nil || lo.Sign() < 0 {
		from, to := one, (*big.Int)(nil) // of the number without its sign
		if hi != nil && hi.Sign() < 0 {
			from = new(big.Int).Neg(hi)
		}
		if lo != nil {
			to = new(big.Int).Neg(lo)
		}
		alts = append(alts, `"-" (`+naturals(from, to)+")")
	}
	if hi == nil || hi.Sign() >= 0 {
		from := new(big.Int)
		if lo != nil && lo.Sign() > 0 {
			from = lo
		}
		alts = append(alts, naturals(from, hi))
	}
	return strings.Join(alts, " | ")
}

// naturals is the decimals from lo, which is 0 or more, to hi.
func naturals(lo, hi *big.Int) string {
	from := lo.String()
	to := strings.Repeat("9", max(openDigits, len(from)))
	if hi != nil {
		to = hi.String()
	}
	var alts []string
	for n := len(from); n <= len(to); n++ { // of n digits
		a, b := from, to
		if n > len(from) {
			a = "1" + strings.Repeat("0", n-1)
		}
		if n < len(to) {
			b = strings.Repeat("9", n)
		}
		if a == "1"+strings.Repeat("0", n-1) && b == strings.Repeat("9", n) && n < len(to) && len(to) == openDigits && hi == nil {
			alts = append(alts, fmt.Sprintf("[1-9] [0-9]{%d,%d}", n-1, openDigits-1))
			break
		}
		alts = append(alts, sameLength(a, b))
	}
	return strings.Join(alts, " | ")
}

// sameLength is the decimals from a to b, which have as many digits; leading zeros
// count.
func sameLength(a, b string) string {
	if a == b {
		return literal(a)
	}
	if a[0] == b[0] {
		same := 1
		for a[same] == b[same] {
			same++
		}
		return literal(a[:same]) + " (" + sameLength(a[same:], b[same:]) + ")"
	}
	rest := len(a) - 1
	zeros, nines := strings.Repeat("0", rest), strings.Repeat("9", rest)
	lo, hi := a[0], b[0] // leading digits with which the rest is free
	var alts []string
	if a[1:] != zeros {
		alts = append(alts, literal(a[:1])+" ("+sameLength(a[1:], nines)+")")
		lo++
	}
	last := ""
	if b[1:] != nines {
		last = literal(b[:1]) + " (" + sameLength(zeros, b[1:]) + ")"
		hi--
	}
	if lo <= hi {
		free := fmt.Sprintf("[%c-%c]", lo, hi)
		if rest > 0 {
			free += fmt.Sprintf(" [0-9]{%d}", rest)
		}
		alts = append(alts, free)
	}
	if last != "" {
		alts = append(alts, last)
	}
	return strings.Join(alts, " | ")
}
