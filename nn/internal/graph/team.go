package graph

import (
	"runtime"
	"sync/atomic"
	"time"

	"mnisttune/nn/internal/kernel"
)

// call is a kernel call of a step, cut into parts that may run at the same time
// and in any order: each writes rows of one panel that no other one touches.
type call struct {
	panels int
	rows   *int // how many rows there are: the batch's, or a parameter's
	block  int  // most rows of a part
	work   int  // floating-point operations of a row of a panel, roughly
	run    func(worker int, part kernel.Part)
}

// blocks returns how many parts a panel has.
func (c *call) blocks() int { return (*c.rows + c.block - 1) / c.block }

// part returns part i, of which there are so many to a panel.
func (c *call) part(i, blocks int) kernel.Part {
	lo := i % blocks * c.block
	return kernel.Part{Panel: i / blocks, Lo: lo, Hi: min(lo+c.block, *c.rows)}
}

const (
	// sharedWork is how many floating-point operations a call must have for its
	// parts to be shared out: about 20 us of them.
	sharedWork = 2 << 20
	// idle is how long a helper looks for work before it ends: longer than what
	// comes between two calls that are shared out, for to wake one takes 10 us.
	idle = 300 * time.Microsecond
)

// team runs the parts of calls on up to size goroutines: the one that calls do, and
// helpers. A helper that has found nothing to do for a while ends, and do starts new
// ones, so that a team needs no closing. Who runs which part is left to chance; no
// result depends on it.
type team struct {
	size    int
	current *call         // what is being run; written by do while nothing is left to run
	state   atomic.Uint64 // number of the call << 32 | parts that nobody has taken yet
	running atomic.Int64  // parts that are not finished
	helpers atomic.Int64
	workers atomic.Uint64 // bit set of the worker numbers that are taken by helpers
}

// do runs all parts of a call and returns when they are finished.
func (t *team) do(c *call) {
	rows := *c.rows
	if t.size > 1 && c.panels*rows*c.work >= sharedWork {
		if n := c.panels * c.blocks(); n > 1 {
			t.share(c, n)
			return
		}
	}
	for p := range c.panels {
		for lo := 0; lo < rows; lo += c.block {
			c.run(0, kernel.Part{Panel: p, Lo: lo, Hi: min(lo+c.block, rows)})
		}
	}
}

// share runs the n parts of a call with the help of others.
func (t *team) share(c *call, n int) {
	t.current = c
	t.running.Store(int64(n))
	t.state.Store((t.state.Load()>>32+1)<<32 | uint64(n))
	for worker := int(t.helpers.Load()) + 1; worker < t.size; worker++ {
		t.helpers.Add(1)
		go t.help()
	}
	for t.take(0) {
	}
	for spins := 0; t.running.Load() > 0; spins++ {
		if spins > 1000 {
			runtime.Gosched() // a helper may be waiting for this processor
		}
	}
}

// take runs a part that nobody has taken yet; false if there is none.
func (t *team) take(worker int) bool {
	for {
		state := t.state.Load()
		left := int(state & (1<<32 - 1))
		if left == 0 {
			return false
		}
		if t.state.CompareAndSwap(state, state-1) {
			// The call cannot change before this part is finished.
			c := t.current
			c.run(worker, c.part(left-1, c.blocks()))
			t.running.Add(-1)
			return true
		}
	}
}

// help takes parts until there have been none for a while.
func (t *team) help() {
	worker := t.enter()
	last := time.Now()
	for spins := 1; ; spins++ {
		if t.take(worker) {
			last = time.Now()
		} else if spins%256 == 0 {
			if time.Since(last) > idle {
				break
			}
			runtime.Gosched()
		}
	}
	t.workers.And(^(uint64(1) << worker))
	t.helpers.Add(-1)
}

// enter returns a worker number from 1 to size-1 that no other helper has.
func (t *team) enter() int {
	for {
		taken := t.workers.Load()
		for worker := 1; ; worker++ {
			if bit := uint64(1) << worker; taken&bit == 0 {
				if t.workers.CompareAndSwap(taken, taken|bit) {
					return worker
				}
				break
			}
		}
	}
}
