// Package bench measures how fast networks train: [Measure] is what the binary's
// bench command prints, and the benchmarks of this package report the same
// figures to go test -bench, under names of the form key=value that benchstat
// understands.
//
// A figure covers all that a training does: the shuffled order, gathering the
// rows, forward and backward pass, the update, and the short last batch.
package bench
