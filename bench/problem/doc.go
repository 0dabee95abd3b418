// Package problem has objectives whose optimum is known and whose evaluation
// costs nothing, to measure how good a sampler's suggestions are: [Named] makes
// one, [Run] searches it, [Curve] says how far from the optimum the search was
// after every trial.
//
//	name            parameters                             optimum   source
//	branin          2 real                                 0.39789   Dixon and Szegö 1978
//	sixhump         2 real                                 -1.03163  Dixon and Szegö 1978
//	hartmann3       3 real                                 -3.86278  Hartman 1973
//	hartmann6       6 real                                 -3.32237  Hartman 1973
//	rosenbrock4     4 real                                 0         Rosenbrock 1960
//	ackley5         5 real, -5 to 10: not centred          0         Ackley 1987; the range is that of Eriksson et al. 2019
//	levy5           5 real                                 0         Laguna and Martí 2005
//	michalewicz5    5 real                                 -4.68766  Michalewicz 1992
//	styblinski5     5 real                                 -195.831  Styblinski and Tang 1990
//	rosenbrock4int  4 integer                              0         rosenbrock4 on the integers
//	func2c          2 categorical (3 and 5), 2 real        -0.20633  Ru et al. 2020 (CoCaBO)
//	conditional     a network's search, 2 of 6 conditional 1         this package, see Conditional
//	descent         learning rate and momentum; fails      -1.70116  this package, see Descent
//	                where the descent diverges
//	australian, car, phoneme, vehicle                                HPOBench (Eggensperger et al. 2021): the validation
//	                batch size, layers and learning rate             accuracy of networks that were really trained, at
//	                of a network: 300 cells                          width 64, mean of five seeds
//	australian4, car4, phoneme4, vehicle4                            the same with the width: 3,000 cells
//	branin-noisy    a normal error of standard deviation 1 on every measurement
//	hartmann6-noisy the same of 0.2
//	australian-noisy, ..., vehicle4-noisy                            the accuracy of one of the five seeds, drawn anew
//	                                                                 for every measurement
//
// Regret is what a configuration's noise-free value lacks to the optimum; that
// of the tables is divided by what the median cell lacks. So 1 is as good as a
// cell drawn at random, and 0 is the best.
package problem
