package nn

import (
	"errors"
	"fmt"
	"math"
)

// Rows returns the data set that consists of some rows of another one, in their order.
// It shares the other's memory, so that the folds of a cross-validation need none of
// their own. rows is copied.
func Rows(d Dataset, rows []int) (Dataset, error) {
	if isNone(d) {
		return nil, errors.New("nn: rows of no data set: it is nil")
	}
	c := &choice{base: d, rows: make([]int32, len(rows))}
	from, nested := d.(*choice)
	if nested {
		c.base = from.base
	}
	n := min(d.Len(), math.MaxInt32)
	for i, r := range rows {
		switch {
		case r < 0 || r >= n:
			return nil, fmt.Errorf("nn: no row %d in the data set (want 0 to %d)", r, n-1)
		case nested:
			c.rows[i] = from.rows[r]
		default:
			c.rows[i] = int32(r)
		}
	}
	return c, nil
}

// choice is some rows of a data set that is no choice itself.
type choice struct {
	base Dataset
	rows []int32
}

// Len returns the number of chosen rows.
func (c *choice) Len() int { return len(c.rows) }

// Dims returns what it is for the whole data set.
func (c *choice) Dims() (features, classes int) { return c.base.Dims() }

// Fill reads the chosen rows of the whole data set.
func (c *choice) Fill(x []float32, y []uint8, rows []int) error {
	there := make([]int, len(rows))
	for i, r := range rows {
		if r < 0 || r >= len(c.rows) {
			return fmt.Errorf("nn: no row %d in the data set (want 0 to %d)", r, len(c.rows)-1)
		}
		there[i] = int(c.rows[r])
	}
	return c.base.Fill(x, y, there)
}
