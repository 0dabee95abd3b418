// Package nntest checks that a backend of package nn does what [nn.Backend] and
// [nn.Program] promise. Every backend runs it, in this module and elsewhere, on the
// machine that has what it needs:
//
//	func TestConformance(t *testing.T) { nntest.Backend(t, "native", nntest.Options{}) }
//
// [Backend] runs one subtest for each part of the contract; what the part is stands in
// the comment of the function that checks it. The numbers of a step are held against two
// oracles that share no code with any backend: plain loops in float64 (reference.go) and
// the first steps of trainings in PyTorch (testdata). The tests of this package run the
// same checks against backends that are wrong on purpose, so each is known to fail.
//
// A suite takes some 400 steps of small networks and builds some 150 of them.
package nntest
