package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"mnisttune/search"
)

// headings returns what stands above the columns in a text: param_x is x, mean_test_score
// is mean, split0_test_score is split0, mean_fit_time is fit_time. Where that would make
// two columns the same they keep their names.
func headings(columns []string) []string {
	out := make([]string, len(columns))
	count := make(map[string]int)
	for i, name := range columns {
		short := name
		if param, ok := strings.CutPrefix(name, paramPrefix); ok {
			short = param
		} else if name == "mean_fit_time" || name == "mean_score_time" {
			short = strings.TrimPrefix(name, "mean_")
		} else {
			short = strings.TrimSuffix(name, "_test_score")
		}
		out[i] = short
		count[short]++
	}
	for i, name := range columns {
		if count[out[i]] > 1 {
			out[i] = name
		}
	}
	return out
}

// texts returns the cells of a column for people, and whether they are numbers.
func (t *Table) texts(column int) (out []string, numeric bool) {
	var floats []float64
	numeric = true
	for _, row := range t.Rows {
		switch x := row[column].(type) {
		case float64:
			floats = append(floats, x)
		case string, search.Params:
			numeric = false
		}
	}
	format := "%.4g"
	if !strings.HasPrefix(t.Columns[column], paramPrefix) {
		format = formatFor(floats)
	}
	for _, row := range t.Rows {
		out = append(out, shown(row[column], format))
	}
	return out, numeric
}

// formatFor returns one format for the floats of a column: about five digits, with the
// points below each other if all are of ordinary size.
func formatFor(floats []float64) string {
	smallest, largest := math.Inf(1), 0.0
	for _, x := range floats {
		if x = math.Abs(x); x > 0 && !math.IsInf(x, 0) {
			smallest, largest = min(smallest, x), max(largest, x)
		}
	}
	if smallest < 0.001 || largest >= 1e8 {
		return "%.4g"
	}
	return fmt.Sprintf("%%.%df", max(0, 4-int(math.Log10(max(largest, 1)))))
}

// shown writes a cell in one line.
func shown(cell any, format string) string {
	switch x := cell.(type) {
	case int:
		return strconv.Itoa(x)
	case float64:
		if math.IsInf(x, 0) {
			return numeral(x)
		}
		return fmt.Sprintf(format, x)
	case string:
		return oneLine(x)
	case search.Params:
		if len(x) > 0 {
			return oneLine(x.String())
		}
	}
	return "-"
}

// oneLine replaces what would break a line or move a terminal's cursor.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.TrimSpace(text))
}

// pad brings a text to a width, numbers to the right.
func pad(text string, width int, right bool) string {
	fill := strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
	if right {
		return fill + text
	}
	return text + fill
}

// widest returns the width of the widest text.
func widest(texts []string) int {
	width := 0
	for _, text := range texts {
		width = max(width, utf8.RuneCountInString(text))
	}
	return width
}
