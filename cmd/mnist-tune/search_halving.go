package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"mnisttune/bayes"
	"mnisttune/search"
)

// resourceName is the parameter that halving gives more of to better trials.
const resourceName = "epochs"

// space returns what is searched: with halving, the epochs of a training as well, from 1
// to --epochs unless the parameters say otherwise. A command has a parameter of that name.
func (f *searchFlags) space(cmd *cobra.Command) (search.Space, error) {
	space, err := f.parameters(cmd)
	halving, ok := samplerFor(f.method, f.command.resource).(search.Halving)
	if err != nil || !ok {
		return space, err
	}
	if f.command.text == "" && !f.manual {
		epochs, err := cmd.Flags().GetInt(resourceName)
		if err != nil {
			return space, err
		}
		if space, err = withResource(space, epochs); err != nil {
			return space, err
		}
	}
	return space, halving.Validate(space)
}

// samplerFor returns the sampler of a method; halving gives more of the resource to better
// trials.
func samplerFor(method, resource string) search.Sampler {
	sampler := samplerOf(method)
	if halving, ok := sampler.(search.Halving); ok && resource != "" {
		halving.Resource = resource
		return halving
	}
	return sampler
}

// sampler returns the study's sampler.
func (s searchSettings) sampler() search.Sampler {
	sampler := samplerFor(s.Method, s.Resource)
	if s.Stop == stopAuto {
		return &bayes.Stopping{Sampler: sampler}
	}
	return sampler
}

// withResource returns the space with a last parameter epochs=1..E:log, if it has none of
// that name.
func withResource(space search.Space, epochs int) (search.Space, error) {
	if _, ok := space.Param(resourceName); ok {
		return space, nil
	}
	if epochs < 1 {
		return space, fmt.Errorf("--%s must be 1 or more (got %d)", resourceName, epochs)
	}
	resource := search.Int(resourceName, 1, epochs)
	resource.Log = true
	return search.NewSpace(append(space.Params(), resource)...)
}
