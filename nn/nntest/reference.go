package nntest

import (
	"math"

	"mnisttune/nn"
)

// reference is the network in float64, written for reading: one loop for each sum of the
// textbook.
type reference struct {
	cfg    nn.Config
	sizes  []int // of the data, the hidden layers and the classes
	params [][]float64
	first  [][]float64 // moments
	second [][]float64
}

func newReference(cfg nn.Config, features, classes int, start nn.State) *reference {
	n := &reference{cfg: cfg}
	n.sizes = append(append([]int{features}, cfg.LayerWidths()...), classes)
	for i, t := range start.Weights {
		n.params = append(n.params, wide(t.Data))
		first, second := make([]float64, len(t.Data)), make([]float64, len(t.Data))
		if start.First != nil {
			first = wide(start.First[i].Data)
		}
		if start.Second != nil {
			second = wide(start.Second[i].Data)
		}
		n.first, n.second = append(n.first, first), append(n.second, second)
	}
	return n
}

func wide(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// layers returns the number of layers with weights.
func (n *reference) layers() int { return len(n.sizes) - 1 }

// pass is what a forward pass leaves: of every layer its input and, before the
// activation, its output.
type pass struct{ in, out [][]float64 }

// forward computes the layers for rows of x. With a step that is not negative the hidden
// units are dropped as in that step.
func (n *reference) forward(x []float64, rows, step int) pass {
	var p pass
	for l := range n.layers() {
		in, out, w, b := n.sizes[l], n.sizes[l+1], n.params[2*l], n.params[2*l+1]
		z := make([]float64, rows*out)
		for i := range rows {
			for j := range out {
				z[i*out+j] = b[j]
				for k := range in {
					z[i*out+j] += x[i*in+k] * w[k*out+j]
				}
			}
		}
		p.in, p.out = append(p.in, x), append(p.out, z)
		if l+1 == n.layers() {
			break
		}
		x = make([]float64, len(z))
		for i := range z {
			x[i] = activation(n.cfg.Activation, z[i]) * n.factor(l, step, i/out, i%out)
		}
	}
	return p
}

// factor is what dropout multiplies a unit by.
func (n *reference) factor(layer, step, row, unit int) float64 {
	if step < 0 || n.cfg.Dropout == 0 {
		return 1
	}
	if !n.cfg.Mask(layer, step).Keep(row, unit) {
		return 0
	}
	return 1 / (1 - n.cfg.Dropout)
}

// logits returns what the network says of rows, [rows, classes].
func (n *reference) logits(x []float64, rows int) []float64 {
	return n.forward(x, rows, -1).out[n.layers()-1]
}

// judged is what a step saw.
type judged struct {
	loss    float64
	correct int
	close   int // rows whose two largest logits are too near each other to tell
}

// near is how near two logits are that rounding may swap.
const near = 1e-4

// loss returns the mean cross-entropy of logits [rows, classes] with label smoothing, and
// its gradient.
func (n *reference) loss(z []float64, y []uint8) (out judged, dz []float64) {
	classes, rows := n.sizes[len(n.sizes)-1], len(y)
	dz = make([]float64, len(z))
	for i, label := range y {
		row := z[i*classes : (i+1)*classes]
		top, second := math.Inf(-1), math.Inf(-1)
		best := 0
		for j, v := range row {
			if v > top {
				top, second, best = v, top, j
			} else if v > second {
				second = v
			}
		}
		if top-second < near {
			out.close++
		}
		if best == int(label) {
			out.correct++
		}
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(v - top)
		}
		for j, v := range row {
			target := n.cfg.LabelSmoothing / float64(classes)
			if j == int(label) {
				target += 1 - n.cfg.LabelSmoothing
			}
			logP := v - top - math.Log(sum)
			out.loss -= target * logP / float64(rows)
			dz[i*classes+j] = (math.Exp(logP) - target) / float64(rows)
		}
	}
	return out, dz
}

// step trains on rows of x and returns what it saw before its update.
func (n *reference) step(x []float64, y []uint8, a nn.StepArgs) judged {
	p := n.forward(x, len(y), a.Step)
	out, dz := n.loss(p.out[n.layers()-1], y)
	n.update(n.gradients(p, dz, len(y), a.Step), a)
	return out
}

// gradients goes back through the layers.
func (n *reference) gradients(p pass, dz []float64, rows, step int) [][]float64 {
	grads := make([][]float64, len(n.params))
	for l := n.layers() - 1; l >= 0; l-- {
		in, out, w, x := n.sizes[l], n.sizes[l+1], n.params[2*l], p.in[l]
		dw, db, dx := make([]float64, in*out), make([]float64, out), make([]float64, rows*in)
		for i := range rows {
			for j := range out {
				d := dz[i*out+j]
				db[j] += d
				for k := range in {
					dw[k*out+j] += x[i*in+k] * d
					dx[i*in+k] += d * w[k*out+j]
				}
			}
		}
		grads[2*l], grads[2*l+1] = dw, db
		if l == 0 {
			break
		}
		for i := range dx {
			dx[i] *= n.factor(l-1, step, i/in, i%in) * slope(n.cfg.Activation, p.out[l-1][i])
		}
		dz = dx
	}
	return grads
}

func activation(name string, z float64) float64 {
	switch name {
	case "relu":
		return math.Max(z, 0)
	case "tanh":
		return math.Tanh(z)
	case "sigmoid":
		return 1 / (1 + math.Exp(-z))
	}
	return z * (1 + math.Erf(z/math.Sqrt2)) / 2 // gelu
}

func slope(name string, z float64) float64 {
	switch name {
	case "relu":
		if z > 0 {
			return 1
		}
		return 0
	case "tanh":
		return 1 - math.Tanh(z)*math.Tanh(z)
	case "sigmoid":
		s := activation(name, z)
		return s * (1 - s)
	}
	return (1+math.Erf(z/math.Sqrt2))/2 + z*math.Exp(-z*z/2)/math.Sqrt(2*math.Pi)
}
