package ui

import (
	"fmt"
	"io"
	"sync"

	"mnisttune/nn"
	"mnisttune/search"
)

// plain prints a line a finished trial.
type plain struct {
	mu    sync.Mutex
	w     io.Writer
	tally tally
}

var _ Progress = (*plain)(nil)

func (p *plain) Event(e search.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tally.add(e)
	if e.Kind != search.Told {
		return
	}
	line := fmt.Sprintf("trial %s  %s  %s", p.tally.count(), outcome(e.Trial, p.tally.options.Metric), p.tally.bestText())
	if left, ok := p.tally.left(); ok && left > 0 {
		line += "  left " + Duration(left)
	}
	fmt.Fprintln(p.w, line)
}

func (p *plain) Epoch(int, nn.Epoch) {}

func (p *plain) Close() {}
