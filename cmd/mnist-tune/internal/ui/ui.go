// Package ui shows a running search to a person: as live bars on a terminal, as
// plain lines elsewhere.
//
// Why github.com/vbauerster/mpb (Unlicense, pure Go): it is kept, draws several
// bars from several goroutines, and keeps lines above them readable.
package ui

import (
	"fmt"
	"io"
	"strings"
	"time"

	"mnisttune/nn"
	"mnisttune/search"
)

// Options describe the search that is shown.
type Options struct {
	Trials    int // of the whole study; 0: not known
	Epochs    int // of a trial
	Jobs      int
	Metric    string // the metric's name
	Direction search.Direction
	Earlier   []search.Trial   // of a study that is gone on with
	Clock     func() time.Time // default time.Now
}

// Progress is told what happens. Its methods may be called from several
// goroutines.
type Progress interface {
	// Event is a search.OptimizeOptions.OnEvent.
	Event(e search.Event)
	// Epoch is told every epoch of every trial.
	Epoch(trial int, e nn.Epoch)
	// Close ends the display; nothing is drawn after it.
	Close()
}

// New returns the display for w: live if it is a terminal.
func New(w io.Writer, terminal bool, o Options) Progress {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	t := tally{options: o, start: o.Clock()}
	for _, trial := range o.Earlier {
		if trial.State.Finished() {
			t.finish(trial)
			t.earlier++
		}
	}
	if terminal {
		return newLive(w, t)
	}
	return &plain{w: w, tally: t}
}

// tally counts what has happened.
type tally struct {
	options Options
	start   time.Time
	done    int // finished trials
	earlier int // those of them that were there at the start
	running int
	best    search.Trial
	hasBest bool
}

func (t *tally) add(e search.Event) {
	switch e.Kind {
	case search.Asked:
		t.running++
	case search.Dropped:
		t.running--
	case search.Told:
		t.running--
		t.finish(e.Trial)
	}
}

// finish counts a finished trial.
func (t *tally) finish(trial search.Trial) {
	t.done++
	value, ok := trial.Value()
	if !ok || trial.State != search.Complete || !trial.Feasible() {
		return
	}
	old, _ := t.best.Value()
	tie := value == old && trial.Number < t.best.Number
	if !t.hasBest || t.options.Direction.Better(value, old) || tie {
		t.best, t.hasBest = trial, true
	}
}

// left estimates the time until the last trial ends from the pace so far; ok is
// false while there is nothing to estimate from.
func (t *tally) left() (d time.Duration, ok bool) {
	if t.done == t.earlier || t.options.Trials == 0 {
		return 0, false
	}
	perTrial := t.options.Clock().Sub(t.start) / time.Duration(t.done-t.earlier)
	return perTrial * time.Duration(max(0, t.options.Trials-t.done)), true
}

func (t *tally) count() string {
	if t.options.Trials == 0 {
		return fmt.Sprint(t.done)
	}
	return fmt.Sprintf("%d/%d", t.done, t.options.Trials)
}

// bestText names the best trial so far.
func (t *tally) bestText() string {
	if !t.hasBest {
		return "best -"
	}
	value, _ := t.best.Value()
	return fmt.Sprintf("best %.4f (#%d)", value, t.best.Number)
}

// outcome is what a finished trial came to, in one line.
func outcome(t search.Trial, metric string) string {
	if value, ok := t.Value(); ok {
		note := ""
		if t.State == search.Pruned {
			note = fmt.Sprintf("  pruned after %d epochs", len(t.Reports))
		}
		return fmt.Sprintf("#%-3d %s %.4f  %5.1f s  %v%s", t.Number, metric, value, t.Seconds, ShortParams(t.Params), note)
	}
	return fmt.Sprintf("#%-3d %v: %s  %v", t.Number, t.State, strings.TrimPrefix(t.Error, "nn: "), ShortParams(t.Params))
}

// ShortParams renders parameters with numbers to four digits.
func ShortParams(p search.Params) string {
	short := make(search.Params, len(p))
	for name, v := range p {
		if x, ok := v.(float64); ok {
			v = fmt.Sprintf("%.4g", x)
		}
		short[name] = v
	}
	return short.String()
}

// Duration renders a time span for people: 8 s, 2m05s, 3h12m.
func Duration(d time.Duration) string {
	switch s := int(d.Round(time.Second).Seconds()); {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	default:
		return fmt.Sprintf("%dh%02dm", s/3600, s%3600/60)
	}
}
