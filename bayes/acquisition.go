package bayes

import "math"

// Acquisition says what a suggestion maximises.
type Acquisition string

const (
	// LogEI is the logarithm of the expected improvement, the default: it has a
	// slope where the expected improvement itself is too small for a float64.
	LogEI Acquisition = "log_ei"
	// EI is the expected improvement (Jones et al. 1998, eq. 15). Its maximum is
	// where LogEI's is; far from the good points its slope is 0.
	EI Acquisition = "ei"
)

// leastGain is the improvement, in standard deviations of the outputs, that is
// taken off before anything counts as one. Without it a search that has reached
// a local optimum goes on refining its last digits.
const leastGain = 1e-4

// expected is the expected improvement over the best posterior mean among the
// observed and the pending rows, averaged over the fantasies: draws of what the
// q pending trials may give. With none pending there is one fantasy, of length 0.
type expected struct {
	gp        *gp         // its last q rows are the pending ones
	fantasies [][]float64 // [S][q] standard normals, the missing ends of gp.white
	alpha     [][]float64 // [S][n+q] L⁻ᵀ white
	best      []float64   // [S] what is to be improved on: the best posterior mean less leastGain
	plain     bool        // EI in place of LogEI
}

// expect prepares the acquisition. normals [S][q] must hold at least one row.
func expect(g *gp, o *observations, pending, normals [][]float64, plain bool) (*expected, bool) {
	a := &expected{gp: g, fantasies: normals, plain: plain}
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
		// The posterior mean at row i is y_i - σ² alpha_i, as K alpha = y - mean - σ² alpha.
		best := math.Inf(1)
		for i, w := range alpha {
			y := a.gp.mean + a.gp.l.rowDot(i, white)
			if i < len(o.y) {
				y = o.y[i]
			}
			best = min(best, y-g.Noise*w)
		}
		a.alpha, a.best = append(a.alpha, alpha), append(a.best, best-leastGain)
	}
	return a, finite(a.best...)
}

// at returns the acquisition at the columns x [D] and, where grad [D] is not
// nil, fills it with the derivatives (0 for nominal columns).
func (a *expected) at(x, grad []float64) float64 {
	var dk []float64
	if grad != nil {
		dk = make([]float64, len(a.gp.x))
	}
	v, mean, variance := a.gp.posterior(x, dk)
	known, sd := len(a.gp.white), math.Sqrt(variance)

	// value = log mean_s exp(log EI_s); share_s = EI_s / Σ EI.
	share := make([]float64, len(a.fantasies))
	top := math.Inf(-1)
	for s, z := range a.fantasies {
		share[s] = logH((a.best[s] - mean - dot(z, v[known:])) / sd)
		top = max(top, share[s])
	}
	sum := 0.0
	for s := range share {
		share[s] = math.Exp(share[s] - top)
		sum += share[s]
	}
	value := math.Log(sd) + top + math.Log(sum/float64(len(share)))
	if grad != nil {
		for s := range share {
			share[s] /= sum
		}
		a.slope(grad, x, v, dk, mean, variance, share)
	}
	if a.plain {
		value = math.Exp(value)
		for j := range grad {
			grad[j] *= value
		}
	}
	return value
}

// slope fills grad with the derivatives of log EI by the columns of x:
//
//	d log EI = Σ_s share_s (r_s du_s) + dsd/sd,  u_s = (best_s - mean_s)/sd,  r = d log h/du
//	dmean_s = dk·alpha_s,  dvariance = -2 dk·L⁻ᵀv,  dk_i/dx_j = dk_i/d(r²) 2 (x_j - x_ij)/l_j²
//
// At the floor of the variance the deviation does not move. v is overwritten.
func (a *expected) slope(grad, x, v, dk []float64, mean, variance float64, share []float64) {
	known, sd := len(a.gp.white), math.Sqrt(variance)
	bySD := 1 / sd
	c := make([]float64, len(v)) // d log EI / dk_i
	for s, z := range a.fantasies {
		u := (a.best[s] - mean - dot(z, v[known:])) / sd
		r := share[s] * slopeLogH(u)
		bySD -= r * u / sd
		for i, w := range a.alpha[s] {
			c[i] -= r / sd * w
		}
	}
	if variance > minVariance*a.gp.Scale {
		a.gp.l.backward(v)
		for i, w := range v {
			c[i] -= bySD / sd * w
		}
	}
	clear(grad)
	for i, row := range a.gp.x {
		ci := 2 * c[i] * dk[i]
		for j, nominal := range a.gp.nominal {
			if !nominal {
				grad[j] += ci * a.gp.w[j] * (x[j] - row[j])
			}
		}
	}
}
