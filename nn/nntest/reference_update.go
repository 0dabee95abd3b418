package nntest

import (
	"math"

	"mnisttune/nn"
)

// update changes the parameters by one step of the optimizer in Keras's form: clipping by
// the norm of all gradients, decoupled weight decay, then the rule.
func (n *reference) update(grads [][]float64, a nn.StepArgs) {
	norm := 0.0
	for _, g := range grads {
		for _, v := range g {
			norm += v * v
		}
	}
	norm = math.Sqrt(norm)
	shrink := 1.0
	if c := n.cfg.ClipNorm; c > 0 && norm > c {
		shrink = c / norm
	}
	for i, w := range n.params {
		for j := range w {
			w[j] -= a.LearningRate * *n.cfg.WeightDecay * w[j]
			w[j] += n.change(shrink*grads[i][j], &n.first[i][j], &n.second[i][j], a)
		}
	}
}

// change returns what the rule adds to a parameter of gradient g, and moves its moments.
func (n *reference) change(g float64, m, v *float64, a nn.StepArgs) float64 {
	const (
		rho          = 0.9 // RMSprop's
		beta1, beta2 = 0.9, 0.999
		epsilon      = 1e-7
	)
	lr, mu := a.LearningRate, *n.cfg.Momentum
	switch n.cfg.Optimizer {
	case "sgd":
		return -lr * g
	case "momentum":
		*m = mu**m - lr*g
		return *m
	case "nesterov":
		*m = mu**m - lr*g
		return mu**m - lr*g
	case "rmsprop":
		*v = rho**v + (1-rho)*g*g
		return -lr * g / math.Sqrt(*v+epsilon)
	}
	t := float64(a.Step + 1)
	*m += (1 - beta1) * (g - *m)
	*v += (1 - beta2) * (g*g - *v)
	return -lr * math.Sqrt(1-math.Pow(beta2, t)) / (1 - math.Pow(beta1, t)) * *m / (math.Sqrt(*v) + epsilon)
}
