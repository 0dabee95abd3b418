package search

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

// The texts are what distribution_to_json of Optuna 5.0.0 writes.
func TestDistributionOf(t *testing.T) {
	stepped := Float("f", 0, 1)
	stepped.Step = 0.3
	ints := Int("i", 1, 10)
	ints.Step = 4
	logInt := Int("i", 1, 64)
	logInt.Log = true
	for _, c := range []struct {
		param    Param
		text     string
		value    any
		internal float64
	}{
		{LogFloat("f", 1e-5, 1), `{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-05, "high": 1.0, "log": true}}`, 0.25, 0.25},
		{stepped, `{"name": "FloatDistribution", "attributes": {"step": 0.3, "low": 0.0, "high": 0.9, "log": false}}`, 0.3, 0.3},
		{ints, `{"name": "IntDistribution", "attributes": {"log": false, "step": 4, "low": 1, "high": 9}}`, 5, 5},
		{logInt, `{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 64}}`, 8, 8},
		{OneOf("c", 128, 32), `{"name": "CategoricalDistribution", "attributes": {"choices": [128, 32]}}`, 32, 1},
		{OneOf("c", 1, 0.5, 1e-7, 1e16), `{"name": "CategoricalDistribution", "attributes": {"choices": [1.0, 0.5, 1e-07, 1e+16]}}`, 1e-7, 2},
		{Words("c", "a", `b"é`), `{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b\"é"]}}`, `b"é`, 1},
	} {
		d, err := DistributionOf(c.param)
		if err != nil || d.String() != c.text {
			t.Errorf("%v: got %v, %v, want %s", c.param, d, err, c.text)
			continue
		}
		if x, err := d.Internal(c.value); err != nil || x != c.internal {
			t.Errorf("%v: the internal value of %v is %v, %v, want %v", c.param, c.value, x, err, c.internal)
		}
		if v, err := d.Value(c.internal); err != nil || v != c.value {
			t.Errorf("%v: the value of %v is %v, %v, want %v", c.param, c.internal, v, err, c.value)
		}
		again, err := ParseDistribution(c.text)
		if err != nil || again.String() != c.text || !again.Compatible(d) {
			t.Errorf("%s is read as %v, %v", c.text, again, err)
			continue
		}
		if got, want := again.Param(c.param.Name), c.param; want.Step == 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%s gives the parameter %#v, want %#v", c.text, got, want)
		}
	}
}

func TestDistributionsOfOthers(t *testing.T) {
	d, err := ParseDistribution(`{"attributes": {"choices": [null, true, 1, 2.5, "null", NaN, [1]]}, "name": "CategoricalDistribution"}`)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []any{"null", "true", 1, 2.5, "null", "NaN", "[1]"} {
		if v, err := d.Value(float64(i)); err != nil || v != want {
			t.Errorf("choice %d is %v, %v, want %v", i, v, err, want)
		}
	}
	if got := d.String(); got != `{"name": "CategoricalDistribution", "attributes": {"choices": [null, true, 1, 2.5, "null", NaN, [1]]}}` {
		t.Errorf("written as %s", got)
	}
	bools, _ := ParseDistribution(`{"name": "CategoricalDistribution", "attributes": {"choices": [true, false]}}`)
	if p := bools.Param("b"); p.Kind != Category || !reflect.DeepEqual(p.Values, []any{"true", "false"}) {
		t.Errorf("%#v", p)
	}
	if i, err := bools.Internal("false"); err != nil || i != 1 {
		t.Errorf("%v, %v", i, err)
	}
	for text, kind := range map[string]Param{
		`{"name": "LogUniformDistribution", "attributes": {"low": 0.1, "high": 1.0}}`:                  LogFloat("x", 0.1, 1),
		`{"name": "DiscreteUniformDistribution", "attributes": {"low": 0.0, "high": 1.0, "q": 0.5}}`:   {Name: "x", Kind: Real, High: 1, Step: 0.5},
		`{"name": "IntLogUniformDistribution", "attributes": {"low": 1, "high": 8, "step": 1}}`:        {Name: "x", Kind: Integer, Low: 1, High: 8, Log: true},
		`{"type": "int", "low": 1, "high": 8}`:                                                         Int("x", 1, 8),
		`{"type": "categorical", "choices": ["a"]}`:                                                    Words("x", "a"),
		`{"name": "IntDistribution", "attributes": {"log": false, "step": 2, "low": -3, "high": 1e1}}`: {Name: "x", Kind: Integer, Low: -3, High: 9, Step: 2},
	} {
		d, err := ParseDistribution(text)
		if err != nil || !reflect.DeepEqual(d.Param("x"), kind) {
			t.Errorf("%s: got %#v, %v", text, d, err)
		}
	}
}

func TestDistributionRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"name": "FloatDistribution", "attributes": {"step": 0.1, "low": 0.1, "high": 1.0, "log": true}}`: "log and step exclude each other",
		`{"name": "IntDistribution", "attributes": {"step": 2, "low": 1, "high": 8, "log": true}}`:         "log and step exclude each other",
		`{"name": "IntDistribution", "attributes": {"step": 0, "low": 1, "high": 8}}`:                      "step must be positive",
		`{"name": "FloatDistribution", "attributes": {"low": 0.0, "high": 1.0, "log": true}}`:              "positive low",
		`{"name": "FloatDistribution", "attributes": {"low": 2.0, "high": 1.0}}`:                           "low is above high",
		`{"name": "FloatDistribution", "attributes": {"low": 2.0}}`:                                        "lacks low or high",
		`{"name": "FloatDistribution", "attributes": {"low": NaN, "high": 1}}`:                             "not finite",
		`{"name": "NormalDistribution", "attributes": {}}`:                                                 `unknown class "NormalDistribution"`,
		`{"name": "CategoricalDistribution", "attributes": {"choices": []}}`:                               "no choices",
		`{"name": "CategoricalDistribution"`:                                                               "comma",
	} {
		if d, err := ParseDistribution(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v, want an error with %q", text, d, err, want)
		}
	}
	p := Int("i", 1, 8)
	p.Log, p.Step = true, 1
	if _, err := DistributionOf(p); err == nil || !strings.Contains(err.Error(), "log and step") {
		t.Errorf("a log integer with a step: %v", err)
	}
	d, _ := DistributionOf(Words("w", "a", "b"))
	for _, x := range []float64{-1, 2, math.NaN(), math.Inf(1)} {
		if v, err := d.Value(x); err == nil {
			t.Errorf("choice %v is %v", x, v)
		}
	}
	if _, err := d.Internal("c"); err == nil {
		t.Error("an unknown word has an internal value")
	}
}

func TestCompatible(t *testing.T) {
	choices := func(list string) string {
		return `{"name": "CategoricalDistribution", "attributes": {"choices": ` + list + `}}`
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{choices(`[1, "a", NaN]`), choices(`[true, "a", NaN]`), true}, // Python: 1 == True
		{choices(`[1, 2]`), choices(`[1.0, 2]`), true},
		{choices(`["null"]`), choices(`[null]`), false},
		{choices(`[1, 2]`), choices(`[2, 1]`), false},
		{`{"type": "float", "low": 0, "high": 1}`, `{"type": "float", "low": 0, "high": 9}`, true},
		{`{"type": "float", "low": 1, "high": 2}`, `{"type": "float", "low": 1, "high": 2, "log": true}`, false},
		{`{"type": "float", "low": 1, "high": 2}`, `{"type": "int", "low": 1, "high": 2}`, false},
		{`{"type": "float", "low": 1, "high": 2}`, `{"name": "UniformDistribution", "attributes": {"low": 1, "high": 2}}`, false},
	} {
		a, err := ParseDistribution(c.a)
		if err != nil {
			t.Fatal(err)
		}
		b, err := ParseDistribution(c.b)
		if err != nil {
			t.Fatal(err)
		}
		if a.Compatible(b) != c.want || b.Compatible(a) != c.want {
			t.Errorf("%s and %s: want compatible = %v", c.a, c.b, c.want)
		}
	}
}

func FuzzParseDistribution(f *testing.F) {
	f.Add(`{"name": "FloatDistribution", "attributes": {"step": 0.3, "low": 0.0, "high": 0.9, "log": false}}`)
	f.Add(`{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 9}}`)
	f.Add(`{"name": "CategoricalDistribution", "attributes": {"choices": [null, true, 1, 2.5, "null", NaN, [1], -1e999]}}`)
	f.Add(`{"type": "int", "low": 1, "high": 8}`)
	f.Add(`{"name": "DiscreteUniformDistribution", "attributes": {"low": 0.0, "high": 1.0, "q": 0.5}}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDistribution(text)
		if err != nil {
			return
		}
		again, err := ParseDistribution(d.String())
		if err != nil || again.String() != d.String() || !again.Compatible(d) {
			t.Fatalf("%s became %s, which is read as %v, %v", text, d, again, err)
		}
		for _, x := range []float64{0, 1, -1, 0.5, 1e300} {
			v, err := d.Value(x)
			if err != nil {
				continue
			}
			if _, err := d.Internal(v); err != nil {
				t.Fatalf("%s: %v is %v, which is %v", text, x, v, err)
			}
		}
		if p := d.Param("x"); p.validate() == nil {
			if _, err := DistributionOf(p); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
	})
}
