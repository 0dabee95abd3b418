package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mnisttune/nn/tune"
	"mnisttune/search"
	"mnisttune/search/spacefile"
)

// parameters returns the file's or the command line's parameters, or the default ones less
// those that a flag fixes.
func (f *searchFlags) parameters(cmd *cobra.Command) (search.Space, error) {
	flagOf := func(name string) string { return strings.ReplaceAll(name, "_", "-") }
	var space search.Space
	var err error
	switch {
	case f.spaceFile != "":
		space, err = spacefile.Load(f.spaceFile)
	case len(f.params) > 0:
		space, err = search.ParseSpace(f.params)
	case f.command.text != "" || f.manual:
		return space, errors.New("say what to search with --param or --space")
	default:
		space = tune.DefaultSpace()
		if f.method == "grid" {
			space = tune.DefaultGrid()
		}
		var kept []search.Param
		for _, p := range space.Params() {
			if !cmd.Flags().Changed(flagOf(p.Name)) {
				kept = append(kept, p)
			}
		}
		if len(kept) == 0 {
			return space, errors.New("every parameter of the default space is fixed by a flag: say what to search with --param")
		}
		return search.NewSpace(kept...)
	}
	if err != nil {
		return space, err
	}
	for _, p := range space.Params() {
		if flag := flagOf(p.Name); cmd.Flags().Lookup(flag) != nil && cmd.Flags().Changed(flag) {
			return space, fmt.Errorf("%s is searched and also fixed by --%s: leave one out", p.Name, flag)
		}
	}
	return space, nil
}

// spaceFor returns the space of the study: of one that is there its own, which the
// command line may repeat but not change.
func (f *searchFlags) spaceFor(cmd *cobra.Command, p *plan) (search.Space, error) {
	given := f.spaceFile != "" || len(f.params) > 0
	switch {
	case p.known && given:
		again := *f
		again.method = p.settings.Method
		space, err := again.space(cmd)
		if err == nil && fmt.Sprint(space.Params()) != fmt.Sprint(p.constants.Space.Params()) {
			err = fmt.Errorf("study %q has another space (%v): leave --param and --space out to go on with it", p.place.name, p.constants.Space.Params())
		}
		return space, err
	case p.known:
		return p.constants.Space, nil
	case p.place.record != nil && !given:
		return foreignSpace(p.place.record)
	}
	return f.space(cmd)
}

// foreignSpace returns the space of another program's study: every parameter that one of
// its trials has, as the last trial with it has it.
func foreignSpace(record *search.StudyRecord) (search.Space, error) {
	var params []search.Param
	for _, name := range parameterNames(record) {
		for i := len(record.Trials) - 1; i >= 0; i-- {
			if d := record.Trials[i].Distribution(name); d != nil {
				params = append(params, d.Param(name))
				break
			}
		}
	}
	if len(params) == 0 {
		return search.Space{}, fmt.Errorf("study %q has no trials that show its space: say what to search with --param", record.Name)
	}
	return search.NewSpace(params...)
}
