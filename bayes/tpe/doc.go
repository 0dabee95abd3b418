// Package tpe proposes trials by a tree-structured Parzen estimator: the trials so far
// are divided into good ones and the rest, a density is laid about each, and the
// configuration that is most probable among the good ones relative to the rest comes
// next.
//
// # Notation
//
//	symbol, name   shape     meaning
//	Len                      parameters of the space
//	K                        kernels of a density: one a trial, and the prior
//	u              [Len]     a point of the unit cube, what search.Space decodes
//	l, g                     densities of the good trials and of the rest
//	weights        [K]       of the kernels, sum 1
//
// # The way of a suggestion
//
// The first trials are spread evenly (start.go). Then split.go ranks the finished trials
// (complete ones by their value, pruned ones behind them, infeasible and failed ones
// last) and takes a fifth of them, at most 25, as good; pending trials are among the
// rest, so that workers keep apart. parzen.go lays kernels about both parts, a product
// over the parameters (kernel.go): Gaussians cut off at the ends of the range, on the
// parameter's scale and integrated over the cells of integers and ordered choices, and
// for words the trial's own word and a little of every other. The weights of the good
// trials are their improvements. suggest.go draws 64 configurations from l and takes the
// one of the largest l/g. A configuration that has been proposed is never proposed again.
//
// On a space with conditions a kernel says parameter by parameter how a configuration
// comes about, so that it is a distribution over all of them, and branches inform each
// other about the parameters that they share.
//
// # Sources
//
//   - Bergstra, Bardenet, Bengio and Kégl 2011, Algorithms for hyper-parameter
//     optimization: the estimator, and that the expected improvement rises with l/g.
//   - Watanabe 2023, Tree-structured Parzen estimator: understanding its algorithm
//     components: weights, bandwidths and multivariate kernels held against each other.
//   - Bergstra, Yamins and Cox 2013 (Hyperopt), and Akiba et al. 2019 (Optuna).
//
// # How good it is
//
// Mean regret after 15, 30 and 50 trials over 20 seeds, and the standard error of Optuna's:
// of the HPOBench tables normalised, (best - found) / (best - median); of the functions
// found - minimum. Optuna is 5.0.0 with TPESampler(multivariate=True). bench/SEARCH.md has
// more problems and tools.
//
//	             this package            Optuna's TPE
//	branin       2.86   .55    .14       2.73 +- .67    .50 +- .14    .14 +- .03
//	hartmann6    1.78   .92    .45       1.86 +- .14    .90 +- .10    .40 +- .05
//	australian   .060   .048   .023      .125 +- .015   .063 +- .012  .032 +- .009
//	car          .0035  .0017  .0002     .0136 +- .0025 .0093 +- .0022 .0006 +- .0003
//	phoneme      .038   .005   .0001     .043 +- .013   .010 +- .004  .002 +- .001
//	vehicle      .031   .012   .007      .045 +- .004   .026 +- .003  .015 +- .003
//
// A suggestion takes about 1 ms with 50 trials.
package tpe
