package bayes

import "math"

// Acquisition says what a suggestion maximises. All are averaged over draws of the
// hyperparameters and over fantasies of the pending trials; what is to be improved
// on is the best posterior mean at the trials so far.
type Acquisition string

const (
	// LogEI is the logarithm of the expected improvement, the default: it has a
	// slope where the expected improvement itself is too small for a float64.
	LogEI Acquisition = "log_ei"
	// EI is the expected improvement (Jones et al. 1998, eq. 15). Its maximum is
	// where LogEI's is; far from the good points its slope is 0.
	EI Acquisition = "ei"
	// PI is the probability of an improvement (Kushner 1964). It stays close to
	// the best points.
	PI Acquisition = "pi"
	// UCB is the optimistic end of the prediction, ucbWidth deviations better than
	// the mean (Srinivas et al. 2010, with the width of Song et al. 2024).
	UCB Acquisition = "ucb"
)

const (
	// leastGain is the improvement, in standard deviations of the outputs, that is
	// taken off before anything counts as one. Without it a search that has reached
	// a local optimum goes on refining its last digits.
	leastGain = 1e-4
	// ucbWidth is how many deviations UCB looks beyond the mean.
	ucbWidth = 1.8
)

// expected is the acquisition under one process, averaged over the fantasies:
// draws of what the q pending trials may give. With none pending there is one
// fantasy, of length 0. Its buffers make it the caller's alone.
type expected struct {
	gp        *gp         // its last q rows are the pending ones
	fantasies [][]float64 // [S][q] standard normals, the missing ends of gp.white
	alpha     [][]float64 // [S][n+q] L⁻ᵀ white
	best      []float64   // [S] what is to be improved on: the best posterior mean less leastGain
	kind      Acquisition // UCB, PI, or the logarithm of EI for all others

	x, dx    []float64 // [D] the columns as the kernel sees them, and their slopes
	v, dk, c []float64 // [n+q] L⁻¹k, dk/d(r²), d acquisition/dk
	byMean   []float64 // [S] d acquisition/d mean_s
}

// expect prepares the acquisition. normals [S][q] must hold at least one row.
func expect(g *gp, o *observations, pending, normals [][]float64, kind Acquisition) (*expected, bool) {
	a := &expected{gp: g, fantasies: normals, kind: kind}
	if len(pending) > 0 {
		var ok bool
		if a.gp, ok = g.extend(pending); !ok {
			return nil, false
		}
	}
	for _, z := range normals {
		white := append(append([]float64(nil), g.white...), z...)
		alpha := append([]float64(nil), white...)
		a.gp.l.backward(alpha)
		best := math.Inf(1)
		for i, w := range alpha {
			// The posterior mean at row i is y_i less the noise's variance times alpha_i,
			// as K alpha = y - mean - noise alpha.
			y, noise := a.gp.mean+a.gp.l.rowDot(i, white), g.Noise
			if i < len(o.y) && o.barred != nil && o.barred[i] {
				continue
			}
			if i < len(o.y) {
				y, noise = o.y[i], o.luck(g.Hyperparameters, i)
			}
			best = min(best, y-noise*w)
		}
		a.alpha, a.best = append(a.alpha, alpha), append(a.best, best-leastGain)
	}
	n, d := len(a.gp.x), len(g.nominal)
	a.x, a.dx = make([]float64, d), make([]float64, d)
	a.v, a.dk, a.c = make([]float64, n), make([]float64, n), make([]float64, n)
	a.byMean = make([]float64, len(normals))
	return a, finite(a.best...)
}

// at returns the acquisition at the columns x [D] and, where grad [D] is not
// nil, fills it with the derivatives (0 for nominal columns).
func (a *expected) at(x, grad []float64) float64 {
	var dk, dx []float64
	if grad != nil {
		dk, dx = a.dk, a.dx
	}
	a.gp.warp(a.x, dx, x, a.gp.nominal)
	mean, variance := a.gp.posterior(a.x, a.v, dk)
	sd := math.Sqrt(variance)
	var value, bySD float64
	switch a.kind {
	case UCB:
		value, bySD = a.optimism(mean, sd)
	case PI:
		value, bySD = a.average(mean, sd, logCDF, slopeLogCDF)
	default:
		value, bySD = a.average(mean, sd, logH, slopeLogH)
		value += math.Log(sd)
		bySD += 1 / sd
	}
	if grad != nil {
		a.slope(grad, variance, bySD)
	}
	return value
}

// shift returns what fantasy s adds to the posterior mean.
func (a *expected) shift(s int) float64 { return dot(a.fantasies[s], a.v[len(a.gp.white):]) }

// optimism returns ucbWidth sd - mean, averaged over the fantasies, and its
// derivative by sd; byMean takes those by the means.
func (a *expected) optimism(mean, sd float64) (value, bySD float64) {
	n := float64(len(a.fantasies))
	for s := range a.fantasies {
		value -= (mean + a.shift(s)) / n
		a.byMean[s] = -1 / n
	}
	return value + ucbWidth*sd, ucbWidth
}

// average returns log mean_s exp f(u_s), u_s = (best_s - mean_s)/sd, and its
// derivative by sd; byMean takes those by the means.
func (a *expected) average(mean, sd float64, f, slope func(float64) float64) (value, bySD float64) {
	top, sum := math.Inf(-1), 0.0
	for s := range a.fantasies {
		v := f((a.best[s] - mean - a.shift(s)) / sd)
		a.byMean[s] = v
		top = max(top, v)
	}
	for s, v := range a.byMean {
		a.byMean[s] = math.Exp(v - top)
		sum += a.byMean[s]
	}
	for s, share := range a.byMean {
		u := (a.best[s] - mean - a.shift(s)) / sd
		a.byMean[s] = -share / sum * slope(u) / sd
		bySD += a.byMean[s] * u
	}
	return top + math.Log(sum/float64(len(a.byMean))), bySD
}

// slope fills grad with the derivatives by the columns, given those by the means
// and by sd:
//
//	dmean_s = dk·alpha_s,  dvariance = -2 dk·L⁻ᵀv,  dk_i/dx_j = dk_i/d(r²) 2 (x_j - x_ij)/l_j²
//
// At the floor of the variance the deviation does not move. v is overwritten.
func (a *expected) slope(grad []float64, variance, bySD float64) {
	c := a.c
	clear(c)
	for s, by := range a.byMean {
		for i, w := range a.alpha[s] {
			c[i] += by * w
		}
	}
	if variance > minVariance*a.gp.Scale {
		a.gp.l.backward(a.v)
		for i, w := range a.v {
			c[i] -= bySD / math.Sqrt(variance) * w
		}
	}
	clear(grad)
	for i, row := range a.gp.x {
		ci := 2 * c[i] * a.dk[i]
		for j, nominal := range a.gp.nominal {
			if !nominal {
				grad[j] += ci * (a.x[j] - row[j])
			}
		}
	}
	for j, w := range a.gp.w {
		grad[j] *= w * a.dx[j]
	}
}

// predict returns the mean and the standard deviation of f at the columns x [D].
func (a *expected) predict(x []float64) (mean, sd float64) {
	a.gp.warp(a.x, nil, x, a.gp.nominal)
	mean, variance := a.gp.posterior(a.x, a.v, nil)
	return mean, math.Sqrt(variance)
}
