package compare

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mnisttune/search"
)

// Method is a way of searching.
type Method struct {
	Name    string // not empty, and no other method's
	Sampler search.Sampler
	// Space, unless it has no parameters, is searched in place of the Config's. A grid
	// needs it where the values that it is to try are not those of the space's ranges.
	Space search.Space
}

// Config says what is compared. Space, Methods and Objective must be given.
type Config struct {
	Space     search.Space
	Direction search.Direction // default Minimize
	Methods   []Method
	// Reference is the name of the method that the others are held against. Default: the
	// first.
	Reference string
	// Objective returns what the studies of a seed search. It is called once a study;
	// what it returns is called by one goroutine at a time.
	Objective func(seed uint64) search.Objective
	Trials    int    // of a study; default 30
	Seeds     int    // studies of a method; default 10
	FirstSeed uint64 // the studies' seeds are FirstSeed, FirstSeed+1, ...
	// Lag is what it is in search.StudyOptions: how many trials at a time the methods are
	// compared for. Default 1.
	Lag    int
	Pruner search.Pruner // default: none
	Jobs   int           // studies at a time; default 1

	// Score judges a recommended trial with a fresh seed, for instance by a training that
	// is measured on data which no search has seen. It begins when all studies are done.
	// An error or a value that is not finite is noted and counts nowhere, unless ctx is
	// done. Calls come from up to Jobs goroutines. Nil: nothing is scored.
	Score func(ctx context.Context, t search.Trial, seed uint64) (float64, error)
	// Retrain is how many fresh seeds a recommended trial is scored with, see FreshSeed.
	// Default 3.
	Retrain int

	// Keep says where the study of a method and of the seed o.Seed is kept, by setting
	// o.Journal and what belongs to it; it may give the study another name (the method's)
	// and attributes, and must leave what makes it (space, directions, sampler, seed, lag)
	// as it is. Trials and scores that are there are taken as this objective's. done,
	// unless nil, is called when the study's trials are done. Calls come from up to Jobs
	// goroutines. Nil: studies are kept in memory.
	Keep func(ctx context.Context, method string, o *search.StudyOptions) (done func() error, err error)
	// OnProgress, if set, is told what is done, one thing at a time.
	OnProgress func(Progress)
	// Clock tells the time that seconds are measured with. Default time.Now.
	Clock func() time.Time
}

// Progress is a study that is finished or, with Scored, whose recommended trial is
// scored.
type Progress struct {
	Method      string
	Study       Study
	Scored      bool
	Done, Total int // studies that are finished (scored) and those that will be
}

// maxSeeds is how many study seeds there may be before FreshSeed meets them.
const maxSeeds = 1_000_000_000

// FreshSeed returns the k-th seed, k from 0, that the recommended trial of a study is
// scored with: the study's seed plus k+1 thousand millions. All methods get the same, and
// no study has it (there are at most a thousand million studies of a method).
func FreshSeed(study uint64, k int) uint64 { return study + uint64(k+1)*maxSeeds }

// complete returns the configuration with its defaults, or what is wrong with it.
func (c Config) complete() (Config, error) {
	for _, d := range []struct {
		field *int
		value int
	}{{&c.Trials, 30}, {&c.Seeds, 10}, {&c.Lag, 1}, {&c.Jobs, 1}, {&c.Retrain, 3}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if c.Direction == 0 {
		c.Direction = search.Minimize
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Reference == "" && len(c.Methods) > 0 {
		c.Reference = c.Methods[0].Name
	}
	return c, c.check()
}

// check returns everything that is wrong with a completed configuration.
func (c *Config) check() error {
	var errs []error
	if c.Objective == nil {
		errs = append(errs, errors.New("compare: there is no objective"))
	}
	if c.Trials < 0 || c.Seeds < 0 || c.Seeds > maxSeeds || c.Lag < 0 || c.Jobs < 0 || c.Retrain < 0 {
		errs = append(errs, fmt.Errorf("compare: trials, seeds, lag, jobs and retrain must be positive, seeds at most %d (got %d, %d, %d, %d, %d)",
			maxSeeds, c.Trials, c.Seeds, c.Lag, c.Jobs, c.Retrain))
	}
	if len(c.Methods) == 0 {
		errs = append(errs, errors.New("compare: there are no methods"))
	}
	names := make(map[string]bool)
	for i, m := range c.Methods {
		checked, ok := m.Sampler.(interface{ Validate(search.Space) error })
		switch {
		case m.Name == "":
			errs = append(errs, fmt.Errorf("compare: method %d has no name", i))
		case names[m.Name]:
			errs = append(errs, fmt.Errorf("compare: there are two methods %q", m.Name))
		case m.Sampler == nil:
			errs = append(errs, fmt.Errorf("compare: method %q has no sampler", m.Name))
		case c.spaceOf(m).Len() == 0:
			errs = append(errs, fmt.Errorf("compare: the space of method %q has no parameters", m.Name))
		case ok:
			errs = append(errs, checked.Validate(c.spaceOf(m)))
		}
		names[m.Name] = true
	}
	if len(c.Methods) > 0 && !names[c.Reference] {
		errs = append(errs, fmt.Errorf("compare: the reference %q is none of the methods", c.Reference))
	}
	return errors.Join(errs...)
}

// spaceOf returns what a method searches.
func (c *Config) spaceOf(m Method) search.Space {
	if m.Space.Len() > 0 {
		return m.Space
	}
	return c.Space
}
