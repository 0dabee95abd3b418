package search

import (
	"context"
	"log/slog"
	"maps"
	"slices"
)

// LogEvents returns an OptimizeOptions.OnEvent that writes events to a log: the ends of
// trials and of the search at level Info, failed and lost trials at Warn, beginnings and
// reports at Debug. The attributes are trial, params (a group), state, value or values,
// seconds, error, and step of a report and reason of the search's end.
func LogEvents(l *slog.Logger) func(Event) {
	return func(e Event) {
		level, message := slog.LevelDebug, "event"
		attrs := []slog.Attr{slog.Int("trial", e.Trial.Number)}
		switch e.Kind {
		case Asked:
			message = "trial begins"
			attrs = append(attrs, paramsGroup(e.Trial.Params))
		case Reported:
			message = "trial reports"
			attrs = append(attrs, slog.Int("step", e.Report.Step), slog.Float64("value", e.Report.Value))
		case Told:
			level, message = slog.LevelInfo, "trial ends"
			if e.Trial.State == Failed {
				level = slog.LevelWarn
			}
			attrs = append(attrs, outcomeAttrs(e.Trial)...)
		case Dropped:
			level, message = slog.LevelWarn, "another worker has the trial"
		case Ended:
			level, message = slog.LevelInfo, "search ends"
			attrs = []slog.Attr{slog.String("reason", e.Reason)}
		}
		l.LogAttrs(context.Background(), level, message, attrs...)
	}
}

// outcomeAttrs returns what is to be said of a finished trial.
func outcomeAttrs(t Trial) []slog.Attr {
	attrs := []slog.Attr{slog.String("state", t.State.String())}
	switch len(t.Values) {
	case 0:
	case 1:
		attrs = append(attrs, slog.Float64("value", t.Values[0]))
	default:
		attrs = append(attrs, slog.Any("values", t.Values))
	}
	if t.Error != "" {
		attrs = append(attrs, slog.String("error", t.Error))
	}
	return append(attrs, slog.Float64("seconds", t.Seconds), paramsGroup(t.Params))
}

// paramsGroup returns parameters as a group of attributes, in alphabetical order.
func paramsGroup(p Params) slog.Attr {
	var attrs []slog.Attr
	for _, name := range slices.Sorted(maps.Keys(p)) {
		attrs = append(attrs, slog.Any(name, p[name]))
	}
	return slog.Attr{Key: "params", Value: slog.GroupValue(attrs...)}
}
