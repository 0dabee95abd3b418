package ui

import (
	"fmt"
	"io"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"mnisttune/nn"
	"mnisttune/search"
)

// live draws a bar for the study and one for each running trial; finished trials
// scroll by above them.
type live struct {
	mu    sync.Mutex
	tally tally
	bars  *mpb.Progress
	study *mpb.Bar
	trial map[int]*trialBar
}

// trialBar is the bar of a running trial.
type trialBar struct {
	bar   *mpb.Bar
	value string // the metric after the last epoch
}

var _ Progress = (*live)(nil)

func newLive(w io.Writer, t tally) *live {
	l := &live{tally: t, trial: make(map[int]*trialBar)}
	l.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(32), mpb.WithAutoRefresh())
	l.study = l.bars.AddBar(int64(max(t.options.Trials, 1)),
		mpb.BarPriority(1<<30), // below the trials
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return l.studyText() })),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return l.leftText() })))
	l.study.SetCurrent(int64(t.done))
	return l
}

func (l *live) studyText() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf("trials %s, %d running  %s ", l.tally.count(), l.tally.running, l.tally.bestText())
}

func (l *live) leftText() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	elapsed := Duration(l.tally.options.Clock().Sub(l.tally.start))
	if left, ok := l.tally.left(); ok {
		return fmt.Sprintf(" %s, left %s", elapsed, Duration(left))
	}
	return " " + elapsed
}

// Event draws outside the lock: drawing calls the decorators, which take it.
func (l *live) Event(e search.Event) {
	if e.Kind == search.Ended {
		return
	}
	l.mu.Lock()
	l.tally.add(e)
	t := l.trial[e.Trial.Number]
	delete(l.trial, e.Trial.Number)
	if e.Kind == search.Reported {
		l.trial[e.Trial.Number] = t
	}
	l.mu.Unlock()
	if t != nil && e.Kind != search.Reported {
		t.bar.Abort(true)
	}
	switch e.Kind {
	case search.Asked:
		l.begin(e.Trial)
	case search.Told:
		fmt.Fprintln(l.bars, outcome(e.Trial, l.tally.options.Metric))
		l.study.Increment()
	}
}

func (l *live) begin(trial search.Trial) {
	t := &trialBar{}
	number, params := trial.Number, ShortParams(trial.Params)
	bar := l.bars.AddBar(int64(l.tally.options.Epochs),
		mpb.BarPriority(number),
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(func(s decor.Statistics) string {
			return fmt.Sprintf("#%-3d epoch %*d/%d ", number, len(fmt.Sprint(s.Total)), s.Current, s.Total)
		})),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			l.mu.Lock()
			defer l.mu.Unlock()
			return fmt.Sprintf(" %s %s", t.value, params)
		})))
	l.mu.Lock()
	t.bar = bar
	l.trial[number] = t
	l.mu.Unlock()
}

func (l *live) Epoch(trial int, e nn.Epoch) {
	value, _ := e.Metric(l.tally.options.Metric)
	l.mu.Lock()
	t := l.trial[trial]
	if t != nil {
		t.value = fmt.Sprintf("%.4f", value)
	}
	l.mu.Unlock()
	if t != nil {
		t.bar.SetCurrent(int64(e.Number))
	}
}

// Close removes the bars that are left, of a search that was cut short.
func (l *live) Close() {
	l.mu.Lock()
	left := make([]*mpb.Bar, 0, len(l.trial))
	for _, t := range l.trial {
		left = append(left, t.bar)
	}
	l.mu.Unlock()
	for _, bar := range left {
		bar.Abort(true)
	}
	l.study.Abort(false)
	l.bars.Wait()
}
