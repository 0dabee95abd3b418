package search

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func TestParsePartial(t *testing.T) {
	s := mixedSpace(t)
	for text, want := range map[string]any{
		"rate=0.001 size=64 rule=adam": Params{"rate": 0.001, "size": 64, "rule": "adam"},
		"rate=1,rule=sgd, speed=5e-1":  Params{"rate": 1.0, "rule": "sgd", "speed": 0.5},
		"size=64.0":                    Params{"size": 64},
		"":                             Params{},
		"rate 0.1":                     `"rate": want NAME=VALUE, separated by spaces or commas`,
		"rate=":                        `parameter "rate": "" is no finite number`,
		"rate=fast":                    `parameter "rate": "fast" is no finite number`,
		"rate=0.5 rate=0.6":            `parameter "rate" is given twice`,
		"depth=3":                      `unknown parameter "depth" (have: rate, size, rule, speed)`,
		"rule=adam speed=0.6":          `parameter "speed" is given, but its condition rule==sgd does not hold`,
	} {
		got, err := s.ParsePartial(text)
		if wanted, fails := want.(string); fails {
			if err == nil || !strings.Contains(err.Error(), wanted) {
				t.Errorf("%q: %v, %v; want %q", text, got, err, wanted)
			}
		} else if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	// Conditions on conditions: what follows from a parameter that is ruled out is too.
	chain := mustSpace(t, "a=x,y", "b=1..3:when=a=x", "c=1..3:when=b>=2")
	for text, ok := range map[string]bool{"c=1": true, "a=x c=1": true, "a=y c=1": false, "b=1 c=1": false, "a=x b=2 c=1": true} {
		if _, err := chain.ParsePartial(text); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Whatever is accepted can be completed, and is read back from what a log keeps of it.
func FuzzParsePartial(f *testing.F) {
	for _, text := range []string{"rate=0.001 size=64 rule=adam", "speed=0.75,rule=sgd", "rate=1e309", "size=\x00", "a==b", "rule=adam speed=0.6"} {
		f.Add(text)
	}
	space := mixedSpace(f)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := space.ParsePartial(text)
		if err != nil {
			return
		}
		whole := space.fill(p, nil, rand.New(rand.NewPCG(1, 2)))
		if _, err := space.Check(whole); err != nil {
			t.Errorf("%v was completed to %v: %v", p, whole, err)
		}
		r := TrialRecord{SystemAttrs: rawAttrs(t, nil)}
		r.SystemAttrs[FixedParamsKey] = space.partialJSON(p)
		if back, err := r.FixedParams(); err != nil || !reflect.DeepEqual(back, p) {
			t.Errorf("%v was read back as %v, %v", p, back, err)
		}
	})
}
