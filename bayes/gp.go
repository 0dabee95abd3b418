package bayes

import "math"

// observations are what a Gaussian process learns from.
type observations struct {
	x       [][]float64 // [n][D] columns of the encoder
	y       []float64   // [n] transformed outputs, small is good
	known   []float64   // [n] variances of the measurements that are known, on top of σ²; nil means 0
	nominal []bool      // [D] which columns hold names
	warped  bool        // whether the numeric columns are warped
	barred  []bool      // [n] which rows are nothing to improve on; nil means none
}

func observe(x [][]float64, y []float64, nominal []bool) *observations {
	return &observations{x: x, y: y, nominal: nominal}
}

// numeric returns how many columns hold numbers.
func (o *observations) numeric() int {
	n := 0
	for _, name := range o.nominal {
		if !name {
			n++
		}
	}
	return n
}

// luck returns the variance of measurement i about what the trial's value would be
// in the mean: what is known of it, else σ². Where the noise is known, σ² is the
// roughness of the objective itself.
func (o *observations) luck(h Hyperparameters, i int) float64 {
	if o.known != nil && o.known[i] > 0 {
		return o.known[i]
	}
	return h.Noise
}

// noise returns the variance of measurement i about f.
func (o *observations) noise(h Hyperparameters, i int) float64 {
	if o.known == nil {
		return h.Noise
	}
	return h.Noise + o.known[i]
}

