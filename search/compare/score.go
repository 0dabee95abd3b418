package compare

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"mnisttune/search"
)

// Score is how good a recommended trial is with a fresh seed.
type Score struct {
	Seed  uint64
	Value float64
	Error string // why there is no value; empty if there is one
}

// attrScore begins the names of the study attributes that keep scores; the fresh seed
// follows.
const attrScore = "compare:score:"

// keptScore is a score as a study keeps it. The trial tells whether it is that of the
// trial which is recommended now: a study may have got more trials since.
type keptScore struct {
	Trial int      `json:"trial"`
	Value *float64 `json:"value"`
	Error string   `json:"error,omitempty"`
}

// score scores the recommended trials of all studies, in the order in which they were
// searched.
func (r *run) score(ctx context.Context) error {
	type job struct{ m, seed int }
	var jobs []job
	for seed := range r.Seeds {
		for m := range r.Methods {
			if s := r.studies[m][seed]; s.Finished && s.Recommended != nil {
				jobs = append(jobs, job{m, seed})
			}
		}
	}
	return r.each(ctx, len(jobs), func(ctx context.Context, i int) error {
		name, s := r.Methods[jobs[i].m].Name, r.studies[jobs[i].m][jobs[i].seed]
		if err := r.scoreStudy(ctx, s); err != nil {
			return fmt.Errorf("compare: scoring %s, seed %d: %w", name, s.Seed, err)
		}
		r.tell(name, s, true, len(jobs))
		return nil
	})
}

// scoreStudy scores one study's recommended trial.
func (r *run) scoreStudy(ctx context.Context, s *Study) error {
	for k := range r.Retrain {
		seed := FreshSeed(s.Seed, k)
		score, ok := s.readScore(seed)
		if !ok {
			var err error
			if score, err = r.scoreOnce(ctx, *s.Recommended, seed); err != nil {
				return err
			}
			if err = s.keepScore(ctx, score); err != nil {
				return err
			}
		}
		s.Scores = append(s.Scores, score)
	}
	return nil
}

// scoreOnce returns a score; an error is an interruption.
func (r *run) scoreOnce(ctx context.Context, t search.Trial, seed uint64) (Score, error) {
	if ctx.Err() != nil {
		return Score{}, context.Cause(ctx)
	}
	value, err := r.Score(ctx, t, seed)
	if err != nil && ctx.Err() != nil {
		return Score{}, context.Cause(ctx)
	}
	if err == nil && (math.IsNaN(value) || math.IsInf(value, 0)) {
		err = fmt.Errorf("the score is %v", value)
	}
	if err != nil {
		return Score{Seed: seed, Value: math.NaN(), Error: err.Error()}, nil
	}
	return Score{Seed: seed, Value: value}, nil
}

// readScore returns the kept score of the recommended trial.
func (s *Study) readScore(seed uint64) (Score, bool) {
	var kept keptScore
	raw := s.study.Attr(fmt.Sprint(attrScore, seed))
	if raw == nil || json.Unmarshal(raw, &kept) != nil || kept.Trial != s.Recommended.Number {
		return Score{}, false
	}
	if kept.Value == nil {
		return Score{Seed: seed, Value: math.NaN(), Error: kept.Error}, kept.Error != ""
	}
	return Score{Seed: seed, Value: *kept.Value}, true
}

// keepScore writes a score down, also when the comparison is interrupted now.
func (s *Study) keepScore(ctx context.Context, score Score) error {
	kept := keptScore{Trial: s.Recommended.Number, Error: score.Error}
	if score.Error == "" {
		kept.Value = &score.Value
	}
	return s.study.SetStudyAttr(context.WithoutCancel(ctx), fmt.Sprint(attrScore, score.Seed), kept)
}
