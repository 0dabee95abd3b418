package search

import (
	"encoding/json"
	"math"
	"testing"
)

func TestScores(t *testing.T) {
	trial := func(text string) Trial {
		return Trial{Attrs: map[string]json.RawMessage{AttrScores: json.RawMessage(text)}}
	}
	if v, ok := trial("[1, 2, 4]").NoiseVariance(); !ok || math.Abs(v-7.0/9) > 1e-15 { // 7/3 by 3
		t.Errorf("variance %v, %v", v, ok)
	}
	for _, text := range []string{"[1]", "[]", "[1, null]", "[1, NaN]", `["1", "2"]`, "{}", "[1e308, -1e308]"} {
		if v, ok := trial(text).NoiseVariance(); ok {
			t.Errorf("%s: variance %v", text, v)
		}
	}
	if s := (Trial{}).Scores(); s != nil {
		t.Errorf("a trial without scores has %v", s)
	}
}
