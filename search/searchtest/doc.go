// Package searchtest checks that samplers, pruners and journals keep the contracts of
// package search. Every implementation runs it, in this module and elsewhere:
//
//	func TestConformance(t *testing.T) { searchtest.Sampler(t, mine.Sampler{}) }
//
// [Sampler], [Pruner] and [Journal] run one subtest for each part of the contract; what
// the part is stands in the comment of the function that checks it. A subtest that fails
// names the space, the history and the trial. The tests of this package run the same
// checks against implementations that are wrong on purpose, so each is known to fail.
//
// The suite of a sampler makes some 700 proposals, with -short some 500. Under the race
// detector (go test -race) it also finds memory that concurrent calls share.
package searchtest
