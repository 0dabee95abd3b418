package search

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

type base struct {
	LearningRate float64 `param:"1..10:log"`
	HTTPPort     int     `param:"80,8080"`
}

type typed struct {
	base
	X       float64 `param:"-5..10"`
	Steps   float64 `param:"0..6:step=2"`
	Kernel  string  `param:"rbf,linear"`
	Degree  float64 `param:"1..3:when=kernel=rbf"`
	L2      bool    `param:"true,false:when=kernel==rbf"`
	N       int     `param:"count=1..4"`
	Ignored []byte  `param:"-"`
}

func TestSpaceOfNamesAndKinds(t *testing.T) {
	s, err := SpaceOf[typed]()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range s.Params() {
		got = append(got, p.String())
	}
	want := "learning_rate=1.0..10.0:log http_port=80,8080 x=-5.0..10.0 steps=0.0..6.0:step=2 kernel=rbf,linear " +
		"degree=1.0..3.0:when=kernel==rbf l2=true,false:when=kernel==rbf count=1..4"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
	p, err := Bind[typed](Params{"learning_rate": 2.0, "http_port": 80, "x": 1.5, "steps": 4.0, "kernel": "rbf", "degree": 2.5, "l2": "true", "count": 3})
	if err != nil || p.LearningRate != 2 || p.HTTPPort != 80 || p.X != 1.5 || p.Steps != 4 || p.Kernel != "rbf" || p.Degree != 2.5 || !p.L2 || p.N != 3 {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestSpaceOfRefuses(t *testing.T) {
	for want, f := range map[string]func() (Space, error){
		`.Forgotten has no param tag (param:"-" leaves it out of the space)`: SpaceOf[struct {
			A         int `param:"1..2"`
			Forgotten int
		}],
		".Base has no param tag": SpaceOf[struct {
			Base *base
		}],
		`.Name has no values (got "a")`: SpaceOf[struct {
			Name string `param:"a"`
		}],
		`.Rate has no values (got "")`: SpaceOf[struct {
			Rate float64 `param:""`
		}],
		"is a float32, which cannot hold": SpaceOf[struct {
			A float32 `param:"0..1"`
		}],
		`"a" is declared twice`: SpaceOf[struct {
			A int `param:"1..2"`
			B int `param:"a=1..2"`
		}],
		"is not declared before it": SpaceOf[struct {
			A int `param:"1..2:when=b>1"`
			B int `param:"1..2"`
		}],
	} {
		if _, err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestSnakeCase(t *testing.T) {
	for name, want := range map[string]string{
		"X": "x", "L2": "l2", "LearningRate": "learning_rate", "NumLayers": "num_layers", "HTTPPort": "http_port",
		"ID": "id", "UserID": "user_id", "X1": "x1", "L2Penalty": "l2_penalty", "Snake_Case": "snake_case", "already": "already",
	} {
		if got := snakeCase(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestOptimizeStruct(t *testing.T) {
	type point struct {
		X float64 `param:"0..1"`
		N int     `param:"1..3"`
	}
	f := func(_ context.Context, p point, e *Evaluation) (float64, error) {
		if e.Number == 2 {
			return 0, errors.New("twos fail")
		}
		return p.X * float64(p.N), nil
	}
	o := StudyOptions{Seed: 3, Directions: []Direction{Maximize}, Journal: NewMemoryJournal()}
	got, err := OptimizeStruct(t.Context(), f, o, OptimizeOptions{Trials: 20, Jobs: 2})
	if err != nil || len(got.Study.Trials()) != 20 || got.Value != got.Params.X*float64(got.Params.N) || got.Best.Values[0] != got.Value {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, trial := range got.Study.Trials() {
		if v, ok := trial.Value(); ok && v > got.Value || !ok && trial.Number != 2 {
			t.Errorf("trial %d has the value %v, %v; the best is %v", trial.Number, v, ok, got.Value)
		}
	}
	// The journal keeps it: the same call goes on, and finds that nothing is to be done.
	again, err := OptimizeStruct(t.Context(), func(context.Context, point, *Evaluation) (float64, error) {
		return 0, errors.New("not again")
	}, o, OptimizeOptions{Trials: 20})
	if err != nil || again.Best.Number != got.Best.Number || again.Params != got.Params {
		t.Errorf("%+v, %v, want trial %d", again.Best, err, got.Best.Number)
	}
}

func TestOptimizeStructWithoutABest(t *testing.T) {
	type point struct {
		X float64 `param:"0..1"`
	}
	run := func(o StudyOptions, f func(ctx context.Context, p point, e *Evaluation) (float64, error)) (Result[point], error) {
		return OptimizeStruct(t.Context(), f, o, OptimizeOptions{Trials: 5})
	}
	if got, err := run(StudyOptions{}, func(context.Context, point, *Evaluation) (float64, error) { return 0, errors.New("no") }); !errors.Is(err, ErrAllFailed) || len(got.Study.Trials()) != 5 {
		t.Errorf("all fail: %v", err)
	}
	if _, err := run(StudyOptions{}, func(context.Context, point, *Evaluation) (float64, error) { return 0, ErrPruned }); !errors.Is(err, ErrNoBest) {
		t.Errorf("all are pruned: %v", err)
	}
	if _, err := run(StudyOptions{}, nil); err == nil {
		t.Error("no objective")
	}
	if _, err := run(StudyOptions{Space: mustSpace(t, "x=0.0..1.0")}, func(context.Context, point, *Evaluation) (float64, error) { return 0, nil }); err == nil || !strings.Contains(err.Error(), "point's tags") {
		t.Errorf("another space: %v", err)
	}
	if _, err := OptimizeStruct(t.Context(), func(context.Context, int, *Evaluation) (float64, error) { return 0, nil }, StudyOptions{}, OptimizeOptions{}); err == nil || !strings.Contains(err.Error(), "no struct") {
		t.Errorf("no struct: %v", err)
	}
	// A search that is interrupted has the best until then.
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	got, err := OptimizeStruct(ctx, func(ctx context.Context, p point, e *Evaluation) (float64, error) {
		if e.Number == 3 {
			cancel(cause)
			return 0, ctx.Err()
		}
		return p.X, nil
	}, StudyOptions{}, OptimizeOptions{Trials: 9})
	if !errors.Is(err, cause) || got.Value == 0 || got.Params.X != got.Value || len(got.Study.Trials()) != 4 {
		t.Errorf("interrupted: %+v, %v", got, err)
	}
}

func TestLogEvents(t *testing.T) {
	var b bytes.Buffer
	on := LogEvents(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})))
	trial := Trial{Number: 3, State: Running, Params: Params{"x": 0.5, "a": "b c"}}
	on(Event{Kind: Asked, Trial: trial})
	on(Event{Kind: Reported, Trial: trial, Report: Report{Step: 2, Value: 0.25}})
	trial.State, trial.Values, trial.Seconds = Complete, []float64{1, 2}, time.Second.Seconds()
	on(Event{Kind: Told, Trial: trial})
	on(Event{Kind: Dropped, Trial: trial})
	on(Event{Kind: Ended, Reason: "4 trials"})
	want := `level=DEBUG msg="trial begins" trial=3 params.a="b c" params.x=0.5
level=DEBUG msg="trial reports" trial=3 step=2 value=0.25
level=INFO msg="trial ends" trial=3 state=complete values="[1 2]" seconds=1 params.a="b c" params.x=0.5
level=WARN msg="another worker has the trial" trial=3
level=INFO msg="search ends" reason="4 trials"
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
