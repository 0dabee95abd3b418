package bayes

import (
	"math"
	"math/rand/v2"
	"testing"

	"mnisttune/search"
)

func space(t testing.TB, params ...search.Param) search.Space {
	t.Helper()
	s, err := search.NewSpace(params...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// surface makes a maximiser of the log EI of a process that has seen n random
// configurations of the space.
func surface(t *testing.T, s search.Space, n int, seed uint64) *maximiser {
	t.Helper()
	e, err := newEncoder(s)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 5))
	m := &maximiser{encoder: e, seen: map[string]bool{}}
	var x [][]float64
	var y []float64
	for _, u := range sobol(n, s.Len(), rng) {
		p := s.Decode(u)
		m.seen[s.Key(p)] = true
		x = append(x, e.encode(p))
		y = append(y, rng.NormFloat64())
	}
	h := Hyperparameters{Scale: 1, Noise: 1e-3}
	for range e.columns {
		h.LengthScales = append(h.LengthScales, 0.3)
	}
	y, _ = standardise(y)
	obs := observe(x, y, e.nominal)
	mixture := mix(obs, []Hyperparameters{h}, nil, [][]float64{{}}, LogEI)
	if m.landscape = mixture; mixture == nil {
		t.Fatal("no acquisition")
	}
	return m
}

func TestMaximiserReachesTheMaximum(t *testing.T) {
	sgd := &search.Condition{Param: "optimizer", Op: "==", Value: "sgd"}
	momentum := search.Float("momentum", 0, 0.99)
	momentum.When = sgd
	nesterov := search.Words("nesterov", "yes", "no")
	nesterov.When = sgd
	wide := search.Int("width", 1, 5000)
	wide.Log = true
	for name, s := range map[string]search.Space{
		"one real":            space(t, search.LogFloat("lr", 1e-5, 1)),
		"a real and choices":  space(t, search.LogFloat("lr", 1e-5, 1), search.OneOf("batch", 32, 64, 128), search.Int("layers", 1, 3)),
		"a real that depends": space(t, search.Words("optimizer", "sgd", "adam"), momentum, nesterov),
		"cells":               space(t, search.OneOf("batch", 32, 64, 128, 256), search.Words("act", "relu", "tanh"), search.Int("layers", 1, 12)),
		"two reals":           space(t, search.Float("a", 0, 1), search.Float("b", -3, 3)),
		"everything":          space(t, search.LogFloat("lr", 1e-5, 1), wide, search.Words("optimizer", "sgd", "adam"), momentum, nesterov, search.OneOf("batch", 32, 64)),
	} {
		t.Run(name, func(t *testing.T) {
			m := surface(t, s, 12, 3)
			p, value := m.best(nil, rand.New(rand.NewPCG(1, 2)))
			if p == nil || m.seen[s.Key(p)] {
				t.Fatalf("got %v", p)
			}
			near(t, "value", m.at(m.encode(p), nil), value, 0)
			for _, u := range sobol(20000, s.Len(), rand.New(rand.NewPCG(9, 9))) {
				if v := m.value(u); v > value+1e-9 {
					t.Fatalf("%v has %v, the maximiser's %v has %v", s.Decode(u), v, p, value)
				}
			}
		})
	}
}

func TestMaximiserTellsWhenNothingIsLeft(t *testing.T) {
	s := space(t, search.Int("a", 1, 3))
	m := surface(t, s, 3, 1)
	for u := range m.cells() {
		m.seen[s.Key(s.Decode(u))] = true
	}
	if p, _ := m.best(nil, rand.New(rand.NewPCG(1, 2))); p != nil {
		t.Errorf("got %v", p)
	}
}

func TestCellsAreAllConfigurations(t *testing.T) {
	width := search.Int("width", 3, 40)
	width.Log = true
	depends := search.OneOf("drop", 0.1, 0.2, 0.5)
	depends.When = &search.Condition{Param: "layers", Op: ">=", Value: 2}
	step := search.Float("decay", 0, 1)
	step.Step = 0.3
	s := space(t, search.Int("layers", 1, 3), width, depends, search.Words("act", "relu", "tanh"), step)
	e, err := newEncoder(s)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	yields := 0
	for u := range e.cells() {
		p := s.Decode(u)
		keys[s.Key(p)] = true
		yields++
		if back, _ := s.Encode(p); !closeTo(back, u) {
			t.Fatalf("%v: the cell's middle is %v, encoding gives %v", p, u, back)
		}
		for i, q := range s.Params() {
			if v, ok := p[q.Name]; ok {
				if k := e.level(i, v, u[i]); math.Abs(e.place(i, k)-u[i]) > 1e-12 {
					t.Fatalf("%s=%v: level %d is at %v, not at %v", q.Name, v, k, e.place(i, k), u[i])
				}
			}
		}
	}
	if n, _ := s.Size(); len(keys) != n || yields != n {
		t.Errorf("%d cells, %d of them different, want %d", yields, len(keys), n)
	}
}

func closeTo(a, b []float64) bool { return distance(a, b) < 1e-12 }

func TestColumns(t *testing.T) {
	drop := search.Float("drop", 0, 0.5)
	drop.When = &search.Condition{Param: "act", Op: "==", Value: "relu"}
	kind := search.Words("kind", "a", "b")
	kind.When = drop.When
	s := space(t, search.Words("act", "tanh", "relu"), drop, search.Int("fixed", 3, 3), kind, search.OneOf("batch", 32, 64, 128))
	e, err := newEncoder(s)
	if err != nil {
		t.Fatal(err)
	}
	// act, place of drop, whether drop takes part, kind, batch
	for _, c := range []struct {
		p    search.Params
		want []float64
	}{
		{search.Params{"act": "tanh", "fixed": 3, "batch": 64}, []float64{0, 0.5, 0, -1, 0.5}},
		{search.Params{"act": "relu", "fixed": 3, "batch": 128, "drop": 0.1, "kind": "b"}, []float64{1, 0.2, 1, 1, 5.0 / 6}},
	} {
		if got := e.encode(c.p); len(got) != len(c.want) || !closeTo(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.p, got, c.want)
		}
	}
}

func TestMoves(t *testing.T) {
	if got := moves(2, 4); len(got) != 4 {
		t.Errorf("got %v", got)
	}
	reached := map[int]bool{}
	for _, k := range moves(70, 100) {
		if k < 0 || k >= 100 {
			t.Fatalf("level %d of 100", k)
		}
		reached[k] = true
	}
	for _, k := range []int{69, 71, 68, 72, 6} {
		if !reached[k] {
			t.Errorf("level %d is not tried from 70", k)
		}
	}
}
