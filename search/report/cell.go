package report

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"mnisttune/search"
)

// numeral writes a float64 so that it is read again to the last bit and as no integer.
func numeral(x float64) string {
	switch {
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	}
	out := strconv.FormatFloat(x, 'g', -1, 64)
	if !strings.ContainsAny(out, ".e") {
		out += ".0"
	}
	return out
}

// plain writes a cell as CSV has it; an absent one is empty.
func plain(cell any) string {
	switch x := cell.(type) {
	case int:
		return strconv.Itoa(x)
	case float64:
		return numeral(x)
	case string:
		return x
	case search.Params:
		return string(appendJSON(nil, x))
	}
	return ""
}

// appendJSON writes a cell as JSON has it; what JSON cannot hold is null.
func appendJSON(b []byte, cell any) []byte {
	switch x := cell.(type) {
	case int:
		return strconv.AppendInt(b, int64(x), 10)
	case float64:
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			return append(b, numeral(x)...)
		}
	case string:
		return append(b, quote(x)...)
	case search.Params:
		b = append(b, '{')
		for i, name := range slices.Sorted(maps.Keys(x)) {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(append(b, quote(name)...), ": "...)
			b = appendJSON(b, param(x[name]))
		}
		return append(b, '}')
	}
	return append(b, "null"...)
}

// quote returns a text as JSON; < and & stay as they are.
func quote(text string) []byte {
	var out bytes.Buffer
	w := json.NewEncoder(&out)
	w.SetEscapeHTML(false)
	if w.Encode(text) != nil { // never: every string has a JSON form
		return []byte("null")
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
