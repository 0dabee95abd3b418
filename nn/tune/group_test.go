package tune

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"mnisttune/nn"
	"mnisttune/search"
)

// folds divides rows into three folds.
func folds(t *testing.T, n int) []Split {
	t.Helper()
	all := rows{1, n}
	var splits []Split
	for f := range 3 {
		var train, val []int
		for r := range n {
			if r%3 == f {
				val = append(val, r)
			} else {
				train = append(train, r)
			}
		}
		a, err := nn.Rows(all, train)
		if err != nil {
			t.Fatal(err)
		}
		b, err := nn.Rows(all, val)
		if err != nil {
			t.Fatal(err)
		}
		splits = append(splits, Split{a, b})
	}
	return splits
}

func attribute[T any](t *testing.T, trial search.Trial, key string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(trial.Attrs[key], &v); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return v
}

// A trial's reports, history, scores and value are those of its networks trained one by
// one.
func TestNetworksInStep(t *testing.T) {
	o := &Objective{Base: nn.Config{Epochs: 4, Width: nn.Widths{4}, Seed: 3}, Splits: folds(t, 150), Seeds: 2, Metric: "val_loss"}
	trial := optimize(t, o, 2, 2)[1]
	cfg, err := o.Config(trial.Params)
	if err != nil {
		t.Fatal(err)
	}
	var alone []*nn.Result
	for _, split := range o.Splits {
		for seed := uint64(3); seed <= 4; seed++ {
			cfg.Seed = seed
			trainer, err := nn.New(cfg, nn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			r, err := trainer.Fit(t.Context(), split.Train, split.Val)
			if err != nil {
				t.Fatal(err)
			}
			alone = append(alone, r)
		}
	}
	best := math.Inf(1)
	history, bestEpoch := historyOf(t, trial), attribute[int](t, trial, AttrBestEpoch)
	for n := range 4 {
		mean := 0.0
		for _, r := range alone {
			mean += r.History[n].Val.Loss
		}
		mean /= 6
		if trial.Reports[n].Value != mean || history[n].Val.Loss != mean {
			t.Errorf("epoch %d: report %v, history %v, want %v", n+1, trial.Reports[n].Value, history[n].Val.Loss, mean)
		}
		best = min(best, mean)
	}
	if value, _ := trial.Value(); value != best || trial.Reports[bestEpoch-1].Value != best {
		t.Errorf("value %v in epoch %d, want %v", value, bestEpoch, best)
	}
	scores := trial.Scores()
	for i, r := range alone {
		if want := r.History[bestEpoch-1].Val.Loss; scores[i] != want {
			t.Errorf("score %d is %v, want %v", i, scores[i], want)
		}
	}
	fit, score := attribute[[]float64](t, trial, search.AttrFitSeconds), attribute[[]float64](t, trial, search.AttrScoreSeconds)
	total := 0.0
	for i := range fit {
		total += fit[i] + score[i]
	}
	if len(fit) != 6 || len(score) != 6 || total <= 0 || total > trial.Seconds && runtime.GOOS != "windows" { // whose time.Now is coarse
		t.Errorf("times %v and %v of a trial of %v s", fit, score, trial.Seconds)
	}
}

// Patience watches the mean.
func TestPatienceWatchesTheMean(t *testing.T) {
	o := &Objective{Base: nn.Config{Epochs: 30, Width: nn.Widths{4}, Patience: 2}, Splits: folds(t, 90), Metric: "val_accuracy"}
	trial := optimize(t, o, 1, 1)[0]
	watch := nn.Watch{Monitor: "val_accuracy", Patience: 2}
	history := historyOf(t, trial)
	for i, e := range history {
		if _, stop := watch.See(e); stop != (i == len(history)-1) {
			t.Fatalf("epoch %d of %d: stop %v", i+1, len(history), stop)
		}
	}
	if len(history) == 30 {
		t.Error("patience never ran out")
	}
}

// A trial that is cut off after any epoch, and after any network of an epoch, ends as if
// it had not been.
func TestInterruptedGroup(t *testing.T) {
	space, err := search.ParseSpace([]string{"learning_rate=1e-3..1e-1:log"})
	if err != nil {
		t.Fatal(err)
	}
	run := func(dir string, stopAfter int) search.Trial {
		j := search.NewMemoryJournal()
		steps := 0
		for attempt := range 2 {
			ctx, cancel := context.WithCancelCause(t.Context())
			o := &Objective{Base: nn.Config{Epochs: 3, Width: nn.Widths{4}, BatchSize: 32}, Splits: folds(t, 90), Checkpoints: dir, Key: "folds"}
			o.Options.Checkpoint.Every = time.Nanosecond
			o.Options.Hooks.OnStep = func(context.Context, int, int, int, nn.StepResult) error {
				if steps++; steps == stopAfter && attempt == 0 {
					cancel(errors.New("cut off"))
				}
				return nil
			}
			study, err := search.OpenStudy(ctx, search.StudyOptions{Space: space, Directions: []search.Direction{search.Maximize}, Journal: j, Worker: "worker"})
			if err != nil {
				t.Fatal(err)
			}
			err = search.Optimize(ctx, study, o.Evaluate, search.OptimizeOptions{Trials: 1, OnEvent: func(e search.Event) {
				if e.Kind == search.Told {
					if err := o.RemoveCheckpoint(e.Trial.Number); err != nil {
						t.Error(err)
					}
				}
			}})
			cancel(nil)
			if err == nil {
				break
			}
			if attempt > 0 || !strings.Contains(err.Error(), "cut off") {
				t.Fatalf("stopped after step %d, attempt %d: %v", stopAfter, attempt, err)
			}
		}
		replay, err := search.ReadJournal(t.Context(), j)
		if err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(dir); err != nil && !errors.Is(err, os.ErrNotExist) || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
		if stopAfter > 0 && steps >= 18+9 {
			t.Errorf("stopped after step %d: %d steps in all, as if from the beginning", stopAfter, steps)
		}
		trial := replay.Studies()[0].Trials[0].Public()
		trial.Seconds, trial.Attrs = 0, map[string]json.RawMessage{"scores": trial.Attrs["scores"], "best_epoch": trial.Attrs["best_epoch"]}
		return trial
	}
	want := run(t.TempDir(), 0)
	if len(want.Reports) != 3 || len(want.Scores()) != 3 {
		t.Fatalf("%+v", want)
	}
	for stopAfter := 7; stopAfter < 18; stopAfter++ {
		if got := run(t.TempDir(), stopAfter); !reflect.DeepEqual(got, want) {
			t.Errorf("stopped after step %d: %+v, want %+v", stopAfter, got, want)
		}
	}
}

func TestRetest(t *testing.T) {
	o := &Objective{Base: nn.Config{Epochs: 3, Width: nn.Widths{4}, Seed: 5}, Splits: folds(t, 90), Seeds: 2}
	trial := search.Trial{Number: 7, Params: search.Params{"learning_rate": 0.01}}
	r, err := o.Retest(t.Context(), trial, 2)
	if err != nil {
		t.Fatal(err)
	}
	if r.Trial != 7 || r.Seeds != [2]uint64{7, 8} || len(r.Scores) != 6 || r.BestEpoch < 1 {
		t.Errorf("%+v", r)
	}
	fresh := &Objective{Base: nn.Config{Epochs: 3, Width: nn.Widths{4}, Seed: 7}, Splits: o.Splits, Seeds: 2}
	g, err := fresh.group(trial.Params, 7, 2, nn.Checkpoint{})
	if err == nil {
		err = g.train(t.Context(), func(nn.Epoch) error { return nil })
	}
	if err != nil || !reflect.DeepEqual(g.scores(), r.Scores) || math.Abs(g.watch.Value-r.Mean) > 1e-15 {
		t.Errorf("%v: %v, want %v", err, r, g.scores())
	}
	o.Base.LearningRate, o.Base.Optimizer = 1e30, "sgd"
	if r, err = o.Retest(t.Context(), search.Trial{}, 2); err != nil || r.Scores != nil || !strings.Contains(r.Error, "diverged") {
		t.Errorf("diverged: %+v, %v", r, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := o.Retest(ctx, trial, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestMeanSD(t *testing.T) {
	if mean, sd := meanSD([]float64{1, 2, 4}); math.Abs(mean-7.0/3) > 1e-15 || math.Abs(sd-math.Sqrt(7.0/3)) > 1e-15 {
		t.Errorf("mean %v, sd %v", mean, sd)
	}
	if mean, sd := meanSD([]float64{3}); mean != 3 || sd != 0 {
		t.Errorf("of one: %v, %v", mean, sd)
	}
}

// The checkpoint of one split is none of another one, however many networks a split has.
func TestCheckpointsKnowTheirSplit(t *testing.T) {
	c := nn.Checkpoint{Path: "trial-0", Key: "data"}
	two, one := &Objective{Splits: make([]Split, 3), Seeds: 2}, &Objective{Splits: make([]Split, 3)}
	for i := range 6 { // network i of two is on split i/2
		for k := range 3 {
			if same := two.member(c, i).Key == one.member(c, k).Key; same != (i/2 == k) {
				t.Errorf("network %d of two a split and network %d of one: the same key %v", i, k, same)
			}
		}
	}
	if key := (&Objective{Splits: make([]Split, 4)}).member(c, 1).Key; key == one.member(c, 1).Key {
		t.Errorf("the second of four splits has the key of the second of three, %q", key)
	}
	if m := new(Objective).member(c, 0); m != c {
		t.Errorf("the only network is kept in %+v", m)
	}
}
