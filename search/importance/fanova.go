package importance

import (
	"fmt"
	"math/rand/v2"

	"mnisttune/search"
)

// FANOVA returns which share of the variance that parameters explain alone each of them
// explains, the greatest first, in the whole space: every tree of a random forest on the
// complete trials has its variance taken apart (Hutter, Hoos and Leyton-Brown 2014).
// Numbers count on their parameter's scale (a learning rate on a log scale by its
// logarithm); a parameter that does not take part in a trial is taken to lie in the
// middle of its range. Fewer than two complete trials of the space are ErrTooFewTrials.
func FANOVA(space search.Space, trials []search.Trial, f Forest) ([]Share, error) {
	if f.Trees == 0 {
		f.Trees = 64
	}
	if f.Trees < 0 {
		return nil, fmt.Errorf("importance: a forest has 1 tree or more (got %d)", f.Trees)
	}
	o, err := observe(space, trials)
	if err != nil {
		return nil, err
	}
	x, whole := o.rows()
	rng := rand.New(rand.NewPCG(f.Seed, 0x666f72657374))
	fractions := make([][]float64, len(o.params))
	for range f.Trees {
		g := grower{x: x, y: o.values}
		g.grow(bootstrap(len(x), rng), whole)
		total := variance(g.leaves)
		if total <= 0 {
			continue
		}
		for i := range o.params {
			fractions[i] = append(fractions[i], marginalVariance(g.leaves, i)/total)
		}
	}
	values, deviations := make([]float64, len(o.params)), make([]float64, len(o.params))
	for i := range o.params {
		if len(fractions[i]) > 0 {
			values[i], deviations[i] = spread(fractions[i])
		}
	}
	return o.share(values, deviations), nil
}

// rows returns the trials as rows for a tree, and the box that is the whole space.
func (o *observed) rows() (x [][]float64, whole box) {
	for _, p := range o.params {
		whole.low, whole.high = append(whole.low, 0), append(whole.high, 1)
		var words []bool
		if p.Kind == search.Category {
			words = make([]bool, len(p.Values))
			for i := range words {
				words[i] = true
			}
		}
		whole.words = append(whole.words, words)
	}
	for _, t := range o.trials {
		u, active := o.space.Encode(t)
		for i, p := range o.params {
			if p.Kind == search.Category && active[i] {
				u[i] = float64(choice(p, t[p.Name]))
			} else if p.Kind == search.Category {
				u[i] = -1 // no word
			}
		}
		x = append(x, u)
	}
	return x, whole
}
