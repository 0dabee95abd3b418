package kernel

import "math"

// Optimizer names an update rule.
type Optimizer uint8

const (
	// SGD: w -= lr g.
	SGD Optimizer = iota + 1
	// Momentum: m = mu m - lr g; w += m (Keras's form).
	Momentum
	// Nesterov: m = mu m - lr g; w += mu m - lr g (Keras's form).
	Nesterov
	// RMSprop: v = rho v + (1-rho) g^2; w -= lr g / sqrt(v + eps) (Keras's form).
	RMSprop
	// Adam: m += (1-beta1)(g-m); v += (1-beta2)(g^2-v);
	// w -= lr sqrt(1-beta2^t)/(1-beta1^t) m / (sqrt(v) + eps)
	// (Kingma & Ba 2015, the form before section 2.1's end, as in Keras).
	Adam
)

// Rule is one step of an optimizer, its numbers worked out.
type Rule struct {
	Optimizer Optimizer
	Rate      float32 // lr; for Adam lr sqrt(1-beta2^t)/(1-beta1^t)
	Beta1     float32 // mu, or Adam's beta1
	Beta2     float32 // rho, or Adam's beta2
	Epsilon   float32
	Decay     float32 // lr times weight decay: w is multiplied by 1-Decay first
	GradScale float32 // factor on every gradient (clipping); 1 for none
}

// smallestNormal is the smallest float32 that is not denormal.
const smallestNormal = 0x1p-126

// flush returns x, or zero where x is denormal.
func flush(x float32) float32 {
	if math.Float32bits(x)&^(1<<31) < math.Float32bits(smallestNormal) {
		return 0
	}
	return x
}

func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// step is the plain Go form of Set.Step.
func step(r *Rule, w, g, m, v []float32) {
	g = g[:len(w)]
	if r.Decay != 0 {
		keep := 1 - r.Decay
		for i := range w {
			w[i] *= keep
		}
	}
	switch r.Optimizer {
	case SGD:
		rate := r.Rate * r.GradScale
		for i := range w {
			w[i] -= rate * g[i]
		}
	case Momentum, Nesterov:
		m = m[:len(w)]
		rate := r.Rate * r.GradScale
		for i := range w {
			d := rate * g[i]
			m[i] = flush(r.Beta1*m[i] - d)
			if r.Optimizer == Nesterov {
				w[i] += r.Beta1*m[i] - d
			} else {
				w[i] += m[i]
			}
		}
	case RMSprop:
		v = v[:len(w)]
		for i := range w {
			gi := g[i] * r.GradScale
			v[i] = flush(r.Beta2*v[i] + (1-r.Beta2)*gi*gi)
			w[i] -= r.Rate * gi / sqrt32(v[i]+r.Epsilon)
		}
	case Adam:
		adam(*r, w, g, m[:len(w)], v[:len(w)])
	}
	clear(g)
}

// adam is the case of step that most trainings are: the rule is in registers, and where
// the mean is zero, as for pixels that have been dark for long, neither root nor quotient
// is worked out, for the weight stays as it is.
func adam(r Rule, w, g, m, v []float32) {
	g, m, v = g[:len(w)], m[:len(w)], v[:len(w)]
	left1, left2 := 1-r.Beta1, 1-r.Beta2
	for i, gi := range g {
		gi *= r.GradScale
		mi, vi := m[i], v[i]
		mi = flush(mi + left1*(gi-mi))
		vi = flush(vi + left2*(gi*gi-vi))
		m[i], v[i] = mi, vi
		if mi != 0 {
			w[i] -= r.Rate * mi / (sqrt32(vi) + r.Epsilon)
		}
	}
}

func sumSquares(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum
}
