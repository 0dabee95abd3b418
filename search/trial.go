package search

import (
	"encoding/json"
	"fmt"
)

// State is where a trial stands.
type State uint8

const (
	Running  State = iota + 1 // asked for, not told yet
	Complete                  // told with a finite value
	Pruned                    // stopped early; keeps the value it had
	Failed                    // told with an error, or with NaN or Inf
	Waiting                   // enqueued, not handed out yet
)

var stateNames = [...]string{Running: "running", Complete: "complete", Pruned: "pruned", Failed: "failed", Waiting: "waiting"}

// String returns the state's name in lower case.
func (s State) String() string {
	if s == 0 || int(s) >= len(stateNames) {
		return fmt.Sprintf("State(%d)", uint8(s))
	}
	return stateNames[s]
}

// MarshalText writes the state's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a state's name.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name != "" && name == string(text) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("search: unknown trial state %q (want complete, pruned, failed, running or waiting)", text)
}

// Finished reports whether the trial takes no more reports and no other outcome.
func (s State) Finished() bool { return s == Complete || s == Pruned || s == Failed }

// Direction says whether small or large values of an objective are good.
type Direction uint8

const (
	Minimize Direction = iota + 1
	Maximize
)

// String returns "minimize" or "maximize".
func (d Direction) String() string {
	switch d {
	case Minimize:
		return "minimize"
	case Maximize:
		return "maximize"
	}
	return fmt.Sprintf("Direction(%d)", uint8(d))
}

// Better reports whether a is strictly better than b in this direction.
func (d Direction) Better(a, b float64) bool {
	if d == Maximize {
		return a > b
	}
	return a < b
}

// Report is an intermediate value: for a network, the metric after an epoch.
type Report struct {
	Step  int     `json:"step"`
	Value float64 `json:"value"`
}

// Trial is the record of one evaluation. Records handed out by a Study are
// copies: the holder may keep and read them, and changing them changes nothing.
type Trial struct {
	Number  int                        `json:"number"` // from 0, in the order of asking
	State   State                      `json:"state"`
	Params  Params                     `json:"params"`
	Values  []float64                  `json:"values,omitempty"`  // one a direction, finite; empty until told and for failed trials
	Reports []Report                   `json:"reports,omitempty"` // in the order they came
	Attrs   map[string]json.RawMessage `json:"attrs,omitempty"`   // what the sampler and the objective noted, as JSON
	Error   string                     `json:"error,omitempty"`   // why a failed trial failed
	Seconds float64                    `json:"seconds,omitempty"` // wall-clock time from ask to tell
}

// Value returns the first objective's value, and whether the trial has one.
func (t Trial) Value() (float64, bool) {
	if len(t.Values) == 0 {
		return 0, false
	}
	return t.Values[0], true
}
