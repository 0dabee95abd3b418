// Package report turns the trials of a study into a table with the columns of
// scikit-learn's cv_results_ (sklearn.model_selection.GridSearchCV), whatever the method,
// and writes it as CSV, JSON, Markdown or text:
//
//	table := report.New(names, search.Maximize, study.Trials())
//	err := table.WriteCSV(os.Stdout)
//
// # Columns
//
// In this order, and with these names in every version:
//
//	trial              int    number of the trial, from 0
//	mean_fit_time      float  seconds of training, mean over the evaluations
//	std_fit_time       float  their standard deviation
//	mean_score_time    float  seconds of measuring, mean over the evaluations
//	std_score_time     float  their standard deviation
//	param_<name>       any    a column for each parameter, absent where it takes no part
//	params             JSON   all parameters of the trial
//	split0_test_score  float  the first evaluation; split1_test_score and so on
//	mean_test_score    float  mean of the evaluations
//	std_test_score     float  their standard deviation
//	rank_test_score    int    1 is the best mean
//	state              word   complete, pruned, failed, running or waiting
//	value              float  what the study was told: its first objective
//	values_0           float  all objectives, from 0; only where there are several
//	epochs             int    epochs of the history, or else the number of reports
//	best_epoch         int    from 1
//	samples_per_second float  of the training steps
//	seconds            float  wall-clock time of the trial
//	error              text   why the trial failed
//	attempt            int    how often the trial was begun, from 1
//
// # Evaluations
//
// A trial's evaluations are its attribute "scores" (search.AttrScores), such as the folds
// of a cross-validation; a trial without them has one, which is its value. All trials have
// as many split columns as the one with the most evaluations. A failed trial shows the
// scores that it has left, and no mean. Standard deviations are those of a population
// (NumPy's std, ddof = 0), as in scikit-learn, so that of a single evaluation is 0. Sums
// are added in NumPy's order: means, deviations and therefore ranks are scikit-learn's to
// the last bit.
//
// The times of the evaluations are the attributes "fit_seconds" and "score_seconds". Where
// there is no fit_seconds, the time of the single fit is that of the epochs in the
// attribute "history" (validation included), or else that of the whole trial; then there
// is no score time. history (a list of objects with "seconds"), best_epoch and
// samples_per_second are the attributes that mnisttune/nn/tune stores. What is named so
// and has another form is absent.
//
// # Ranks
//
// Ranks are those of a competition: 1 is the best, equal means share the lowest rank, and
// the next one is as many places further. Finished trials without a mean (failed ones, or
// NaN among the scores) share the place behind all others, and the first one if no trial
// has a mean. Trials that are not finished have no rank, infeasible ones come behind all
// feasible ones (columns constraint_0 and so on say by how much they break what). Pruned trials are ranked with the
// value that they had when they were stopped, so a rank depends on mean_test_score
// alone; search.BestOf, which names the winner, considers complete trials only.
//
// Here we differ from scikit-learn, where a score is always something to maximize and a
// loss is negated (neg_log_loss): values keep their sign, and where the study minimizes,
// the smallest mean has rank 1. And where means are infinite or beyond 2^53, what
// scikit-learn puts in the place of NaN does not always come last.
//
// # What is absent
//
// An absent value and NaN are nothing in CSV (pandas: NaN), null in JSON, and - in text and
// Markdown. Infinities, which only other programs write, are inf and -inf, in JSON null.
//
// The package imports the standard library and search only.
package report
