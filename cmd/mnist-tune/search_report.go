package main

import (
	"encoding/json"
	"math"
	"slices"
	"time"

	"mnisttune/nn"
	"mnisttune/nn/tune"
	"mnisttune/search"
)

// searchReport is what search prints with --json. Absent numbers are null.
type searchReport struct {
	Study        *string            `json:"study"` // the file
	StudyName    string             `json:"study_name"`
	Method       string             `json:"method"`
	Pruner       string             `json:"pruner"`
	Ended        string             `json:"ended"` // why the search ended; empty if it was interrupted
	Metric       string             `json:"metric"`
	Space        []string           `json:"space"` // in the form of --param
	Seed         uint64             `json:"seed"`
	Jobs         int                `json:"jobs"` // 0 where a study is only shown
	Lag          int                `json:"lag"`
	Trials       []trialReport      `json:"trials"`
	Best         *bestReport        `json:"best"`
	Recommended  *recommendedReport `json:"recommended"`
	Retests      []tune.Retested    `json:"retests"` // best trial first
	Front        []frontReport      `json:"front"`   // of several objectives: the trials that none is better than in all of them
	RefitEpochs  *int               `json:"refit_epochs"`
	TestLoss     *float64           `json:"test_loss"`
	TestAccuracy *float64           `json:"test_accuracy"`
	Seconds      float64            `json:"seconds"`
	Model        *string            `json:"model"`

	start       time.Time
	refitEpochs int
	command     string // that trains the winner again
}

type trialReport struct {
	Number           int           `json:"number"`
	State            search.State  `json:"state"`
	Params           search.Params `json:"params"`
	Value            *float64      `json:"value"`
	Values           []float64     `json:"values"`      // of several objectives
	Constraints      []float64     `json:"constraints"` // by how much each is broken, if it is above 0; null if there are none
	Seconds          *float64      `json:"seconds"`
	SamplesPerSecond *float64      `json:"samples_per_second"`
	Scores           []float64     `json:"scores"` // that the value is the mean of; null if there is none
	BestEpoch        *int          `json:"best_epoch"`
	History          []nn.Epoch    `json:"history"`
	Error            *string       `json:"error"`
}

// frontReport is a trial on the Pareto front.
type frontReport struct {
	Number int           `json:"number"`
	Params search.Params `json:"params"`
	Values []float64     `json:"values"`
}

// bestReport is the best value of the first objective that was observed.
type bestReport struct {
	Number int           `json:"number"`
	Params search.Params `json:"params"`
	Value  float64       `json:"value"`
	SD     *float64      `json:"sd"` // of the scores that the value is the mean of
}

// recommendedReport is what is refitted, with the mean and the sample standard
// deviation of its evaluations, those of the retest if there was one; of a single one
// there is no deviation.
type recommendedReport struct {
	Number int           `json:"number"`
	Params search.Params `json:"params"`
	Mean   float64       `json:"mean"`
	SD     *float64      `json:"sd"`
	Scores []float64     `json:"scores"`
	Why    string        `json:"why"`
}

func newSearchReport(place *studyPlace, s searchSettings, c search.Constants) *searchReport {
	r := &searchReport{
		StudyName: place.name, Method: s.Method, Pruner: s.Pruner, Metric: s.Metric,
		Seed: s.Seed, Lag: c.Lag, Trials: []trialReport{}, Retests: []tune.Retested{}, Front: []frontReport{}, Space: []string{}, start: time.Now(),
	}
	if place.file != "" {
		r.Study = &place.file
	}
	for _, p := range c.Space.Params() {
		r.Space = append(r.Space, p.String())
	}
	return r
}

// addTrials takes over the study's trials and its best one.
func (r *searchReport) addTrials(ds []search.Direction, trials []search.Trial) {
	for _, t := range trials {
		r.Trials = append(r.Trials, newTrialReport(t))
	}
	r.Seconds = time.Since(r.start).Seconds()
	if len(ds) > 1 {
		for _, t := range search.ParetoFront(ds, trials) {
			r.Front = append(r.Front, frontReport{t.Number, t.Params, t.Values})
		}
	}
	best, ok := search.BestOf(ds[0], trials)
	if !ok {
		return
	}
	value, _ := best.Value()
	r.Best = &bestReport{Number: best.Number, Params: best.Params, Value: value}
	r.Recommended = &recommendedReport{Number: best.Number, Params: best.Params, Mean: value, Scores: best.Scores(), Why: "the best observed"}
	if variance, ok := best.NoiseVariance(); ok {
		r.Best.SD = new(math.Sqrt(variance * float64(len(best.Scores()))))
		r.Recommended.SD = r.Best.SD
	}
	r.refitEpochs = refitEpochs(best)
}

// refitEpochs returns how many epochs a trial's parameters are trained on all rows for:
// as many as its best epoch.
func refitEpochs(t search.Trial) int {
	if epoch := newTrialReport(t).BestEpoch; epoch != nil {
		return max(1, *epoch)
	}
	return max(1, len(t.Reports))
}

// newTrialReport leaves out what JSON cannot hold (infinite values of other programs) and
// attributes that have our names but are something else.
func newTrialReport(t search.Trial) trialReport {
	row := trialReport{Number: t.Number, State: t.State, Params: t.Params, Scores: t.Scores(), Constraints: t.Constraints(), History: []nn.Epoch{}}
	if value, ok := t.Value(); ok && !math.IsInf(value, 0) && !math.IsNaN(value) {
		row.Value = &value
	}
	if len(t.Values) > 1 && !slices.ContainsFunc(t.Values, func(x float64) bool { return math.IsInf(x, 0) || math.IsNaN(x) }) {
		row.Values = t.Values
	}
	if t.State.Finished() {
		row.Seconds = &t.Seconds
	}
	if t.Error != "" {
		row.Error = &t.Error
	}
	for key, into := range map[string]any{tune.AttrHistory: &row.History, tune.AttrBestEpoch: &row.BestEpoch, tune.AttrSamplesPerSecond: &row.SamplesPerSecond} {
		if raw, ok := t.Attrs[key]; ok {
			_ = json.Unmarshal(raw, into)
		}
	}
	if row.History == nil {
		row.History = []nn.Epoch{}
	}
	return row
}

// addRefit takes over what became of the winner.
func (r *searchReport) addRefit(result *nn.Result, test nn.Metrics) {
	r.RefitEpochs = new(len(result.History))
	r.TestLoss, r.TestAccuracy = &test.Loss, &test.Accuracy
	r.Seconds = time.Since(r.start).Seconds()
}
