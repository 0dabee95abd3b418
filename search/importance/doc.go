// Package importance says which parameters of a study decided its results.
//
//	shares, err := importance.PEDANOVA(space, search.Maximize, trials, importance.Quantiles{})
//	shares, err := importance.FANOVA(space, trials, importance.Forest{Seed: 1})
//
// PEDANOVA asks which parameters one must choose well to be among the best trials: how
// much the distribution of a parameter in the best tenth differs from that in all
// trials. It needs no model and is exact. FANOVA asks how much of the variance of the
// results over the whole space each parameter explains: a random forest learns the
// results, and its variance is taken apart. A bad region of one parameter (a learning rate
// at which nothing trains) dominates FANOVA, while PEDANOVA looks at what matters near
// the top.
//
// # Sources
//
//   - Watanabe, Bansal and Hutter 2023, PED-ANOVA: efficiently quantifying hyperparameter
//     importance in arbitrary subspaces (theorem 1). Conditional parameters count by
//     regime, the share of trials in which they take part, as in Optuna 5.
//   - Hutter, Hoos and Leyton-Brown 2014, An efficient approach for assessing
//     hyperparameter importance (algorithm 2).
//   - Breiman 2001, Random forests. Scott 1992, Multivariate density estimation: the
//     bandwidth.
package importance
