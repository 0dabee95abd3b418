package kernel

import (
	"fmt"
	"math"
)

// Activation is an elementwise non-linearity.
type Activation uint8

const (
	ReLU    Activation = iota + 1 // max(z, 0)
	Tanh                          // tanh z
	Sigmoid                       // 1 / (1 + e^-z)
	GELU                          // z Phi(z), Phi the normal distribution (Hendrycks & Gimpel 2016), exact
)

var activationNames = [...]string{ReLU: "relu", Tanh: "tanh", Sigmoid: "sigmoid", GELU: "gelu"}

// ActivationNames lists what ParseActivation accepts.
func ActivationNames() []string { return activationNames[ReLU:] }

// ParseActivation finds an activation by its name.
func ParseActivation(name string) (Activation, error) {
	for i, n := range activationNames {
		if n == name && n != "" {
			return Activation(i), nil
		}
	}
	return 0, fmt.Errorf("unknown activation %q (have: %v)", name, ActivationNames())
}

func (f Activation) String() string { return activationNames[f] }

// SavesInput says what the gradient needs: the input z (true) or the output y.
func (f Activation) SavesInput() bool { return f == GELU }

// Value returns f(z).
func (f Activation) Value(z float64) float64 {
	switch f {
	case ReLU:
		if z < 0 {
			return 0
		}
		return z // NaN stays NaN
	case Tanh:
		return math.Tanh(z)
	case Sigmoid:
		return 1 / (1 + math.Exp(-z))
	default:
		return max(z, -40) * 0.5 * math.Erfc(-z/math.Sqrt2) // no infinity times zero
	}
}

// Slope returns f'(z) from the saved value: z if SavesInput, else f(z).
func (f Activation) Slope(saved float64) float64 {
	switch f {
	case ReLU:
		if saved > 0 {
			return 1
		}
		return 0
	case Tanh:
		return 1 - saved*saved
	case Sigmoid:
		return saved * (1 - saved)
	default:
		saved = max(-40, min(saved, 40)) // no infinity times zero
		density := math.Exp(-saved*saved/2) / math.Sqrt(2*math.Pi)
		return 0.5*math.Erfc(-saved/math.Sqrt2) + saved*density
	}
}

func activate(f Activation, y, z []float32) {
	z = z[:len(y)]
	if f == ReLU {
		for i, v := range z {
			if v < 0 {
				v = 0
			}
			y[i] = v
		}
		return
	}
	for i, v := range z {
		y[i] = float32(f.Value(float64(v)))
	}
}

func activateGrad(f Activation, dz, dy, saved []float32) {
	dy, saved = dy[:len(dz)], saved[:len(dz)]
	if f == ReLU {
		for i, s := range saved {
			if s > 0 {
				dz[i] = dy[i]
			} else {
				dz[i] = 0
			}
		}
		return
	}
	for i, s := range saved {
		dz[i] = dy[i] * float32(f.Slope(float64(s)))
	}
}

// ActivationForward computes a part of y = f(z).
func (s *Set) ActivationForward(f Activation, y, z Matrix, part Part) {
	yp, _ := y.Part(part)
	zp, _ := z.Part(part)
	s.Activate(f, yp, zp)
}

// ActivationGrad computes a part of dz = dy f'(z); saved is the activation's input
// or output, as f.SavesInput says.
func (s *Set) ActivationGrad(f Activation, dz, dy, saved Matrix, part Part) {
	dzp, _ := dz.Part(part)
	dyp, _ := dy.Part(part)
	sp, _ := saved.Part(part)
	s.ActivateGrad(f, dzp, dyp, sp)
}
