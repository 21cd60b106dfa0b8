package chain

import (
	"math"
	"regexp"
	"strconv"
)

var scoreLine = regexp.MustCompile(`(?i)\bscore\b[^0-9\n+-]*([+-]?[0-9]+(?:\.[0-9]+)?)`)

// ScoreLine is the number in the last "Score: 7" of an answer; without one it
// is below every number.
func ScoreLine(x *Result) float64 {
	all := scoreLine.FindAllStringSubmatch(x.Text, -1)
	if len(all) == 0 {
		return math.Inf(-1)
	}
	v, _ := strconv.ParseFloat(all[len(all)-1][1], 64)
	return v
}

// Sure is the probability that the model gave to an answer beginning as text
// does, before any sampler: that of text's first token. It needs a step with
// Config.TopLogits, and is 0 if the token is not among those, or if the Runner gives
// no probabilities.
func (r *Run) Sure(x *Result, text string) float64 {
	reply := x.Reply()
	if r.about.Reader == nil {
		return 0
	}
	ids := r.about.Reader.TokenizePlain(text)
	if reply == nil || len(reply.Steps) == 0 || len(ids) == 0 {
		return 0
	}
	for _, t := range reply.Steps[0].Top {
		if t.ID == ids[0] {
			return math.Exp(float64(t.Logit) - reply.Steps[0].LogSumExp)
		}
	}
	return 0
}
