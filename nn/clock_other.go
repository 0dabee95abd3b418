//go:build !windows

package nn

import "time"

// systemClock returns the clock that trainings are measured with.
func systemClock() func() time.Time { return time.Now }
