package search

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"testing"

	"mnisttune/search/sobol"
)

// The trials of a study are the points of the sequence of its seed, whatever the number
// of jobs, and however many trials there are to be.
func TestSobolProposesTheSequence(t *testing.T) {
	space := mustSpace(t, spaces["mission"]...)
	sequence := sobol.New(3, 5)
	for jobs, n := range map[int]int{1: 15, 2: 30, 4: 60} {
		s := newStudy(t, StudyOptions{Space: space, Sampler: Sobol{}, Seed: 5})
		objective := func(_ context.Context, e *Evaluation) (float64, error) { return float64(e.Number), nil }
		if err := Optimize(t.Context(), s, objective, OptimizeOptions{Trials: n, Jobs: jobs}); err != nil {
			t.Fatal(err)
		}
		if len(s.Trials()) != n {
			t.Fatalf("%d trials, want %d", len(s.Trials()), n)
		}
		for i, trial := range s.Trials() {
			if want := space.Decode(sequence.Point(uint32(i))); !reflect.DeepEqual(trial.Params, want) {
				t.Errorf("%d jobs, trial %d: got %v, want %v", jobs, i, trial.Params, want)
			}
		}
	}
	other := newStudy(t, StudyOptions{Space: space, Sampler: Sobol{}, Seed: 6})
	trial, err := other.Ask(t.Context())
	if err != nil || reflect.DeepEqual(trial.Params, space.Decode(sequence.Point(0))) {
		t.Errorf("another seed begins with %v, %v", trial.Params, err)
	}
}

// discrepancy is the squared centred L2-discrepancy (Hickernell 1998, eq. 1.10) of
// configurations.
func discrepancy(space Space, all []Params) float64 {
	points := make([][]float64, len(all))
	for i, p := range all {
		points[i], _ = space.Encode(p)
	}
	n := float64(len(points))
	sum := math.Pow(13./12, float64(space.Len()))
	for _, x := range points {
		first := 1.0
		for _, u := range x {
			z := math.Abs(u - 0.5)
			first *= 1 + z/2 - z*z/2
		}
		sum -= 2 / n * first
		for _, y := range points {
			pair := 1.0
			for k, u := range x {
				pair *= 1 + math.Abs(u-0.5)/2 + math.Abs(y[k]-0.5)/2 - math.Abs(u-y[k])/2
			}
			sum += pair / (n * n)
		}
	}
	return sum
}

// Configurations are spread more evenly than random ones, also where trials of others
// have taken numbers.
func TestSobolIsEven(t *testing.T) {
	for _, texts := range [][]string{
		{"a=0.0..1.0", "b=1e-5..1e-1:log"},
		{"a=0.0..1.0", "b=1e-5..1e-1:log", "c=1..64", "d=-1.0..1.0"},
		{"a=0.0..1.0", "b=1e-5..1e-1:log", "c=1..64", "d=-1.0..1.0", "e=0.0..1.0:step=0.01", "f=0.0..9.0"},
	} {
		space := mustSpace(t, texts...)
		for _, n := range []int{64, 100, 256} {
			random := discrepancy(space, drawAll(t, Random{}, space, n))
			even := discrepancy(space, drawAll(t, Sobol{}, space, n))
			if even > random/3 {
				t.Errorf("%d parameters, %d trials: squared discrepancy %.2g, of random ones %.2g", space.Len(), n, even, random)
			}
		}
	}
}

// A finite space is used up, each configuration once, and no point is looked at twice.
func TestSobolUsesSpacesUp(t *testing.T) {
	for _, name := range []string{"conditional", "nested", "one"} {
		space := mustSpace(t, spaces[name]...)
		size, _ := space.Size()
		objective := func(context.Context, *Evaluation) (float64, error) { return 0, nil }
		trials := optimized(t, StudyOptions{Space: space, Sampler: Sobol{}, Seed: 7}, objective, size+10, 1)
		keys, last := map[string]bool{}, -1
		for _, trial := range trials {
			keys[space.Key(trial.Params)] = true
			point := -1
			if err := json.Unmarshal(trial.Attrs[sobolPoint], &point); err != nil || point <= last {
				t.Errorf("%s, trial %d: point %d after %d, %v", name, trial.Number, point, last, err)
			}
			last = point
		}
		if len(trials) != size || len(keys) != size {
			t.Errorf("%s: %d trials, %d different, of %d configurations", name, len(trials), len(keys), size)
		}
		if name == "conditional" && last < 2*redraws {
			t.Errorf("%s: %d points were enough: none of the configurations was hard to find", name, last+1)
		}
	}
}

// Trials of others take no points away, but a configuration of theirs is not proposed
// again.
func TestSobolWithForeignTrials(t *testing.T) {
	space := mustSpace(t, "a=0.0..1.0", "b=1..8")
	sequence := sobol.New(2, 9)
	point := func(i uint32) Params { return space.Decode(sequence.Point(i)) }
	foreign := func(p Params) Trial { return Trial{State: Complete, Params: p, Values: []float64{1}} }
	history := []Trial{foreign(Params{"a": 0.5, "b": 3}), foreign(nil), foreign(point(1))}
	for k, want := range []uint32{0, 2, 3, 4} {
		attrs := map[string]any{}
		n := len(history)
		p, err := Sobol{}.Sample(t.Context(), Request{Space: space, History: history, Number: n, Seed: 9, Rand: newRand(9, n), Attrs: attrs})
		if err != nil || !reflect.DeepEqual(p, point(want)) {
			t.Errorf("trial %d: %v, %v, want point %d, %v", n, p, err, want, point(want))
		}
		history = append(history, Trial{Number: n, State: Running, Params: p, Attrs: rawAttrs(t, attrs)})
		for range k {
			history = append(history, foreign(Params{"a": float64(k) / 8, "b": 1}))
		}
	}
}

func TestSobolEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	space := mustSpace(t, "a=1..3")
	if _, err := (Sobol{}).Sample(ctx, Request{Space: space, Attrs: map[string]any{}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	last := []Trial{{State: Complete, Params: Params{"a": 1}, Attrs: rawAttrs(t, map[string]any{sobolPoint: uint32(math.MaxUint32)})}}
	p, err := Sobol{}.Sample(t.Context(), Request{Space: space, History: last, Number: 1, Rand: newRand(1, 1), Attrs: map[string]any{}})
	if err != nil || p["a"] == 1 {
		t.Errorf("after the last point: %v, %v", p, err)
	}
}
