package tune

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"mnisttune/nn"
	"mnisttune/search"
)

// rows is a two-class problem: the class is the sign of the first of four values.
type rows struct{ seed, n int }

func (d rows) Len() int         { return d.n }
func (d rows) Dims() (int, int) { return 4, 2 }
func (d rows) Fill(x []float32, y []uint8, which []int) error {
	for i, r := range which {
		rng := rand.New(rand.NewPCG(uint64(d.seed), uint64(r)))
		for j := range 4 {
			x[i*4+j] = float32(rng.NormFloat64())
		}
		y[i] = 0
		if x[i*4] > 0 {
			y[i] = 1
		}
	}
	return nil
}

// Every parameter that can be tuned reaches the field of the same JSON name, and
// every field of the Config that describes the network or its training is there.
func TestApplyReachesEveryField(t *testing.T) {
	examples := search.Params{
		"learning_rate": 0.5, "batch_size": 7, "num_layers": 5, "width": 33, "activation": "gelu", "dropout": 0.25, "optimizer": "rmsprop",
		"momentum": 0.5, "weight_decay": 0.125, "label_smoothing": 0.0625, "clip_norm": 2.0, "schedule": "cosine", "warmup_epochs": 1.5,
		"step_epochs": 4, "step_factor": 0.75, "epochs": 6,
	}
	c, err := Apply(nn.Config{}, examples)
	if err != nil {
		t.Fatal(err)
	}
	data, _ := json.Marshal(c)
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	fixed := map[string]bool{"seed": true, "patience": true, "min_delta": true, "monitor": true}
	for name, got := range fields {
		want, ok := examples[name]
		if n, isInt := want.(int); isInt {
			want = float64(n)
		}
		if ok && got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
		if !ok && !fixed[name] {
			t.Errorf("the field %s cannot be tuned", name)
		}
	}
	if len(Names()) != len(examples) {
		t.Errorf("the test covers %d of %v", len(examples), Names())
	}
}

