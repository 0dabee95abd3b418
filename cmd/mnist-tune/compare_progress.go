package main

import (
	"fmt"
	"io"
	"time"

	"mnisttune/cmd/mnist-tune/internal/ui"
	"mnisttune/search/compare"
)

// compareProgress prints a line a study.
type compareProgress struct {
	w      io.Writer
	metric string
	start  time.Time
	scored bool // the phase
	worked int  // studies of the phase that took time
}

func newCompareProgress(w io.Writer, metric string) *compareProgress {
	return &compareProgress{w: w, metric: metric, start: time.Now()}
}

// show is a compare.Config.OnProgress.
func (p *compareProgress) show(e compare.Progress) {
	if e.Scored && !p.scored {
		p.scored, p.worked, p.start = true, 0, time.Now()
	}
	s := &e.Study
	what := "study"
	if e.Scored {
		what = "retrained"
	}
	line := fmt.Sprintf("%s %d/%d  %s, seed %d: ", what, e.Done, e.Total, e.Method, s.Seed)
	switch {
	case e.Scored:
		line += describeScores(s)
	case s.Recommended == nil:
		line += fmt.Sprintf("none of %d trials is complete", len(s.Trials))
	default:
		value, _ := s.Recommended.Value()
		line += fmt.Sprintf("%s %.4f after %d trials, %.1f s", p.metric, value, len(s.Trials), s.SearchSeconds)
	}
	if e.Scored || s.Earlier < len(s.Trials) {
		p.worked++
	} else {
		line += " (from earlier)"
	}
	if left := e.Total - e.Done; left > 0 && p.worked > 0 {
		line += "  left " + ui.Duration(time.Since(p.start)/time.Duration(p.worked)*time.Duration(left))
	}
	fmt.Fprintln(p.w, line)
}

// describeScores says what came of a recommended trial's retrainings.
func describeScores(s *compare.Study) string {
	text := "test accuracy"
	for _, score := range s.Scores {
		if score.Error != "" {
			text += " failed (" + score.Error + ")"
		} else {
			text += fmt.Sprintf(" %.4f", score.Value)
		}
	}
	return text + "  " + ui.ShortParams(s.Recommended.Params)
}
