package main

import (
	"fmt"
	"slices"
	"strings"

	"mnisttune/bayes"
	"mnisttune/search"
)

// methods are what --method takes.
var methods = []struct {
	name    string
	sampler search.Sampler
}{
	{"grid", search.Grid{}},
	{"random", search.Random{}},
	{"sobol", search.Sobol{}},
	{"halving", search.Halving{Resource: resourceName}},
	{"bayes", &bayes.Sampler{}},
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
