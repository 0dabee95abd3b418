package search

import "slices"

const (
	// maxLattice bounds the number of configurations that are counted exactly.
	maxLattice = 1 << 53
	// maxParentLevels bounds how many values a parameter that others depend on
	// is gone through.
	maxParentLevels = 1 << 16
	// maxVisits bounds the steps of a count.
	maxVisits = 1 << 20
)

// lattice is a finite set of configurations of a space: some values for each
// parameter, combined wherever the conditions hold. Configurations are numbered
// with the first parameter varying slowest.
type lattice struct {
	space  Space
	levels []int                  // how many values parameter i has
	value  func(param, k int) any // value k of a parameter
	parent []bool                 // whether a later parameter's condition looks at i
}

func newLattice(s Space, levels []int, value func(param, k int) any) lattice {
	l := lattice{space: s, levels: levels, value: value, parent: make([]bool, len(levels))}
	for i, p := range s.params {
		l.parent[i] = slices.ContainsFunc(s.params[i+1:], func(c Param) bool { return c.When != nil && c.When.Param == p.Name })
	}
	return l
}

// fullLattice is every configuration of a space; ok is false if a parameter is
// continuous.
func fullLattice(s Space) (l lattice, ok bool) {
	levels := make([]int, len(s.params))
	for i, p := range s.params {
		if levels[i] = p.levels(); levels[i] == 0 {
			return lattice{}, false
		}
	}
	return newLattice(s, levels, func(i, k int) any { return s.params[i].level(k) }), true
}

// size returns the number of configurations; ok is false above maxLattice,
// maxParentLevels and maxVisits.
func (l lattice) size() (n int, ok bool) {
	visits := maxVisits
	return l.count(0, Params{}, &visits)
}

// count returns the number of configurations of the parameters from i on, those
// before i being decided in p. Only a parameter that others depend on is gone
// through value by value; the rest multiply. visits is how many steps are left.
func (l lattice) count(i int, p Params, visits *int) (n int, ok bool) {
	if *visits--; *visits < 0 {
		return 0, false
	}
	if i == len(l.levels) {
		return 1, true
	}
	if !l.space.active(i, p) {
		return l.count(i+1, p, visits)
	}
	name := l.space.params[i].Name
	defer delete(p, name)
	if !l.parent[i] {
		p[name] = l.value(i, 0)
		n, ok = l.count(i+1, p, visits)
		if !ok || n > maxLattice/l.levels[i] {
			return 0, false
		}
		return n * l.levels[i], true
	}
	if l.levels[i] > maxParentLevels {
		return 0, false
	}
	for k := range l.levels[i] {
		p[name] = l.value(i, k)
		m, ok := l.count(i+1, p, visits)
		if n += m; !ok || n > maxLattice {
			return 0, false
		}
	}
	return n, true
}

// at returns configuration number cell, 0 <= cell < size, which must be ok.
func (l lattice) at(cell int) Params {
	p := make(Params, len(l.levels))
	for i := range l.levels {
		if !l.space.active(i, p) {
			continue
		}
		name := l.space.params[i].Name
		for k := 0; ; k++ {
			p[name] = l.value(i, k)
			visits := maxVisits
			n, _ := l.count(i+1, p, &visits)
			if !l.parent[i] { // all values have as many configurations below them
				p[name] = l.value(i, cell/n)
				cell %= n
				break
			}
			if cell < n {
				break
			}
			cell -= n
		}
	}
	return p
}

// Size returns the number of different configurations. finite is false when a
// real parameter without a step takes part, when there are more than 2^53, or when
// other parameters depend on more than 65,536 values of one or a million
// combinations of several.
func (s Space) Size() (n int, finite bool) { return s.size, s.finite }

// countSize computes what Size returns.
func (s Space) countSize() (n int, finite bool) {
	l, ok := fullLattice(s)
	if !ok {
		return 0, false
	}
	return l.size()
}
