package nn

import (
	"testing"
	"time"
)

// The clock tells the steps of a training apart, and agrees with the time of day.
func TestSystemClock(t *testing.T) {
	clock := systemClock()
	start, steps := clock(), 0
	for last := start; steps < 10000; steps++ {
		now := clock()
		for began := time.Now(); !now.After(last) && time.Since(began) < time.Second; {
			now = clock()
		}
		if !now.After(last) {
			t.Fatal("the clock stands still")
		}
		last = now
	}
	if d := clock().Sub(start); d > 5*time.Second { // as many ticks of a millisecond take 10 s
		t.Errorf("%d readings that differ took %v", steps, d)
	}
	if d := time.Since(clock()).Abs(); d > 5*time.Second {
		t.Errorf("the clock is %v away from the time of day", d)
	}
}
