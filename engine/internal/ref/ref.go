package ref

import "math"

// MatVec is y[r] = sum over k of w[r][k] * x[k]; w is [rows, len(x)].
func MatVec(w []float64, x []float64) []float64 {
	y := make([]float64, len(w)/len(x))
	for r := range y {
		for k, v := range x {
			y[r] += w[r*len(x)+k] * v
		}
	}
	return y
}

// RMSNorm is x / sqrt(mean(x^2) + eps) * w.
func RMSNorm(x, w []float64, eps float64) []float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	scale := 1 / math.Sqrt(sum/float64(len(x))+eps)
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = v * scale * w[i]
	}
	return y
}

// Softmax is exp(x) over its sum.
func Softmax(x []float64) []float64 {
	top := math.Inf(-1)
	for _, v := range x {
		top = max(top, v)
	}
	y, sum := make([]float64, len(x)), 0.0
	for i, v := range x {
		y[i] = math.Exp(v - top)
		sum += y[i]
	}
	for i := range y {
		y[i] /= sum
	}
	return y
}

// SwiGLU is silu(gate) * up.
func SwiGLU(gate, up []float64) []float64 {
	y := make([]float64, len(gate))
	for i, g := range gate {
		y[i] = g / (1 + math.Exp(-g)) * up[i]
	}
	return y
}

// RopePairs turns neighbouring pairs of the first dims elements of one head by
// pos * scale * base^(-2i/dims) / factors[i]; factors may be nil.
func RopePairs(head []float64, pos, dims int, base, scale float64, factors []float64) {
	for i := 0; i < dims/2; i++ {
		angle := float64(pos) * scale * math.Pow(base, -2*float64(i)/float64(dims))
		if factors != nil {
			angle /= factors[i]
		}
		a, b := head[2*i], head[2*i+1]
		head[2*i] = a*math.Cos(angle) - b*math.Sin(angle)
		head[2*i+1] = a*math.Sin(angle) + b*math.Cos(angle)
	}
}

// Attend is the attention of one query head over keys and values, one row each.
func Attend(q []float64, keys, values [][]float64) []float64 {
	scores := make([]float64, len(keys))
	for i, k := range keys {
		for d := range q {
			scores[i] += q[d] * k[d]
		}
		scores[i] /= math.Sqrt(float64(len(q)))
	}
	out := make([]float64, len(values[0]))
	for i, p := range Softmax(scores) {
		for d, v := range values[i] {
			out[d] += p * v
		}
	}
	return out
}
