// Package suggest measures how good the samplers' suggestions are: [Measure] runs a
// method on problems whose optimum is known and says how far from it the search was
// after every trial. The benchmarks of package bench and the page bench/SEARCH.md come
// from it.
package suggest
