package bayes

import "math"

// observations are what a Gaussian process learns from.
type observations struct {
	x       [][]float64 // [n][D] columns of the encoder
	y       []float64   // [n] transformed outputs, small is good
	nominal []bool      // [D] which columns hold names
	sq      []float64   // [n(n-1)/2 * D] squares of all pairs i > j, in the order (1,0) (2,0) (2,1) ...
}

func observe(x [][]float64, y []float64, nominal []bool) *observations {
	n, d := len(x), len(nominal)
	o := &observations{x: x, y: y, nominal: nominal, sq: make([]float64, n*(n-1)/2*d)}
	p := 0
	for i := range x {
		for j := range i {
			squares(o.sq[p:p+d], x[i], x[j], nominal)
			p += d
		}
	}
	return o
}

// covariance fills the lower triangle of k [n*n] with K + σ²I and, where dk is
// not nil, that of dk with dK/d(r²).
func (o *observations) covariance(h hyper, k, dk []float64) {
	n, d, w := len(o.x), len(o.nominal), h.weights()
	p := 0
	for i := range n {
		for j := range i {
			c, dc := matern52(dot(w, o.sq[p:p+d]))
			k[i*n+j] = h.Scale * c
			if dk != nil {
				dk[i*n+j] = h.Scale * dc
			}
			p += d
		}
		k[i*n+i] = h.Scale + h.Noise
	}
}

// minVariance bounds the posterior variance from below, in units of the scale:
// beneath it there is only rounding.
const minVariance = 1e-12

// meanVariance is the variance of the prior of the constant mean m about 0, in
// units of the variance of y.
const meanVariance = 1.0

// whiten returns the mean m of greatest posterior density and L⁻¹(y - m):
//
//	m = 1ᵀK⁻¹y / (1ᵀK⁻¹1 + 1/meanVariance)
//
// (Rasmussen & Williams 2006, eq. 2.41 with a constant basis function).
func whiten(l factor, y []float64) (mean float64, white []float64) {
	white, ones := make([]float64, len(y)), make([]float64, len(y))
	copy(white, y)
	for i := range ones {
		ones[i] = 1
	}
	l.forward(white)
	l.forward(ones)
	mean = dot(ones, white) / (dot(ones, ones) + 1/meanVariance)
	for i := range white {
		white[i] -= mean * ones[i]
	}
	return mean, white
}

// evidence returns the log marginal likelihood of the observations at their
// best mean (Rasmussen & Williams 2006, eqs. 2.30 and 5.9), the density of the
// mean's prior included, and its gradient with respect to
// (log l_1 .. log l_D, log s, log σ²). The mean is at its optimum, so its own
// change does not enter the gradient.
func (o *observations) evidence(h hyper) (value float64, grad []float64, ok bool) {
	n, d := len(o.x), len(o.nominal)
	k, dk := make([]float64, n*n), make([]float64, n*n)
	o.covariance(h, k, dk)
	l, ok := factorise(k, n)
	if !ok {
		return 0, nil, false
	}
	mean, white := whiten(l, o.y)
	value = -dot(white, white)/2 - l.halfLogDet() - float64(n)/2*math.Log(2*math.Pi) - mean*mean/(2*meanVariance)
	inv, ok := l.inverse()
	if !ok {
		return 0, nil, false
	}
	alpha := white
	l.backward(alpha)
	// With A = ααᵀ - K⁻¹, the derivative along θ is tr(A dK/dθ)/2.
	grad = make([]float64, d+2)
	p := 0
	for i := range n {
		for j := range i {
			a := alpha[i]*alpha[j] - inv[i*n+j]
			c := a * dk[i*n+j]
			for q, s := range o.sq[p : p+d] {
				grad[q] += c * s
			}
			grad[d] += a * k[i*n+j]
			p += d
		}
		a := alpha[i]*alpha[i] - inv[i*n+i]
		grad[d] += a * h.Scale / 2
		grad[d+1] += a * h.Noise / 2
	}
	for q, w := range h.weights() {
		grad[q] *= -2 * w
	}
	return value, grad, finite(value) && finite(grad...)
}

// gp is a Gaussian process conditioned on n rows.
type gp struct {
	hyper
	w       []float64   // [D] 1/l²
	nominal []bool      // [D]
	x       [][]float64 // [n][D]
	mean    float64
	l       factor    // [n, n] of K + σ²I
	white   []float64 // [n] L⁻¹(y - mean); the posterior mean at x is mean + (L⁻¹k(x))·white
}

// condition returns the process given the observations.
func (o *observations) condition(h hyper) (*gp, bool) {
	n := len(o.x)
	k := make([]float64, n*n)
	o.covariance(h, k, nil)
	l, ok := factorise(k, n)
	if !ok {
		return nil, false
	}
	g := &gp{hyper: h, w: h.weights(), nominal: o.nominal, x: o.x, l: l}
	g.mean, g.white = whiten(l, o.y)
	return g, finite(g.mean) && finite(g.white...)
}

// cross fills k [n] with the covariance of f(x) and f at the process's rows
// and, where dk is not nil, dk [n] with its derivative by r².
func (g *gp) cross(x, k, dk []float64) {
	sq := make([]float64, len(x))
	for i, row := range g.x {
		squares(sq, x, row, g.nominal)
		c, dc := matern52(dot(g.w, sq))
		k[i] = g.Scale * c
		if dk != nil {
			dk[i] = g.Scale * dc
		}
	}
}

// posterior returns v = L⁻¹k(x) [n] and the mean and variance of f at x
// (Rasmussen & Williams 2006, eqs. 2.25 and 2.26); dk is as for cross. Rows
// whose output is not known (see extend) count in the variance only.
func (g *gp) posterior(x, dk []float64) (v []float64, mean, variance float64) {
	v = make([]float64, len(g.x))
	g.cross(x, v, dk)
	g.l.forward(v)
	return v, g.mean + dot(g.white, v), max(g.Scale-dot(v, v), minVariance*g.Scale)
}

// extend returns the process with rows appended whose outputs are not known:
// white keeps its n entries, and the q entries that are missing are, by the
// definition of the factor, independent standard normal variables.
func (g *gp) extend(rows [][]float64) (*gp, bool) {
	b, c := make([][]float64, len(rows)), make([][]float64, len(rows))
	e := *g
	e.x = rows
	for i, x := range rows {
		b[i], c[i] = make([]float64, len(g.x)), make([]float64, len(rows))
		g.cross(x, b[i], nil)
		e.cross(x, c[i], nil)
		c[i][i] = g.Scale + g.Noise
	}
	e.x = append(append([][]float64(nil), g.x...), rows...)
	l, ok := g.l.extend(b, c)
	e.l = l
	return &e, ok
}
