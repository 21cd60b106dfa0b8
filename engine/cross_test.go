package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"loupe/engine/enginetest"
)

// What storing keys or values in a type may change, as the root mean square of what
// the logits are off, over that of the logits: of the small random model, whose values
// lean on few others, half as much again as it is.
var crossLimits = map[CacheType][2]float64{ // of K, of V
	F32: {1e-5, 1e-5}, F16: {0.0011, 0.0005}, BF16: {0.007, 0.004}, Q8_0: {0.045, 0.012}, Q5_1: {0.145, 0.075}, Q5_0: {0.125, 0.09},
	Q4_1: {0.31, 0.175}, Q4_0: {0.3, 0.165}, IQ4NL: {0.33, 0.185},
}

// Every FA x K x V x RoPE x batch runs and agrees with flash attention off and K and V
// in f32, at the same RoPE, or is refused with the error that names it.
func TestEverySettingAgreesOrIsRefused(t *testing.T) {
	saving(t)
	tiny := enginetest.DefaultTiny()
	tiny.Heads, tiny.KVHeads, tiny.FFN = 2, 1, 64
	path := tiny.Write(t)
	ropes := map[string]LoadConfig{
		"model's": {}, "base": {RopeFrequencyBase: 1e6}, "linear": {RopeScaling: RopeLinear, RopeFrequencyScale: 0.5},
		"yarn": {RopeScaling: RopeYarn, RopeFrequencyScale: 0.25, YarnOrigContext: 32},
	}
	ids := make([]int, 80)
	for i := range ids {
		ids[i] = i * i % 256
	}
	run := func(cfg LoadConfig) ([]float32, error) {
		cfg.ContextLength, cfg.Threads = 96, 1
		m, err := Load(path, cfg)
		if err != nil {
			return nil, err
		}
		defer m.Close()
		s := m.NewSession()
		defer s.Close()
		var all []float32
		err = s.EvalEach(context.Background(), ids, func(_ int, row []float32) { all = append(all, row...) }, len(ids)-10)
		return all, err
	}
	n, worst := 0, map[string]float64{}
	for rope, base := range ropes {
		ref := base
		ref.KCacheType, ref.VCacheType, ref.FlashAttention = F32, F32, Off
		want, err := run(ref)
		if err != nil {
			t.Fatal(err)
		}
		for _, flash := range []Switch{Off, On} {
			for _, k := range CacheTypes() {
				for _, v := range CacheTypes() {
					var whole []float32
					for _, batch := range []int{80, 13, 1} {
						cfg := base
						cfg.FlashAttention, cfg.KCacheType, cfg.VCacheType, cfg.EvalBatchSize, cfg.PhysicalBatchSize = flash, k, v, batch, batch
						name := fmt.Sprintf("flash attention %s, K %s, V %s, RoPE %s, batch %d", flash, k, v, rope, batch)
						got, err := run(cfg)
						if err != nil {
							t.Fatalf("%s: %v", name, err)
						}
						n++
						off := offBy(got, want)
						if limit := crossLimits[k][0] + crossLimits[v][1]; !(off <= limit) {
							t.Errorf("%s: logits off by %.2g, limit %.2g", name, off, limit)
						}
						if k == F32 {
							worst["V "+string(v)] = max(worst["V "+string(v)], off)
						}
						if v == F32 {
							worst["K "+string(k)] = max(worst["K "+string(k)], off)
						}
						if whole == nil {
							whole = got
						} else if off := offBy(got, whole); !(off <= 1e-5) {
							t.Errorf("%s: logits off by %.2g from those of one batch", name, off)
						}
					}
				}
			}
		}
	}
	t.Logf("%d settings run; worst: %v", n, worst)

	// Heads of 24: types in blocks are refused, by name, both at once.
	tiny.HeadDim = 24
	path = tiny.Write(t)
	for _, flash := range []Switch{Off, On} {
		for _, k := range CacheTypes() {
			for _, v := range CacheTypes() {
				_, err := run(LoadConfig{FlashAttention: flash, KCacheType: k, VCacheType: v})
				var names []string
				for _, x := range problemsOf(err) {
					names = append(names, x.Name)
				}
				var want []string
				if k.dtype().BlockSize() > 1 {
					want = append(want, "KCacheType")
				}
				if v.dtype().BlockSize() > 1 {
					want = append(want, "VCacheType")
				}
				if !slices.Equal(names, want) || err != nil && len(want) == 0 {
					t.Errorf("heads of 24, K %s, V %s: %v", k, v, err)
				}
			}
		}
	}
	// What no combination mends.
	for name, cfg := range map[string]LoadConfig{
		"EvalBatchSize":      {EvalBatchSize: 97},
		"PhysicalBatchSize":  {EvalBatchSize: 8, PhysicalBatchSize: 9},
		"RopeFrequencyScale": {RopeScaling: RopeNone, RopeFrequencyScale: 0.5},
	} {
		if p := problemsOf(second(run(cfg))); len(p) != 1 || p[0].Name != name {
			t.Errorf("%s: %v", name, p)
		}
	}
}

func second(_ []float32, err error) error { return err }

// problemsOf are the settings that an error names.
func problemsOf(err error) (list []*SettingError) {
	var all *SettingErrors
	var one *SettingError
	switch {
	case errors.As(err, &all):
		for _, p := range all.Problems {
			if errors.As(p, &one) {
				list = append(list, one)
			}
		}
	case errors.As(err, &one):
		list = append(list, one)
	}
	return list
}

// offBy is the root mean square of what a is off from b, over that of b.
func offBy(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	var diff, all float64
	for i, x := range b {
		diff += math.Pow(float64(a[i]-x), 2)
		all += float64(x) * float64(x)
	}
	return math.Sqrt(diff / all)
}
