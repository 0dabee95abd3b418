package search

import "math"

// rung is a part of a bracket: so many trials of one budget.
type rung struct{ trials, resource int }

// rungs returns the rungs of a bracket of so many candidates, none if there are none, as
// scikit-learn 1.9 has them: there are as many as it takes until less than factor
// candidates are left, counted in whole powers of the factor, or as the budget allows.
func rungs(candidates, lo, hi, factor int) (out []rung) {
	for left := candidates; left > 0; left /= factor {
		out = append(out, rung{candidates, lo})
		if lo > hi/factor {
			break
		}
		candidates, lo = (candidates-1)/factor+1, lo*factor
	}
	return out
}

// trialsOf returns how many trials a bracket has.
func trialsOf(bracket []rung) (n int) {
	for _, r := range bracket {
		n += r.trials
	}
	return n
}

// schedule is the row of brackets: all alike but for one, if the configurations of a
// finite space are no multiple of the candidates.
type schedule struct {
	bracket []rung
	short   []rung
	at      int // number of the short one
}

// schedule returns the brackets in a space that h is valid for.
func (h Halving) schedule(space Space) schedule {
	resource := space.params[space.index[h.Resource]]
	lo, hi, factor := h.numbers(resource)
	candidates := orDefault(h.Candidates, hi/lo)
	s := schedule{at: math.MaxInt}
	if space.finite {
		size := h.fixed(space, lo).size
		if rest := size % candidates; rest > 0 {
			s.short, s.at = rungs(rest, lo, hi, factor), size/candidates
		}
	}
	s.bracket = rungs(candidates, lo, hi, factor)
	return s
}

// of returns the rungs of a bracket.
func (s schedule) of(bracket int) []rung {
	if bracket == s.at {
		return s.short
	}
	return s.bracket
}

// find returns the bracket that a trial is in, and the number of its first trial.
func (s schedule) find(number int) (bracket, start int) {
	n := trialsOf(s.bracket)
	bracket = number / n
	if bracket < s.at {
		return bracket, bracket * n
	}
	start = s.at * n
	if next := start + trialsOf(s.short); number >= next {
		after := (number - next) / n
		return s.at + 1 + after, next + after*n
	}
	return s.at, start
}

// place is where a trial stands.
type place struct {
	rung, resource int
	start          int // number of the rung's first trial
	// before is the number of the first trial of the rung before and resourceBefore its
	// budget. For the first rung of a bracket before is that of the last rung that needed
	// results, 0 if there was none.
	before, resourceBefore int
}

// place returns the place of a trial.
func (s schedule) place(number int) place {
	bracket, start := s.find(number)
	p := place{start: start, before: s.lastChosen(bracket, start)}
	for i, r := range s.of(bracket) {
		p.rung, p.resource = i, r.resource
		if number-p.start < r.trials {
			break
		}
		p.before, p.resourceBefore, p.start = p.start, r.resource, p.start+r.trials
	}
	return p
}

// lastChosen returns the number of the first trial of the last rung, before a bracket that
// begins at start, which was not the first of its bracket; 0 if there was none.
func (s schedule) lastChosen(bracket, start int) int {
	for b := bracket - 1; b >= 0 && len(s.bracket) > 1; b-- { // a short one may have but one rung
		rungs := s.of(b)
		if last := rungs[len(rungs)-1]; len(rungs) > 1 {
			return start - last.trials
		}
		start -= trialsOf(rungs)
	}
	return 0
}
