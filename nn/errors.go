package nn

import (
	"errors"
	"fmt"
)

// ErrUntrained is returned by what needs weights before Fit or Load gave any.
var ErrUntrained = errors.New("nn: no weights yet: call Fit or Load first")

// DivergedError says that a training left the finite numbers. The usual cure
// is a smaller learning rate or a gradient clip.
type DivergedError struct {
	Epoch, Step int     // from 1, where it was noticed; Step counts within the epoch, 0 after its last
	What        string  // what was not finite: "loss", "val_loss" or "weights"
	Value       float64 // NaN or an infinity
}

func (e *DivergedError) Error() string {
	where := fmt.Sprintf("epoch %d, step %d", e.Epoch, e.Step)
	if e.Step == 0 {
		where = fmt.Sprintf("the end of epoch %d", e.Epoch)
	}
	return fmt.Sprintf("nn: training diverged at %s: %s is %v (try a smaller learning rate or clip_norm)", where, e.What, e.Value)
}
