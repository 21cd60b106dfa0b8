package engine

import (
	"context"
	"fmt"

	"loupe/engine/picture"
)

// HeadView is the layer's heads for a page.
func (l *AttentionLayer) HeadView() picture.HeadView {
	v := picture.HeadView{Title: fmt.Sprintf("attention of layer %d", l.Layer)}
	v.Tokens, v.Layers = l.view()
	return v
}

func (l *AttentionLayer) view() ([]string, []picture.HeadLayer) {
	p := picture.HeadLayer{Name: fmt.Sprintf("layer %d", l.Layer)}
	var tokens []string
	for _, a := range l.Heads {
		tokens = a.Tokens
		p.Heads = append(p.Heads, picture.HeadWeights{Name: fmt.Sprint(a.Head), Weights: a.Weights})
	}
	return tokens, []picture.HeadLayer{p}
}

// HeadView is what all heads of some layers look at, for a page in which layers, heads
// and tokens can be picked; without layers of all. As for [Session.Attention], the
// tokens are read anew beside the session, once.
func (s *Session) HeadView(layers ...int) (*picture.HeadView, error) {
	return s.HeadViewContext(hostContext(), layers...)
}

// HeadViewContext is HeadView under ctx.
func (s *Session) HeadViewContext(ctx context.Context, layers ...int) (*picture.HeadView, error) {
	if len(layers) == 0 {
		for i := range s.model.net.Config.Layers {
			layers = append(layers, i)
		}
	}
	all, err := s.attention(ctx, layers, 0, s.model.net.Config.Heads)
	if err != nil {
		return nil, err
	}
	v := &picture.HeadView{Title: "attention"}
	for _, l := range all {
		tokens, part := l.view()
		v.Tokens, v.Layers = tokens, append(v.Layers, part...)
	}
	return v, nil
}
