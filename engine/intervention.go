package engine

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"loupe/engine/model"
	"loupe/engine/observe"
)

// Intervention is an observer that changes what flows: Session.Observe hangs it into a
// session, Session.Effect measures what it does, Together joins several. What does not
// fit the model is an error of the first call that reads under it.
type Intervention struct {
	what   string
	layer  int
	point  observe.Point
	change func(e observe.Event)
	fits   func(m *Model) error // beside the layer; nil: it does
}

// checker is an observer that may not fit a model.
type checker interface{ check(m *Model) error }

// Wants is true of the one point that is changed.
func (x *Intervention) Wants(layer int, p observe.Point) bool {
	return layer == x.layer && p == x.point
}

// Observe changes what flows there.
func (x *Intervention) Observe(e observe.Event) { x.change(e) }

// String says what is changed: "without layer 1, head 2".
func (x *Intervention) String() string { return x.what }

func (x *Intervention) check(m *Model) error {
	if err := within(x.what, "layer", x.layer, m.net.Config.Layers); err != nil {
		return err
	}
	if x.fits != nil {
		if err := x.fits(m); err != nil {
			return fmt.Errorf("engine: %s: %w", x.what, err)
		}
	}
	return nil
}

// Ablate takes query heads of a layer out: what they give becomes 0 before the output
// projection (zero ablation; observe.Z). No heads are all heads. Layers and heads count
// from 0.
func Ablate(layer int, heads ...int) *Intervention {
	what := fmt.Sprintf("without layer %d", layer)
	switch len(heads) {
	case 0:
		what += ", all heads"
	case 1:
		what += fmt.Sprintf(", head %d", heads[0])
	default:
		what += fmt.Sprintf(", heads %v", heads)
	}
	heads = slices.Clone(heads)
	return &Intervention{
		what: what, layer: layer, point: observe.Z,
		change: func(e observe.Event) {
			if len(heads) == 0 {
				clear(e.X)
				return
			}
			n, dim := e.Shape[1], e.Shape[2]
			for t := range e.Shape[0] {
				for _, h := range heads {
					clear(e.X[(t*n+h)*dim:][:dim])
				}
			}
		},
		fits: func(m *Model) error {
			for _, h := range heads {
				if n := m.net.Config.Heads; h < 0 || h >= n {
					return fmt.Errorf("there is no head %d; they go from 0 to %d", h, n-1)
				}
			}
			return nil
		},
	}
}

// AblateAttention takes the attention of a layer out: it adds nothing to the residual
// stream.
func AblateAttention(layer int) *Intervention {
	return &Intervention{
		what: fmt.Sprintf("without the attention of layer %d", layer), layer: layer, point: observe.AttnOut,
		change: func(e observe.Event) { clear(e.X) },
	}
}

// AblateFFN takes the feed-forward part of a layer out: it adds nothing to the residual
// stream.
func AblateFFN(layer int) *Intervention {
	return &Intervention{
		what: fmt.Sprintf("without the feed-forward part of layer %d", layer), layer: layer, point: observe.FFNOut,
		change: func(e observe.Event) { clear(e.X) },
	}
}

// Patch puts what a Recording of another run holds in the place of what flows at a
// point of a layer (activation patching: Vig et al. 2020, arXiv:2004.12265), at these
// positions; none are all that the recording has. Others flow as they are. At the
// position of a token stands what the recording has of the same position; scores and
// weights of attention (observe.AttnScores, AttnPattern) are those of the same cells.
func Patch(r *Recording, layer int, p observe.Point, positions ...int) *Intervention {
	what := fmt.Sprintf("%s of layer %d patched", p, layer)
	if len(positions) > 0 {
		what += fmt.Sprintf(" at %v", positions)
	}
	positions = slices.Clone(positions)
	return &Intervention{
		what: what, layer: layer, point: p,
		change: func(e observe.Event) {
			width := e.Shape[1] * e.Shape[2]
			for t := range e.Shape[0] {
				row := r.At(layer, p, e.Pos+t)
				if len(positions) > 0 && !slices.Contains(positions, e.Pos+t) {
					continue
				}
				if ofHeads(p) {
					patchHeads(e.X[t*width:(t+1)*width], row, e.Shape[1])
				} else if len(row) == width {
					copy(e.X[t*width:], row)
				}
			}
		},
		fits: func(m *Model) error {
			width := pointWidth(m.net.Config, p)
			if width == 0 && !ofHeads(p) {
				return fmt.Errorf("%s is not a point of a layer that can be patched", p)
			}
			at := positions
			if len(at) == 0 {
				if at = r.Positions(layer, p); len(at) == 0 {
					return fmt.Errorf("the recording has nothing of that point; Record(observe's %s), Observe it in a session, and read a text there first", p)
				}
			}
			for _, pos := range at {
				if row := r.At(layer, p, pos); row == nil {
					return fmt.Errorf("the recording has nothing of position %d; it has those of %d tokens", pos, len(r.Positions(layer, p)))
				} else if ofHeads(p) {
					if n := r.heads[layerPoint{layer, p}]; n != m.net.Config.Heads {
						return fmt.Errorf("the recording has %d heads, here are %d; it is of another model", n, m.net.Config.Heads)
					}
				} else if len(row) != width {
					return fmt.Errorf("the recording has %d elements a token, here are %d; it is of another model", len(row), width)
				}
			}
			return nil
		},
	}
}

