package tpe

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"mnisttune/search"
)

// branches is a finite space in which one word decides what else there is.
func branches(t testing.TB) search.Space {
	return spaceOf(t, "rule=sgd,adam,none", "momentum=1..5:when=rule=sgd", "beta=1..3:when=rule=adam", "nesterov=no,yes:when=momentum>=4", "layers=1..4")
}

func TestContinuousDrawsFollowTheDensity(t *testing.T) {
	const draws, bins = 200000, 20
	space := spaceOf(t, "x=0.0..1.0")
	axes := axesOf(t, space)
	var points []point
	for _, x := range []float64{0, 0.02, 0.3, 0.31, 0.9} {
		points = append(points, placed(t, space, axes, search.Params{"x": x}))
	}
	e := estimator(axes, points, ones(len(points)), goodPrior)
	rng := rand.New(rand.NewPCG(5, 5))
	var count [bins]float64
	for range draws {
		count[min(int(e.draw(rng)[0]*bins), bins-1)]++
	}
	for i, n := range count {
		const steps = 200
		want := 0.0
		for k := range steps {
			u := (float64(i) + (float64(k)+0.5)/steps) / bins
			want += math.Exp(e.logDensity(placed(t, space, axes, search.Params{"x": u}))) / steps / bins
		}
		near(t, "share of a bin", n/draws, want, 5*math.Sqrt(want/draws))
	}
}

func TestTrialsInformAcrossBranches(t *testing.T) {
	// Good trials with sgd say what number of layers to take with adam too.
	space := branches(t)
	axes := axesOf(t, space)
	var points []point
	for m := 1; m <= 3; m++ {
		points = append(points, placed(t, space, axes, search.Params{"rule": "sgd", "momentum": m, "layers": 4}))
	}
	e := estimator(axes, points, ones(3), goodPrior)
	at := func(layers int) float64 {
		return e.logDensity(placed(t, space, axes, search.Params{"rule": "adam", "beta": 2, "layers": layers}))
	}
	if at(4) <= at(1) {
		t.Errorf("log density with 4 layers %v, with 1 %v", at(4), at(1))
	}
	// The trials say nothing of beta, so its levels differ by the prior alone.
	low := e.logDensity(placed(t, space, axes, search.Params{"rule": "adam", "beta": 1, "layers": 4}))
	high := e.logDensity(placed(t, space, axes, search.Params{"rule": "adam", "beta": 3, "layers": 4}))
	near(t, "beta 1 and 3", low, high, 1e-12)
}

func TestLogDensityIsFinite(t *testing.T) {
	spaces := [][]string{
		{"x=0.0..1.0"}, {"n=-9007199254740992..9007199254740992"}, {"n=1..9007199254740991:log"}, {"n=1..1099511627776"}, {"x=1e-300..1e300:log"},
		{"w=a"}, {"x=2.0..2.0"},
	}
	for _, texts := range spaces {
		space := spaceOf(t, texts...)
		axes := axesOf(t, space)
		rng := rand.New(rand.NewPCG(6, 6))
		var points []point
		for i := range 100 {
			u := slices.Repeat([]float64{float64(i % 2)}, space.Len())
			points = append(points, place(space, axes, space.Decode(u)))
		}
		e := estimator(axes, points, ones(100), goodPrior)
		for _, u := range []float64{0, 1e-12, 0.5, rng.Float64(), 1} {
			p := space.Decode(slices.Repeat([]float64{u}, space.Len()))
			if v := e.logDensity(place(space, axes, p)); math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("%v at %v: %v", texts, p, v)
			}
		}
	}
}
