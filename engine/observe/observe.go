package observe

import "fmt"

// Point is a place in a forward pass.
type Point uint8

// The points of a decoder layer, in the order in which they are reached. nTok
// is the number of tokens in the pass.
const (
	ResidPre    Point = iota // residual entering the layer [nTok, nEmbd]
	AttnNorm                 // after the attention norm [nTok, nEmbd]
	Q                        // queries before RoPE [nTok, nHead, headDim]
	K                        // keys before RoPE [nTok, nKVHead, headDim]
	V                        // values [nTok, nKVHead, headDim]
	QRot                     // queries after RoPE [nTok, nHead, headDim]
	KRot                     // keys after RoPE, before storing [nTok, nKVHead, headDim]
	AttnScores               // q.k of a query and a key, scaled and soft-capped where the model does that, before the softmax [nTok, nHead, nKV]; -Inf where the query does not see
	AttnPattern              // its softmax, the attention weights [nTok, nHead, nKV]; 0 where the query does not see
	Z                        // attention's output of each head, before the output projection [nTok, nHead, headDim]
	AttnOut                  // after the output projection [nTok, nEmbd]
	ResidMid                 // residual after attention [nTok, nEmbd]
	FFNNorm                  // after the feed-forward norm [nTok, nEmbd]
	FFNOut                   // feed-forward output [nTok, nEmbd]
	ResidPost                // residual leaving the layer [nTok, nEmbd]
	FinalNorm                // after the last norm [nOut, nEmbd]; layer is the number of layers
	Logits                   // [nOut, nVocab]; layer is the number of layers
	numPoints
)

var names = [numPoints]string{
	"resid_pre", "attn_norm", "q", "k", "v", "q_rot", "k_rot", "attn_scores", "attn_pattern",
	"z", "attn_out", "resid_mid", "ffn_norm", "ffn_out", "resid_post", "final_norm", "logits",
}

// String is the point's name: "k_rot".
func (p Point) String() string {
	if p < numPoints {
		return names[p]
	}
	return fmt.Sprintf("point %d", uint8(p))
}

// Event is what an observer is shown.
type Event struct {
	Layer int
	Point Point
	Pos   int       // position of the first token of the pass, also where nOut rows of it are shown
	Shape [3]int    // as documented at the point; unused dimensions are 1
	X     []float32 // the live buffer: valid during the call, written to change what flows on
}

// Observer looks at a forward pass.
type Observer interface {
	// Wants is asked for each layer and point of a pass, for some of them more
	// than once: it must not change its mind meanwhile.
	Wants(layer int, p Point) bool
	// Observe is called for each wanted point as it is reached, from one
	// goroutine. What a pass shows after it was cancelled is not usable.
	Observe(e Event)
}
