package search

import (
	"errors"
	"time"
)

// timeLayouts are the forms of datetime.isoformat that a log may hold.
var timeLayouts = []string{
	"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999",
}

var errTime = errors.New("no time")

// parsePythonTime reads a time and rounds it down to the microsecond, in UTC.
func parsePythonTime(text string) (time.Time, error) {
	if t, ok := parseUTC(text); ok {
		return t, nil
	}
	for _, layout := range timeLayouts {
		t, err := time.ParseInLocation(layout, text, time.Local)
		if err != nil {
			continue
		}
		t = t.UTC().Truncate(time.Microsecond)
		if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
			return time.Time{}, errTime
		}
		return t, nil
	}
	return time.Time{}, errTime
}

// parseUTC reads exactly the form that is written (pythonTime), fast; ok is false
// for anything else.
func parseUTC(text string) (t time.Time, ok bool) {
	if len(text) != len(pythonTime) || text[26:] != pythonTime[26:] {
		return time.Time{}, false
	}
	for i := range 26 {
		if digit := text[i] >= '0' && text[i] <= '9'; digit != (pythonTime[i] >= '0' && pythonTime[i] <= '9') || !digit && text[i] != pythonTime[i] {
			return time.Time{}, false
		}
	}
	n := func(from, to int) (n int) {
		for _, c := range []byte(text[from:to]) {
			n = n*10 + int(c-'0')
		}
		return n
	}
	year, month, day, hour, minute, second := n(0, 4), n(5, 7), n(8, 10), n(11, 13), n(14, 16), n(17, 19)
	t = time.Date(year, time.Month(month), day, hour, minute, second, n(20, 26)*1000, time.UTC)
	good := t.Year() == year && int(t.Month()) == month && t.Day() == day && hour < 24 && minute < 60 && second < 60
	return t, good && year >= 1 && !t.IsZero()
}
