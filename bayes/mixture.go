package bayes

import "math"

// mixture is the acquisition averaged over draws of the hyperparameters: the
// logarithm of the mean of the members' exponentials, or for UCB the plain mean.
type mixture struct {
	members []*expected
	kind    Acquisition
	part    []float64 // [D] one member's gradient
}

// mix conditions one process on the observations for every set of hyperparameters
// and prepares the acquisition under each. It returns nil where none succeeds.
func mix(o *observations, hypers []Hyperparameters, pending, normals [][]float64, kind Acquisition) *mixture {
	m := &mixture{kind: kind, part: make([]float64, len(o.nominal))}
	for _, h := range hypers {
		g, ok := o.condition(h)
		if !ok {
			continue
		}
		if a, ok := expect(g, o, pending, normals, kind); ok {
			m.members = append(m.members, a)
		}
	}
	if len(m.members) == 0 {
		return nil
	}
	return m
}

// at returns the acquisition at the columns x [D] and, where grad [D] is not nil,
// fills it with the derivatives.
func (m *mixture) at(x, grad []float64) float64 {
	if len(m.members) == 1 {
		return m.members[0].at(x, grad)
	}
	part := m.part
	if grad == nil {
		part = nil
	}
	clear(grad)
	n := float64(len(m.members))
	if m.kind == UCB {
		value := 0.0
		for _, a := range m.members {
			value += a.at(x, part) / n
			add(grad, 1/n, part)
		}
		return value
	}
	top, sum := math.Inf(-1), 0.0
	for _, a := range m.members {
		v := a.at(x, part)
		if v > top {
			scale(grad, math.Exp(top-v))
			sum, top = sum*math.Exp(top-v), v
		}
		share := math.Exp(v - top)
		sum += share
		add(grad, share, part)
	}
	scale(grad, 1/sum)
	return top + math.Log(sum/n)
}

// screen returns the acquisition of member i, counted round, in place of the mean:
// a look at many points.
func (m *mixture) screen(i int, x []float64) float64 {
	return m.members[i%len(m.members)].at(x, nil)
}

// looks returns how many members there are.
func (m *mixture) looks() int { return len(m.members) }

var _ landscape = (*mixture)(nil)

func add(dst []float64, c float64, x []float64) {
	for i := range dst {
		dst[i] += c * x[i]
	}
}

func scale(dst []float64, c float64) {
	for i := range dst {
		dst[i] *= c
	}
}
