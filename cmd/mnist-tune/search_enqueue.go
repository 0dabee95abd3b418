package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"mnisttune/nn/tune"
	"mnisttune/search"
)

// priorFlags say what the user knows before a search: configurations to begin with and
// results to learn from.
type priorFlags struct {
	enqueue []string
	warm    string
}

func (f *priorFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringArrayVar(&f.enqueue, "enqueue", nil, "a configuration to try next, 'NAME=VALUE NAME=VALUE ...'; what is not named the method chooses; repeat for more")
	fs.StringVar(&f.warm, "warm", "", "CSV file of earlier results to learn from, see above")
}

// priorHelp explains the flags.
const priorHelp = `--enqueue tries your own configurations first. Those that are in the study already are
left out.

--warm FILE.csv lets the search learn from earlier results: a line for each, with columns
NAME or param_NAME for the parameters, and value (or the metric's name, or
mean_test_score; of several objectives values_0, values_1, ...), such as trials
--format csv writes, scikit-learn's cv_results_ or Optuna's trials_dataframe. A column
state may say complete, pruned or failed; where there is none, a line without a value
failed. They do not count as --trials, can be the best
one, and are added once, however often the command is repeated. That they were measured
on the same data, with the same settings and the same sign, is up to you. Columns
constraint_0, ... say by how much each --constraint is broken. With halving they take
places of the first bracket.`

// prior is what priorFlags say, held against the space.
type prior struct {
	queue []search.Params
	old   oldResults
}

// read reads what the flags name.
func (f *priorFlags) read(space search.Space, metrics []string) (p prior, err error) {
	for _, text := range f.enqueue {
		params, err := space.ParsePartial(text)
		if err == nil && len(params) == 0 {
			err = errors.New("it names no parameter")
		}
		if err != nil {
			return p, usage(fmt.Errorf("--enqueue %q: %w", text, err))
		}
		p.queue = append(p.queue, params)
	}
	if f.warm != "" {
		p.old, err = readOldResults(f.warm, space, metrics)
	}
	return p, usage(err)
}

// constrain refuses configurations that break a constraint which is known before training,
// and has old results say by how much they break each.
func (p *prior) constrain(objective *tune.Objective, space search.Space, feasible func(search.Params) bool) error {
	if feasible == nil {
		return nil
	}
	for _, q := range p.queue {
		if whole, err := space.Check(q); err == nil && !feasible(whole) {
			return usage(fmt.Errorf("--enqueue %v: it breaks a --constraint", whole))
		}
	}
	for _, t := range p.old.trials {
		if n := len(t.Constraints()); n == len(objective.Constraints) || t.State == search.Failed {
			continue
		}
		values, ok := objective.KnownConstraints(t.Params)
		if !ok {
			return usage(fmt.Errorf("--warm %s: the study has constraints that are measured: the columns constraint_0 to constraint_%d must say by how much each is broken",
				p.old.file, len(objective.Constraints)-1))
		}
		raw, err := json.Marshal(values)
		if err != nil {
			return err
		}
		t.Attrs[search.AttrConstraints] = raw
	}
	return nil
}

// write puts into the study what it does not have yet, and says so.
func (p *prior) write(ctx context.Context, s *search.Study, stderr io.Writer) error {
	if p.old.file != "" {
		added, err := s.Add(ctx, p.old.trials...)
		if err != nil {
			return err
		}
		p.old.announce(stderr, added)
	}
	if len(p.queue) == 0 {
		return nil
	}
	added, err := s.Enqueue(ctx, p.queue...)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("enqueued %d of %d configurations", added, len(p.queue))
	if added < len(p.queue) {
		text += " (the others are in the study already)"
	}
	fmt.Fprintln(stderr, text)
	return nil
}

// noteWaiting says how many trials of the queue were not begun.
func noteWaiting(stderr io.Writer, trials []search.Trial) {
	waiting := 0
	for _, t := range trials {
		if t.State == search.Waiting {
			waiting++
		}
	}
	if waiting > 0 {
		fmt.Fprintf(stderr, "%d enqueued trials wait: the search ended before their turn (more --trials?)\n", waiting)
	}
}

// planned returns how many trials the study will have, earlier results included; 0 where
// it is not known.
func (p *plan) planned() int {
	n := p.total
	if n == 0 || n < p.optimize.Trials { // the space ends before
		return n
	}
	for _, t := range p.study.Trials() {
		if t.Imported() && p.settings.Method == "grid" && p.optimize.Trials == 0 {
			return 0 // it may be a cell
		}
		if t.Imported() {
			n++
		}
	}
	return n
}

// refitImported has a winner that came with --warm, and does not say after how many epochs
// it was best, trained for all epochs.
func (p *plan) refitImported(r *searchReport) error {
	best, ok := p.study.Best()
	if !ok || p.training == nil || !best.Imported() || len(best.Reports) > 0 || r.Trials[best.Number].BestEpoch != nil {
		return nil
	}
	cfg, err := p.training.Config(best.Params)
	r.refitEpochs = cfg.WithDefaults().Epochs
	return err
}