func TestCheckSpace(t *testing.T) {
	for text, want := range map[string]string{
		"learning_rate=1e-5..1e-1:log": "",
		"num_layers=1..3":              "",
		"activation=relu,tanh":         "",
		"weight_decay=0.0..0.1":        "",
		"learning_rat=1e-5..1e-1":      `no parameter "learning_rat" of the trainer (have: activation,`,
		"dropout=0.0..1.5":             "dropout: got 1.5",
		"batch_size=0..64":             "batch_size cannot be 0",
		"learning_rate=0.0..0.1":       "learning_rate cannot be 0",
		"batch_size=16.0..64.0":        "takes integers",
		"batch_size=16.5..64.5":        "takes integers",
		"optimizer=adam,lion":          "optimizer: got lion",
		"optimizer=1,2":                "takes words",
		"width=64,wide":                "mixes",
		"learning_rate=fast,slow":      "takes numbers",
	} {
		space, err := search.ParseSpace([]string{text})
		if err == nil {
			err = CheckSpace(space, nn.Config{})
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	space, _ := search.ParseSpace([]string{"num_layers=1..3"})
	if err := CheckSpace(space, nn.Config{Width: nn.Widths{32, 16}}); err == nil || !strings.Contains(err.Error(), "give one width") {
		t.Errorf("tuning num_layers under two widths: %v", err)
	}
	for _, s := range []search.Space{DefaultSpace(), DefaultGrid()} {
		if err := CheckSpace(s, nn.Config{}); err != nil {
			t.Error(err)
		}
	}
	if n, _ := search.GridSize(DefaultGrid()); n != 27 {
		t.Errorf("the default grid has %d cells, want 27", n)
	}
}

func optimize(t *testing.T, o *Objective, trials, jobs int) []search.Trial {
	t.Helper()
	space, err := search.ParseSpace([]string{"learning_rate=1e-3..1e-1:log", "num_layers=1..2"})
	if err != nil {
		t.Fatal(err)
	}
	study, err := search.NewStudy(search.StudyOptions{Space: space, Directions: []search.Direction{o.Direction()}, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := search.Optimize(t.Context(), study, o.Evaluate, search.OptimizeOptions{Trials: trials, Jobs: jobs}); err != nil {
		t.Fatal(err)
	}
	return study.Trials()
}

func historyOf(t *testing.T, trial search.Trial) []nn.Epoch {
	t.Helper()
	var history []nn.Epoch
	if err := json.Unmarshal(trial.Attrs[AttrHistory], &history); err != nil {
		t.Fatal(err)
	}
	return history
}

func TestObjective(t *testing.T) {
	for metric, better := range map[string]func(a, b float64) bool{
		"val_accuracy": func(a, b float64) bool { return a > b },
		"val_loss":     func(a, b float64) bool { return a < b },
	} {
		o := &Objective{Base: nn.Config{Epochs: 4, Width: nn.Widths{8}, Seed: 3}, Train: rows{1, 200}, Val: rows{2, 100}, Metric: metric}
		trials := optimize(t, o, 4, 2)
		for _, trial := range trials {
			history := historyOf(t, trial)
			if len(history) != 4 || len(trial.Reports) != 4 {
				t.Fatalf("trial %d: %d epochs, %d reports", trial.Number, len(history), len(trial.Reports))
			}
			value, _ := trial.Value()
			var bestEpoch int
			if err := json.Unmarshal(trial.Attrs[AttrBestEpoch], &bestEpoch); err != nil {
				t.Fatal(err)
			}
			if got, _ := history[bestEpoch-1].Metric(metric); got != value {
				t.Errorf("trial %d: value %v, epoch %d has %v", trial.Number, value, bestEpoch, got)
			}
			for i, e := range history {
				got, _ := e.Metric(metric)
				if better(got, value) {
					t.Errorf("trial %d: epoch %d is better than the value", trial.Number, e.Number)
				}
				if trial.Reports[i] != (search.Report{Step: e.Number, Value: got}) {
					t.Errorf("trial %d: report %+v of epoch %+v", trial.Number, trial.Reports[i], e)
				}
			}
		}
		// Alone and with the same seed, the trainer repeats a trial.
		cfg, err := o.Config(trials[2].Params)
		if err != nil {
			t.Fatal(err)
		}
		trainer, err := nn.New(cfg, nn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		again, err := trainer.Fit(t.Context(), o.Train, o.Val)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range historyOf(t, trials[2]) {
			if e.Train != again.History[i].Train || !reflect.DeepEqual(e.Val, again.History[i].Val) {
				t.Errorf("epoch %d: %+v in the search, %+v alone", e.Number, e, again.History[i])
			}
		}
	}
}

func TestDivergedTrialFails(t *testing.T) {
	o := &Objective{Base: nn.Config{Optimizer: "sgd", LearningRate: 1e30, Epochs: 2}, Train: rows{1, 100}, Val: rows{2, 50}}
	space, _ := search.ParseSpace([]string{"num_layers=1..2"})
	study, _ := search.NewStudy(search.StudyOptions{Space: space, Sampler: search.Grid{}})
	err := search.Optimize(t.Context(), study, o.Evaluate, search.OptimizeOptions{})
	if !errors.Is(err, search.ErrAllFailed) || !strings.Contains(err.Error(), "diverged at epoch 1, step") {
		t.Errorf("got %v", err)
	}
}

func TestRefit(t *testing.T) {
	o := &Objective{Base: nn.Config{Epochs: 9, Patience: 2, Seed: 1}, Train: rows{1, 100}, Val: rows{2, 50}}
	trainer, r, err := o.Refit(context.Background(), search.Params{"learning_rate": 0.01, "num_layers": 1}, 3, rows{1, 300}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.History) != 3 || trainer.Config().LearningRate != 0.01 || trainer.Config().NumLayers != 1 || r.History[0].Val != nil {
		t.Errorf("%d epochs with %+v", len(r.History), trainer.Config())
	}
}
