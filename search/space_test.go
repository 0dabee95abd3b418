package search

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func mustSpace(t testing.TB, texts ...string) Space {
	t.Helper()
	s, err := ParseSpace(texts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// spaces covers every kind of parameter, nested conditions among them.
var spaces = map[string][]string{
	"mission":     {"learning_rate=1e-5..1e-1:log", "batch_size=32,64,128", "num_layers=1..3"},
	"kinds":       {"a=-2.5..7.5", "b=-3..12", "c=0.0..0.5:step=0.1", "d=0.1,0.2,0.7", "e=x,y,z", "f=1..1000:log", "g=2..20:step=6"},
	"conditional": {"layers=1..3", "w2=16,32:when=layers>=2", "w3=1..4:when=layers>=3", "opt=sgd,adam", "mom=0.0..0.9:step=0.3:when=opt=sgd"},
	"nested":      {"a=on,off", "b=1..2:when=a==on", "c=5,6,7:when=b>1", "d=0..1:when=c!=6"},
	"one":         {"x=3..3", "y=0.25..0.25", "z=only"},
	"wide":        {"x=-1000000000..1000000000", "y=1e-300..1e300:log"},
}

// Decode gives configurations that Check accepts, and Encode is its inverse:
// decoding the encoded point gives the configuration back.
func TestDecodeEncodeRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, texts := range spaces {
		s := mustSpace(t, texts...)
		for range 500 {
			u := make([]float64, s.Len())
			for i := range u {
				u[i] = r.Float64()
			}
			if r.IntN(10) == 0 {
				u[r.IntN(len(u))] = float64(r.IntN(2))
			}
			p := s.Decode(u)
			q, err := s.Check(p)
			if err != nil || s.Key(p) != s.Key(q) {
				t.Fatalf("%s: Decode(%v) = %v, Check says %v, %v", name, u, p, q, err)
			}
			v, active := s.Encode(p)
			back := s.Decode(v)
			for i, param := range s.params {
				x, in := p[param.Name]
				y, still := back[param.Name]
				if in != still || in != active[i] {
					t.Fatalf("%s: %s is active %v, encoded %v, back %v (%v)", name, param.Name, in, active[i], still, p)
				}
				if !in {
					continue
				}
				if x != y {
					t.Fatalf("%s: %s was %v, comes back as %v", name, param.Name, x, y)
				}
				if v[i] < 0 || v[i] > 1 {
					t.Fatalf("%s: %s is encoded as %v", name, param.Name, v[i])
				}
			}
		}
	}
}

// Continuous values have few digits, and narrow ranges as many as they need.
func TestDecodedValuesAreTidy(t *testing.T) {
	s := mustSpace(t, "lr=1e-5..1e-1:log", "d=0.0..0.5", "big=0.0..3e9", "narrow=1000000.0..1000000.001", "thin=1.0..1.0001:log")
	p := s.Decode([]float64{0.5, 1. / 3, 1. / 3, 1. / 3, 1. / 3})
	for name, want := range map[string]float64{"lr": 0.001, "d": 0.166667, "big": 1e9} {
		if p[name] != want {
			t.Errorf("%s = %v, want %v", name, p[name], want)
		}
	}
	for name, want := range map[string]float64{"narrow": 1000000 + 0.001/3, "thin": math.Exp(math.Log(1.0001) / 3)} {
		if x, _ := p.Float(name); math.Abs(x-want) > 1e-8 {
			t.Errorf("%s = %v, want %v", name, x, want)
		}
	}
}

// Every level of a discrete parameter owns an equal share of the cube; of a log
// integer, its share of the log scale.
func TestDecodeIsUniform(t *testing.T) {
	const n = 100000
	s := mustSpace(t, "a=0..3", "b=x,y,z", "c=0.0..1.0:step=0.5", "d=1..2:log")
	counts := map[string]map[any]int{}
	for i := range n {
		u := (float64(i) + 0.5) / n
		for name, v := range s.Decode([]float64{u, u, u, u}) {
			if counts[name] == nil {
				counts[name] = map[any]int{}
			}
			counts[name][v]++
		}
	}
	share := math.Log(1.5/0.5) / math.Log(2.5/0.5) // of 1 among 1 and 2, each half a step wide
	for name, want := range map[string]map[any]float64{
		"a": {0: .25, 1: .25, 2: .25, 3: .25},
		"b": {"x": 1. / 3, "y": 1. / 3, "z": 1. / 3},
		"c": {0.0: 1. / 3, 0.5: 1. / 3, 1.0: 1. / 3},
		"d": {1: share, 2: 1 - share},
	} {
		for v, w := range want {
			if got := float64(counts[name][v]) / n; math.Abs(got-w) > 2e-5 {
				t.Errorf("%s = %v has the share %v, want %v", name, v, got, w)
			}
		}
		if len(counts[name]) != len(want) {
			t.Errorf("%s takes the values %v", name, counts[name])
		}
	}
}

// Size against counting the different configurations that all level indices give.
func TestSizeAgainstEnumeration(t *testing.T) {
	for name, want := range map[string]struct {
		n      int
		finite bool
	}{"mission": {0, false}, "kinds": {0, false}, "conditional": {0, true}, "nested": {0, true}, "one": {1, true}, "wide": {0, false}} {
		s := mustSpace(t, spaces[name]...)
		n, finite := s.Size()
		if finite != want.finite {
			t.Errorf("%s: finite %v, want %v", name, finite, want.finite)
		}
		if !finite {
			continue
		}
		if brute := bruteForce(s); n != brute {
			t.Errorf("%s: size %d, %d by brute force", name, n, brute)
		}
	}
	if n, ok := mustSpace(t, "a=1..1000000000", "b=1..1000000000").Size(); ok {
		t.Errorf("10^18 configurations are counted as %d", n)
	}
	if n, ok := mustSpace(t, "a=1..1000000000", "b=1..2:when=a>=5").Size(); ok {
		t.Errorf("a parent of 10^9 values is counted as %d", n)
	}
	if n, ok := mustSpace(t, "a=1..1000000000", "b=1..1000000").Size(); !ok || n != 1e15 {
		t.Errorf("10^15 configurations are counted as %d, %v", n, ok)
	}
}

// bruteForce decodes the middle of every cell of the cube.
func bruteForce(s Space) int {
	keys := map[string]bool{}
	u := make([]float64, s.Len())
	var walk func(i int)
	walk = func(i int) {
		if i == len(u) {
			keys[s.Key(s.Decode(u))] = true
			return
		}
		n := s.params[i].levels()
		for k := range n {
			u[i] = (float64(k) + 0.5) / float64(n)
			walk(i + 1)
		}
	}
	walk(0)
	return len(keys)
}

func TestCheck(t *testing.T) {
	s := mustSpace(t, "lr=1e-5..1e-1:log", "n=1..3", "w=16,32:when=n>=2", "opt=sgd,adam", "d=0.0..0.3:step=0.1", "x=1.0,2.5")
	good := Params{"lr": 0.1, "n": 3.0, "w": 16.0, "opt": "adam", "d": 0.30000000000000004, "x": 1}
	p, err := s.Check(good)
	if err != nil {
		t.Fatal(err)
	}
	if p["n"] != 3 || p["w"] != 16 || p["x"] != 1.0 || p["d"] != 0.3 {
		t.Errorf("canonical: %#v", p)
	}
	for _, c := range []struct {
		name string
		v    any
		want string
	}{
		{"lr", 0.2, `"lr": 0.2 is outside 1e-05..0.1`}, {"lr", math.NaN(), "outside"}, {"lr", "fast", "outside"}, {"lr", nil, `"lr" is missing`},
		{"n", 2.5, "not an integer"}, {"n", 4, "outside"}, {"n", 1, `"w" is given, but its condition n>=2 does not hold`},
		{"w", 17, "not one of [16 32]"}, {"opt", "rmsprop", "not one of [sgd adam]"}, {"d", 0.15, "not a multiple of the step"}, {"zz", 1, `unknown parameter "zz" (have: lr, n,`},
	} {
		bad := Params{}
		for k, v := range good {
			bad[k] = v
		}
		if bad[c.name] = c.v; c.v == nil {
			delete(bad, c.name)
		}
		if _, err := s.Check(bad); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s=%v: got %v, want %q", c.name, c.v, err, c.want)
		}
	}
}

