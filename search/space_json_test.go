package search

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestSpaceJSON(t *testing.T) {
	space, err := ParseSpace([]string{
		"learning_rate=1e-05..0.1:log:n=4", "num_layers=1..3", "width=8..64:step=8:when=num_layers>=2", "dropout=0.0..0.5:step=0.1",
		"batch_size=128,32", "gain=1.0,2.5,1e+21", "optimizer=sgd,adam", "momentum=0.5..0.99:when=optimizer==sgd", "decay=1.0..2.0:when=gain!=1.0",
	})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(space)
	if err != nil {
		t.Fatal(err)
	}
	var got Space
	if err := json.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got, space) {
		t.Errorf("%s\nis read as %+v, %v, want %+v", data, got, err, space)
	}
	for _, part := range []string{
		`{"name":"learning_rate","kind":"real","low":0.00001,"high":0.1,"log":true,"grid_points":4}`,
		`{"name":"width","kind":"integer","low":8,"high":64,"step":8,"when":{"param":"num_layers","op":"\u003e=","value":2}}`,
		`{"name":"gain","kind":"choice","values":[1.0,2.5,1e+21]}`, `{"name":"batch_size","kind":"choice","values":[128,32]}`,
	} {
		if !strings.Contains(string(data), part) {
			t.Errorf("%s lacks %s", data, part)
		}
	}
}

func TestSpaceJSONRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`[{"name":"a","kind":"real","low":0,"high":1,"prior":"normal"}]`:                            `unknown field "prior"`,
		`[{"name":"a","kind":"real","low":0}]`:                                                      "low and high",
		`[{"name":"a","kind":"choice","values":[1],"low":0,"high":1}]`:                              "low and high",
		`[{"name":"a","kind":"vector"}]`:                                                            `unknown kind "vector"`,
		`[{"name":"a","kind":"choice","values":[true]}]`:                                            "neither a number nor a word",
		`[{"name":"a","kind":"real","low":1,"high":0}]`:                                             "low is above high",
		`[{"name":"a","kind":"integer","low":1,"high":2,"when":{"param":"b","op":"==","value":1}}]`: "not declared before",
		`[{"name":"a","kind":"integer","low":1,"high":2},{"name":"b","kind":"integer","low":1,"high":2,"when":{"param":"a","op":"~","value":1}}]`: "unknown comparison",
	} {
		var s Space
		if err := json.Unmarshal([]byte(text), &s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, want)
		}
	}
	if _, err := json.Marshal(Param{Name: "a"}); err == nil {
		t.Error("a parameter without a kind was written")
	}
}

func FuzzSpaceJSON(f *testing.F) {
	f.Add(`[{"name":"a","kind":"choice","values":[1.0,2]},{"name":"b","kind":"integer","low":1,"high":9,"step":2,"when":{"param":"a","op":">=","value":2.0}}]`)
	f.Add(`[{"name":"w","kind":"category","values":["x","y"]},{"name":"r","kind":"real","low":1e-5,"high":1,"log":true,"grid_points":3,"when":{"param":"w","op":"==","value":"x"}}]`)
	f.Fuzz(func(t *testing.T, text string) {
		var s, again Space
		if json.Unmarshal([]byte(text), &s) != nil {
			return
		}
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if err := json.Unmarshal(data, &again); err != nil || !reflect.DeepEqual(again, s) {
			t.Fatalf("%s became %s: %v", text, data, err)
		}
	})
}