// covariance fills the lower triangle of k [n*n] with K + noise and, where dk is
// not nil, that of dk with dK/d(r²).
func (o *observations) covariance(h Hyperparameters, rows [][]float64, k, dk []float64) {
	n, g := len(o.x), geometry{h.weights(), o.nominal}
	for i := range n {
		for j := range i {
			c, dc := matern52(g.distance(rows[i], rows[j]))
			k[i*n+j] = h.Scale * c
			if dk != nil {
				dk[i*n+j] = h.Scale * dc
			}
		}
		k[i*n+i] = h.Scale + o.noise(h, i)
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

// likelihood is the value of evidence, and L⁻¹(y - m), given the factor.
func (o *observations) likelihood(l factor) (value float64, white []float64) {
	mean, white := whiten(l, o.y)
	return -dot(white, white)/2 - l.halfLogDet() - float64(len(o.y))/2*math.Log(2*math.Pi) - mean*mean/(2*meanVariance), white
}

// density returns the log posterior density of the hyperparameters whose logarithms
// are t, -Inf where the covariance matrix cannot be factorised.
func (o *observations) density(t []float64) float64 {
	h := o.fromLogs(t)
	n := len(o.x)
	k := make([]float64, n*n)
	o.covariance(h, h.warpRows(o.x, o.nominal), k, nil)
	l, ok := factorise(k, n)
	if !ok {
		return math.Inf(-1)
	}
	value, _ := o.likelihood(l)
	prior, _ := h.logPrior()
	if v := value + prior; finite(v) {
		return v
	}
	return math.Inf(-1)
}

// evidence returns the log marginal likelihood of the observations at their
// best mean (Rasmussen & Williams 2006, eqs. 2.30 and 5.9), the density of the
// mean's prior included, and its gradient with respect to the logarithms of the
// hyperparameters, in the order of logs. The mean is at its optimum, so its own
// change does not enter the gradient.
func (o *observations) evidence(h Hyperparameters) (value float64, grad []float64, ok bool) {
	n, d := len(o.x), len(o.nominal)
	k, dk := make([]float64, n*n), make([]float64, n*n)
	rows := h.warpRows(o.x, o.nominal)
	o.covariance(h, rows, k, dk)
	l, ok := factorise(k, n)
	if !ok {
		return 0, nil, false
	}
	value, white := o.likelihood(l)
	inv, ok := l.inverse()
	if !ok {
		return 0, nil, false
	}
	alpha := white
	l.backward(alpha)
	// With A = ααᵀ - K⁻¹, the derivative along θ is tr(A dK/dθ)/2.
	grad = make([]float64, d+2+2*len(h.WarpA))
	g := geometry{h.weights(), o.nominal}
	pull := make([]float64, n*d) // derivatives by the rows, over 2w
	for i := range n {
		for j := range i {
			a := alpha[i]*alpha[j] - inv[i*n+j]
			c := a * dk[i*n+j]
			for q, x := range rows[i] {
				s := x - rows[j][q]
				if o.nominal[q] && s != 0 {
					s = 1
				}
				grad[q] += c * s * s
				pull[i*d+q] += c * s
				pull[j*d+q] -= c * s
			}
			grad[d] += a * k[i*n+j]
		}
		a := alpha[i]*alpha[i] - inv[i*n+i]
		grad[d] += a * h.Scale / 2
		grad[d+1] += a * h.Noise / 2
	}
	for q, w := range g.w {
		grad[q] *= -2 * w
	}
	o.warpSlopes(grad[d+2:], h, g.w, pull)
	return value, grad, finite(value) && finite(grad...)
}

// warpSlopes fills grad [2W] with the derivatives by log a and log b, given pull [n*D],
// those by the rows as the kernel sees them, over 2w.
func (o *observations) warpSlopes(grad []float64, h Hyperparameters, w, pull []float64) {
	if h.WarpA == nil {
		return
	}
	d, m := len(w), len(h.WarpA)
	for i, x := range o.x {
		p := 0
		for q, name := range o.nominal {
			if name {
				continue
			}
			at, c := kumaraswamy(x[q], h.WarpA[p], h.WarpB[p]), 2*w[q]*pull[i*d+q]
			grad[p] += c * at.byLogA
			grad[m+p] += c * at.byLogB
			p++
		}
	}
}

// gp is a Gaussian process conditioned on n rows.
type gp struct {
	Hyperparameters
	geometry
	x     [][]float64 // [n][D] rows as the kernel sees them
	mean  float64
	l     factor    // [n, n] of K + noise
	white []float64 // [n] L⁻¹(y - mean); the posterior mean at x is mean + (L⁻¹k(x))·white
}

// condition returns the process given the observations.
func (o *observations) condition(h Hyperparameters) (*gp, bool) {
	n := len(o.x)
	k := make([]float64, n*n)
	rows := h.warpRows(o.x, o.nominal)
	o.covariance(h, rows, k, nil)
	l, ok := factorise(k, n)
	if !ok {
		return nil, false
	}
	g := &gp{Hyperparameters: h, geometry: geometry{h.weights(), o.nominal}, x: rows, l: l}
	g.mean, g.white = whiten(l, o.y)
	return g, finite(g.mean) && finite(g.white...)
}

// cross fills k [n] with the covariance of f(x) and f at the process's rows
// and, where dk is not nil, dk [n] with its derivative by r². x is as the kernel sees it.
func (g *gp) cross(x, k, dk []float64) {
	for i, row := range g.x {
		c, dc := matern52(g.distance(x, row))
		k[i] = g.Scale * c
		if dk != nil {
			dk[i] = g.Scale * dc
		}
	}
}

// posterior returns the mean and variance of f at x, a row as the kernel sees it,
// and fills v [n] with L⁻¹k(x) (Rasmussen & Williams 2006, eqs. 2.25 and 2.26); dk
// is as for cross. Rows whose output is not known (see extend) count in the
// variance only.
func (g *gp) posterior(x, v, dk []float64) (mean, variance float64) {
	g.cross(x, v, dk)
	g.l.forward(v)
	return g.mean + dot(g.white, v), max(g.Scale-dot(v, v), minVariance*g.Scale)
}

// extend returns the process with rows appended whose outputs are not known:
// white keeps its n entries, and the q entries that are missing are, by the
// definition of the factor, independent standard normal variables.
func (g *gp) extend(pending [][]float64) (*gp, bool) {
	b, c := make([][]float64, len(pending)), make([][]float64, len(pending))
	e := *g
	e.x = g.warpRows(pending, g.nominal)
	for i, x := range e.x {
		b[i], c[i] = make([]float64, len(g.x)), make([]float64, len(pending))
		g.cross(x, b[i], nil)
		e.cross(x, c[i], nil)
		c[i][i] = g.Scale + g.Noise
	}
	e.x = append(append([][]float64(nil), g.x...), e.x...)
	l, ok := g.l.extend(b, c)
	e.l = l
	return &e, ok
}

// means returns the posterior means at the n rows that have an output.
func (g *gp) means(o *observations) []float64 {
	alpha := append([]float64(nil), g.white...)
	l := g.l
	l.l.N = len(alpha) // the leading block is the factor without the pending rows
	l.backward(alpha)
	out := make([]float64, len(alpha))
	for i := range out {
		out[i] = o.y[i] - o.luck(g.Hyperparameters, i)*alpha[i]
	}
	return out
}
