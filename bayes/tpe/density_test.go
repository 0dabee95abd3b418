package tpe

import (
	"math"
	"math/rand/v2"
	"testing"

	"mnisttune/search"
)

// A density over a finite space, with words and conditions two levels deep, sums to 1, and
// draws from it come as often as it says.
func TestDensitySumsToOne(t *testing.T) {
	space, err := search.ParseSpace([]string{"n=1..4", "b=8,16,32", "w=x,y", "m=1..3:when=w=x", "k=p,q:when=m>=2"})
	if err != nil {
		t.Fatal(err)
	}
	axes, err := newAxes(space)
	if err != nil {
		t.Fatal(err)
	}
	size, _ := space.Size()
	rng := rand.New(rand.NewPCG(1, 2))
	cube := func() []float64 {
		u := make([]float64, space.Len())
		for i := range u {
			u[i] = rng.Float64()
		}
		return u
	}
	var points []point
	for range 7 {
		points = append(points, place(space, axes, space.Decode(cube())))
	}
	e := estimator(axes, points, []float64{2, 1, 0, 1, 1, 1, 1}, 0.5)
	all := make(map[string]search.Params)
	for range 20000 {
		p := space.Decode(cube())
		all[space.Key(p)] = p
	}
	if len(all) != size {
		t.Fatalf("%d of %d configurations", len(all), size)
	}
	sum, probability := 0.0, make(map[string]float64)
	for key, p := range all {
		probability[key] = math.Exp(e.logDensity(place(space, axes, p)))
		sum += probability[key]
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("the density sums to %v", sum)
	}
	const draws = 40000
	counts := make(map[string]int)
	for range draws {
		counts[space.Key(space.Decode(e.draw(rng)))]++
	}
	for key, p := range probability {
		if sd := math.Sqrt(p * (1 - p) / draws); math.Abs(float64(counts[key])/draws-p) > 5*sd+1e-4 {
			t.Errorf("%v is drawn with %v, its probability is %v", all[key], float64(counts[key])/draws, p)
		}
	}
}

// A pending trial keeps others away.
func TestPendingTrialsRepel(t *testing.T) {
	space, err := search.ParseSpace([]string{"x=0.0..1.0"})
	if err != nil {
		t.Fatal(err)
	}
	var history []search.Trial
	for i := range 20 {
		x := float64(i) / 19
		history = append(history, search.Trial{Number: i, State: search.Complete, Params: search.Params{"x": x}, Values: []float64{(x - 0.5) * (x - 0.5)}})
	}
	near := func(pending int) (n int) {
		h := append([]search.Trial(nil), history...)
		for range pending {
			h = append(h, search.Trial{Number: len(h), State: search.Running, Params: search.Params{"x": 0.5 + 0.001*float64(len(h)-20)}})
		}
		for seed := range uint64(40) {
			p, err := (&Sampler{}).Sample(t.Context(), search.Request{
				Space: space, Directions: []search.Direction{search.Minimize}, History: h, Number: len(h), Rand: rand.New(rand.NewPCG(seed, 1)), Attrs: map[string]any{},
			})
			if err != nil {
				t.Fatal(err)
			}
			if x, _ := p.Float("x"); math.Abs(x-0.505) < 0.02 {
				n++
			}
		}
		return n
	}
	if alone, crowded := near(0), near(10); crowded >= alone || alone == 0 {
		t.Errorf("%d of 40 suggestions are near the best trials, %d where ten others are", alone, crowded)
	}
}
