// Package tune joins the trainer to the search: a space of the trainer's own
// parameters and an objective that trains a network and returns how good it is
// on the validation set.
//
//	objective := &tune.Objective{Base: nn.Config{Epochs: 10}, Train: train, Val: val}
//	study, err := search.NewStudy(search.StudyOptions{
//		Space: tune.DefaultSpace(), Directions: []search.Direction{objective.Direction()}, Seed: 1,
//	})
//	err = search.Optimize(ctx, study, objective.Evaluate, search.OptimizeOptions{Trials: 20, Jobs: 2})
//
// It is the only package that knows both sides.
package tune
