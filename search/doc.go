// Package search finds good parameters for anything that can be scored: a
// neural network, a compiler flag set, a shell command.
//
// A [Space] says which parameters there are. A [Sampler] proposes values for
// them, a [Study] keeps the trials and hands them out (Ask, Report, Tell), and
// [Optimize] is a loop over Ask and Tell for objectives that are Go functions;
// [OptimizeStruct] does all of this for a function of a struct.
//
// Every random draw comes from (study seed, trial number), so the same seed
// gives the same trials whatever the number of workers and whichever of them
// finishes first.
//
// Samplers, pruners and journals of one's own are held against their contracts by
// package searchtest.
//
// Beside its own parts the package imports only the standard library.
package search
