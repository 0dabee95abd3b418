package main

import (
	"fmt"
	"slices"
	"strings"

	"mnisttune/bayes"
	"mnisttune/bayes/tpe"
	"mnisttune/search"
)

// methods are what --method takes.
var methods = []struct {
	name       string
	sampler    search.Sampler
	objectives int // at most; 0: any number
}{
	{"grid", search.Grid{}, 0},
	{"random", search.Random{}, 0},
	{"sobol", search.Sobol{}, 0},
	{"halving", search.Halving{Resource: resourceName}, 1},
	{"tpe", &tpe.Sampler{}, 1},
	{"bayes", &bayes.Sampler{}, 2},
}

// methodNames lists the methods.
func methodNames() []string {
	var names []string
	for _, m := range methods {
		names = append(names, m.name)
	}
	return names
}

// samplerOf returns the sampler of a method, nil if there is none of that name.
func samplerOf(method string) search.Sampler {
	for _, m := range methods {
		if m.name == method {
			return m.sampler
		}
	}
	return nil
}

// mostObjectives returns how many objectives a method takes, 0 for any number.
func mostObjectives(method string) int {
	for _, m := range methods {
		if m.name == method {
			return m.objectives
		}
	}
	return 0
}

// methodList is methodNames as a sentence has it.
func methodList() string {
	names := methodNames()
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// checkMethods refuses names that are no methods.
func checkMethods(flag string, names ...string) error {
	for _, name := range names {
		if !slices.Contains(methodNames(), name) {
			return usage(fmt.Errorf("--%s %s: want %s", flag, name, methodList()))
		}
	}
	return nil
}
