package search

import (
	"context"
	"errors"
	"fmt"
)

// Result is what OptimizeStruct has found.
type Result[T any] struct {
	Params T       // of the best trial; parameters that took no part are zero
	Value  float64 // of the best trial
	Best   Trial   // the best trial itself: its number, reports and attributes
	Study  *Study  // with all trials
}

// ErrNoBest says that a search ended without a complete feasible trial.
var ErrNoBest = errors.New("search: no trial is complete")

// OptimizeStruct optimises a function whose parameters are the fields of the struct T:
// their param tags say what is searched (see SpaceOf), and the function gets them filled
// in. It opens the study with s, whose Space is to be empty, and is Optimize otherwise;
// e is for reports and attributes. With Jobs above 1 and a sampler that reads results,
// give the study a Lag of as many: otherwise trials wait for each other.
//
// When the search ends early, by an error or because ctx is done, the result is the best
// until then, if there is any, beside the error. Without a complete trial the error wraps
// ErrAllFailed or ErrNoBest.
func OptimizeStruct[T any](ctx context.Context, f func(ctx context.Context, p T, e *Evaluation) (float64, error), s StudyOptions, o OptimizeOptions) (Result[T], error) {
	var result Result[T]
	if f == nil {
		return result, errors.New("search: OptimizeStruct needs an objective")
	}
	if s.Space.Len() > 0 {
		return result, fmt.Errorf("search: OptimizeStruct makes the space of %T's tags (the study's options have another one)", result.Params)
	}
	var err error
	if s.Space, err = SpaceOf[T](); err != nil {
		return result, err
	}
	if result.Study, err = OpenStudy(ctx, s); err != nil {
		return result, err
	}
	ended := Optimize(ctx, result.Study, func(ctx context.Context, e *Evaluation) (float64, error) {
		p, err := Bind[T](e.Params)
		if err != nil {
			return 0, err
		}
		return f(ctx, p, e)
	}, o)
	best, ok := result.Study.Best()
	if !ok {
		if ended == nil {
			ended = fmt.Errorf("%w (of %d)", ErrNoBest, len(result.Study.Trials()))
		}
		return result, ended
	}
	result.Best = best
	result.Value, _ = best.Value()
	if result.Params, err = Bind[T](best.Params); err != nil { // of a trial of another program
		return result, errors.Join(ended, err)
	}
	return result, ended
}
