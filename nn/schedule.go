package nn

import "math"

// The one-cycle schedule's constants (Smith & Topin 2018, with the usual ones of
// its implementations): the rate rises for 30 % of the steps from 1/25 of the
// peak and ends at 1/10,000 of where it started.
const (
	oneCycleRise  = 0.3
	oneCycleStart = 1. / 25
	oneCycleEnd   = oneCycleStart / 1e4
)

// rate returns the learning rate of a step, 0 <= step < total, as a multiple of
// nothing: it is what the optimizer uses. With t = step/total:
//
//	constant   LearningRate
//	cosine     LearningRate (1 + cos(pi t)) / 2          (Loshchilov & Hutter 2017)
//	step       LearningRate StepFactor^floor(epoch / StepEpochs)
//	one_cycle  half a cosine up to LearningRate, half a cosine down to almost 0
//
// and during the first WarmupEpochs all of that times (step+1) / warm-up steps.
// The configuration must have its defaults filled in.
func (c *Config) rate(step, stepsPerEpoch int) float64 {
	total := float64(stepsPerEpoch * c.Epochs)
	t := float64(step) / total
	lr := c.LearningRate
	switch c.Schedule {
	case "cosine":
		lr *= halfCosine(1, 0, t)
	case "step":
		lr *= math.Pow(c.StepFactor, float64(step/stepsPerEpoch/c.StepEpochs))
	case "one_cycle":
		if t < oneCycleRise {
			lr *= halfCosine(oneCycleStart, 1, t/oneCycleRise)
		} else {
			lr *= halfCosine(1, oneCycleEnd, (t-oneCycleRise)/(1-oneCycleRise))
		}
	}
	if warmup := c.WarmupEpochs * float64(stepsPerEpoch); float64(step+1) < warmup {
		lr *= float64(step+1) / warmup
	}
	return lr
}

// halfCosine goes from a to b along half a cosine while t goes from 0 to 1.
func halfCosine(a, b, t float64) float64 { return b + (a-b)*(1+math.Cos(math.Pi*t))/2 }
