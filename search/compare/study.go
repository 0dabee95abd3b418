package compare

import (
	"encoding/json"
	"math"

	"mnisttune/search"
)

// Study is what came of one search.
type Study struct {
	Seed   uint64
	Trials []search.Trial // in their order, without those beyond Config.Trials and those that have not ended
	// Best is the best value after each trial, NaN before the first complete one.
	Best        []float64
	Recommended *search.Trial // the best; nil if no trial is complete
	Exhausted   bool          // the space had fewer configurations than there were trials to make
	Finished    bool          // there are all trials, or the space is exhausted
	Earlier     int           // trials that had ended before this run
	// Reports is how many intermediate values there were after each trial, of all trials
	// up to it: for networks the epochs trained. Trials need not be equally long.
	Reports []int

	SearchSeconds  float64 // evaluations and suggestions together
	SuggestSeconds float64 // suggestions alone

	Scores []Score // of the recommended trial, in the order of their seeds

	study *search.Study
}

// read fills in what the trials say.
func (s *Study) read(d search.Direction, trials []search.Trial, limit int) {
	best, reports := math.NaN(), 0
	for _, t := range trials[:min(len(trials), limit)] {
		if !t.State.Finished() {
			continue
		}
		s.Trials = append(s.Trials, t)
		var suggest float64
		if raw, ok := t.Attrs[AttrSuggestSeconds]; ok && json.Unmarshal(raw, &suggest) != nil {
			suggest = 0 // it is another program's
		}
		s.SuggestSeconds += suggest
		s.SearchSeconds += suggest + t.Seconds
		reports += len(t.Reports)
		s.Reports = append(s.Reports, reports)
		if b, ok := search.BestOf(d, s.Trials); ok {
			best, _ = b.Value()
		}
		s.Best = append(s.Best, best)
	}
	if b, ok := search.BestOf(d, s.Trials); ok {
		s.Recommended = &b
	}
}

// after returns the best value after so many trials, also of a study that had exhausted
// its space by then; NaN if there is none.
func (s *Study) after(trials int) float64 {
	if len(s.Best) == 0 {
		return math.NaN()
	}
	return s.Best[min(trials, len(s.Best))-1]
}

// last returns the best value of all.
func (s *Study) last() float64 { return s.after(len(s.Best)) }

// Score returns the mean of the scores of fresh seeds that have a value; ok is false if
// none has.
func (s *Study) Score() (mean float64, ok bool) {
	var values []float64
	for _, x := range s.Scores {
		if x.Error == "" {
			values = append(values, x.Value)
		}
	}
	return summarise(values).Mean, len(values) > 0
}