// ofHeads reports whether a point has scores or weights: [nHead, nKV] a token, of which
// nKV grows.
func ofHeads(p observe.Point) bool { return p == observe.AttnScores || p == observe.AttnPattern }

// patchHeads puts rows of some keys in the place of rows of more or fewer, [heads, nKV].
// What neither has in common the token does not see: it is behind it.
func patchHeads(dst, row []float32, heads int) {
	to, from := len(dst)/heads, len(row)/heads
	for h := range heads {
		copy(dst[h*to:(h+1)*to], row[h*from:(h+1)*from])
	}
}

// pointWidth is the elements a token at a point of a layer; 0 of those where it grows,
// and of what follows the layers, which no patch fits.
func pointWidth(c model.Config, p observe.Point) int {
	switch p {
	case observe.ResidPre, observe.AttnNorm, observe.AttnOut, observe.ResidMid, observe.FFNNorm, observe.FFNOut, observe.ResidPost:
		return c.Embd
	case observe.Q, observe.QRot:
		return c.Heads * c.HeadK
	case observe.K, observe.KRot:
		return c.KVHeads * c.HeadK
	case observe.V:
		return c.KVHeads * c.HeadV
	case observe.Z:
		return c.Heads * c.HeadV
	}
	return 0
}

// Steer adds scale times a direction to the residual stream that leaves a layer, for
// every token (activation addition: Turner et al. 2023, arXiv:2308.10248).
// Model.Direction makes a direction of two texts. Scale 0 changes nothing.
func Steer(layer int, direction []float32, scale float64) *Intervention {
	direction = slices.Clone(direction)
	return &Intervention{
		what: fmt.Sprintf("layer %d steered by %g", layer, scale), layer: layer, point: observe.ResidPost,
		change: func(e observe.Event) {
			if scale == 0 {
				return
			}
			for t := range e.Shape[0] {
				row := e.X[t*e.Shape[1]:][:e.Shape[1]]
				for i, d := range direction {
					row[i] += float32(scale * float64(d))
				}
			}
		},
		fits: func(m *Model) error {
			if n := m.net.Config.Embd; len(direction) != n {
				return fmt.Errorf("the direction has %d elements, the residual stream %d; take one of this model's Direction", len(direction), n)
			}
			for i, d := range direction {
				if x := scale * float64(d); math.IsNaN(x) || math.Abs(x) > math.MaxFloat32 {
					return fmt.Errorf("element %d of the direction times the scale is %v; it must be finite", i, x)
				}
			}
			return nil
		},
	}
}

// observers is several in one.
type observers []observe.Observer

// Together is several observers as one. Each is asked, and each is shown what it wants,
// in this order: those behind see what those before have changed.
func Together(all ...observe.Observer) observe.Observer { return observers(slices.Clone(all)) }

func (all observers) Wants(layer int, p observe.Point) bool {
	for _, o := range all {
		if o.Wants(layer, p) {
			return true
		}
	}
	return false
}

func (all observers) Observe(e observe.Event) {
	for _, o := range all {
		if o.Wants(e.Layer, e.Point) {
			o.Observe(e)
		}
	}
}

func (all observers) check(m *Model) error {
	for i, o := range all {
		if o == nil {
			return fmt.Errorf("engine: Together: observer %d is nil", i)
		}
		if c, ok := o.(checker); ok {
			if err := c.check(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// String is what each says.
func (all observers) String() string {
	var s []string
	for _, o := range all {
		s = append(s, observerName(o))
	}
	return strings.Join(s, "; ")
}

// observerName is what an observer calls itself.
func observerName(o observe.Observer) string {
	if s, ok := o.(fmt.Stringer); ok {
		return s.String()
	}
	if name := fmt.Sprintf("%T", o); !strings.Contains(name, ".w_") {
		return name
	}
	return "an observer" // of a script: the type is the interpreter's
}