func TestNewSpaceRefuses(t *testing.T) {
	for _, c := range []struct {
		want   string
		params []Param
	}{
		{"declared twice", []Param{Int("a", 1, 2), Int("a", 1, 2)}},
		{"not declared before it", []Param{{Name: "b", Kind: Integer, High: 1, When: &Condition{"a", ">=", 1}}, Int("a", 1, 2)}},
		{"no order", []Param{Words("a", "x", "y"), {Name: "b", Kind: Integer, High: 1, When: &Condition{"a", ">=", "x"}}}},
		{"compares the integer parameter", []Param{Int("a", 1, 2), {Name: "b", Kind: Integer, High: 1, When: &Condition{"a", "==", "x"}}}},
		{"does not take", []Param{Words("a", "x", "y"), {Name: "b", Kind: Integer, High: 1, When: &Condition{"a", "==", "z"}}}},
		{"unknown comparison", []Param{Int("a", 1, 2), {Name: "b", Kind: Integer, High: 1, When: &Condition{"a", "~", 1}}}},
		{"no name", []Param{Int("", 1, 2)}},
		{"empty (low is above high)", []Param{Float("a", 2, 1)}},
		{"not finite", []Param{Float("a", math.NaN(), 1)}},
		{"positive low end", []Param{LogFloat("a", 0, 1)}},
		{"exclude each other", []Param{{Name: "a", Kind: Real, Low: 1, High: 2, Log: true, Step: 1}}},
		{"integer ends", []Param{{Name: "a", Kind: Integer, Low: 0.5, High: 2}}},
		{"more than 2^31 values", []Param{{Name: "a", Kind: Real, High: 1, Step: 1e-12}}},
		{"is empty", []Param{Words("a")}},
		{"listed twice", []Param{OneOf("a", 1, 2, 1)}},
		{"does not belong", []Param{{Name: "a", Kind: Category, Values: []any{"x", 3}}}},
		{"unknown kind", []Param{{Name: "a"}}},
	} {
		if _, err := NewSpace(c.params...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func TestParseParam(t *testing.T) {
	for text, want := range map[string]Param{
		"lr=1e-5..1e-1:log":        LogFloat("lr", 1e-5, 0.1),
		"n=1..3":                   Int("n", 1, 3),
		"n=-3..-1":                 Int("n", -3, -1),
		"x=0.0..1.0":               Float("x", 0, 1),
		"x=0..1.5:step=0.5:n=2":    {Name: "x", Kind: Real, High: 1.5, Step: 0.5, GridPoints: 2},
		"b=32,64,128":              OneOf("b", 32, 64, 128),
		"b=32,64.5":                OneOf("b", 32, 64.5),
		"o=sgd,adam":               Words("o", "sgd", "adam"),
		"o=adam":                   Words("o", "adam"),
		"m=1..2:log:when=o=sgd":    {Name: "m", Kind: Integer, Low: 1, High: 2, Log: true, When: &Condition{"o", "==", "sgd"}},
		"m=1,2:when=num_layers>=2": {Name: "m", Kind: Choice, Values: []any{1, 2}, When: &Condition{"num_layers", ">=", 2}},
		"m=1,2:when=dropout<0.5":   {Name: "m", Kind: Choice, Values: []any{1, 2}, When: &Condition{"dropout", "<", 0.5}},
		"path=/tmp/a,b/c":          Words("path", "/tmp/a", "b/c"),
	} {
		got, err := ParseParam(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got.String() != want.String() || got.Kind != want.Kind {
			t.Errorf("%s: got %v %s, want %v %s", text, got.Kind, got, want.Kind, want)
		}
	}
	for text, want := range map[string]string{
		"":                   "there is no =",
		"lr":                 "there is no =",
		"=1..2":              `"" is no name`,
		"a b=1..2":           `"a b" is no name`,
		"lr=":                `"" is neither a number nor a word`,
		"lr=1..":             `"" is no finite number`,
		"lr=1..x":            `"x" is no finite number`,
		"lr=0..1:log":        "positive low end",
		"lr=1..nan":          "no finite number",
		"lr=5..1":            "empty (low is above high)",
		"lr=1..2:lgo":        `unknown option "lgo"`,
		"lr=1..2:step=0":     "step must be positive",
		"lr=1..2:n=x":        "n must be a positive integer",
		"b=32,64:log":        `a list takes no option "log"`,
		"b=32,,64":           `"" is neither`,
		"b=32,sixty":         "mixes numbers and words",
		"b=32,32":            "listed twice",
		"m=1..2:when=a":      `the condition "a" is not of the form`,
		"m=1..2:when=a>=b c": "neither a number nor a word",
	} {
		_, err := ParseParam(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// What parses is written so that it parses to the same parameter again.
func FuzzParseParam(f *testing.F) {
	for _, texts := range spaces {
		for _, text := range texts {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseParam(text)
		if err != nil {
			return
		}
		again, err := ParseParam(p.String())
		if err != nil || again.String() != p.String() || again.Kind != p.Kind {
			t.Errorf("%q is written as %q, which reads as %q (%v)", text, p, again, err)
		}
	})
}

type tagged struct {
	Rate   float64 `param:"rate=1e-5..1e-1:log"`
	Batch  int     `param:"batch=32,64"`
	Rule   string  `param:"rule=sgd,adam"`
	Mom    float64 `param:"mom=0.0..0.9:when=rule=sgd"`
	Bias   bool    `param:"bias=true,false"`
	Ignore int     `param:"-"`
}

func TestTags(t *testing.T) {
	s, err := SpaceOf[tagged]()
	if err != nil {
		t.Fatal(err)
	}
	if s.Len() != 5 {
		t.Errorf("%d parameters", s.Len())
	}
	got, err := Bind[tagged](Params{"rate": 0.01, "batch": 64, "rule": "adam", "bias": "true"})
	if want := (tagged{Rate: 0.01, Batch: 64, Rule: "adam", Bias: true}); err != nil || got != want {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
	if _, err := Bind[tagged](Params{"batch": "many"}); err == nil || !strings.Contains(err.Error(), "Batch") {
		t.Errorf("a word in an int field: %v", err)
	}
	for want, f := range map[string]func() (Space, error){
		"is a int, which cannot hold": SpaceOf[struct {
			A int `param:"a=0.0..1.0"`
		}],
		"is not exported": SpaceOf[struct {
			a int `param:"a=0..1"`
		}],
		"tag of the field": SpaceOf[struct {
			A int `param:"1..x"`
		}],
		"has no field with a param tag": SpaceOf[struct{}],
		"is no struct":                  SpaceOf[int],
		"is a bool, which cannot hold": SpaceOf[struct {
			A bool `param:"a=yes,no"`
		}],
	} {
		if _, err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
