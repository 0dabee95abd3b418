package mnist

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Fold is one division of the rows into two parts, each in ascending order.
type Fold struct {
	Train, Validation []int
}

// StratifiedKFold divides rows into k folds of which each row is in the
// validation part of exactly one. The numbers of a class's rows in two folds, and
// the sizes of two folds, differ by at most one. Which rows go together is
// decided by the seed. k is at least 2, and every class that occurs has at least
// k rows.
func StratifiedKFold(labels []uint8, k int, seed uint64) ([]Fold, error) {
	if k < 2 {
		return nil, fmt.Errorf("mnist: k-fold needs at least 2 folds (got %d)", k)
	}
	var classes [256][]int
	for i, y := range labels {
		classes[y] = append(classes[y], i)
	}
	of := make([]int, len(labels)) // the fold of each row
	r := rand.New(rand.NewPCG(seed, 0x6b2d666f6c64))
	dealt := 0
	for y, rows := range classes {
		if len(rows) > 0 && len(rows) < k {
			return nil, fmt.Errorf("mnist: class %d has %d rows, too few for %d folds", y, len(rows), k)
		}
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		for _, row := range rows { // the next class goes on where this one ends
			of[row] = dealt % k
			dealt++
		}
	}
	if dealt == 0 {
		return nil, fmt.Errorf("mnist: no rows to divide into %d folds", k)
	}
	folds := make([]Fold, k)
	for f := range folds {
		folds[f].Validation = slices.Grow(folds[f].Validation, dealt/k+1)
		folds[f].Train = slices.Grow(folds[f].Train, dealt-dealt/k)
	}
	for row, mine := range of {
		for f := range folds {
			if f == mine {
				folds[f].Validation = append(folds[f].Validation, row)
			} else {
				folds[f].Train = append(folds[f].Train, row)
			}
		}
	}
	return folds, nil
}
