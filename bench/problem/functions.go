package problem

import (
	"fmt"
	"math"

	"mnisttune/search"
)

// spaceOf makes a space of parameters that this package declares.
func spaceOf(params ...search.Param) search.Space {
	s, err := search.NewSpace(params...)
	if err != nil {
		panic(err) // a mistake in this package
	}
	return s
}

// point returns the numbers x1, x2, ... of a configuration.
func point(c search.Params) []float64 {
	x := make([]float64, len(c))
	for i := range x {
		x[i], _ = c.Float(fmt.Sprint("x", i+1))
	}
	return x
}

// closed makes a problem of a function to be minimised. Its parameters are x1, x2,
// ... between low[i] and high[i]; best is its minimum and at where that is.
func closed(name string, f func(x []float64) float64, low, high []float64, best float64, at ...[]float64) Problem {
	params := make([]search.Param, len(low))
	for i := range low {
		params[i] = search.Float(fmt.Sprint("x", i+1), low[i], high[i])
	}
	p := Problem{
		Name: name, Space: spaceOf(params...), Direction: search.Minimize, Best: best, Scale: 1,
		Value: func(c search.Params) float64 { return f(point(c)) },
	}
	for _, x := range at {
		c := search.Params{}
		for i, v := range x {
			c[params[i].Name] = v
		}
		p.Optima = append(p.Optima, c)
	}
	return p
}

// all returns a vector of n equal numbers.
func all(n int, value float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = value
	}
	return x
}

// Branin is Branin's function on [-5, 10] x [0, 15], with three minima of the value
// 5/(4 pi). It counts as solved at 0.3985.
func Branin() Problem {
	best := 5 / (4 * math.Pi)
	p := closed("branin", func(x []float64) float64 {
		t := x[1] - 5.1/(4*math.Pi*math.Pi)*x[0]*x[0] + 5/math.Pi*x[0] - 6
		return t*t + 10*(1-1/(8*math.Pi))*math.Cos(x[0]) + 10
	}, []float64{-5, 0}, []float64{10, 15}, best,
		[]float64{-math.Pi, 12.275}, []float64{math.Pi, 2.275}, []float64{3 * math.Pi, 2.475})
	p.Target = 0.3985 - best
	return p
}

// sixHump is the six-hump camel function.
func sixHump(x, y float64) float64 {
	return (4-2.1*x*x+x*x*x*x/3)*x*x + x*y + (-4+4*y*y)*y*y
}

// SixHump is the six-hump camel function on [-3, 3] x [-2, 2].
func SixHump() Problem {
	x, y := 0.08984201310031806, -0.71265640302073963
	return closed("sixhump", func(x []float64) float64 { return sixHump(x[0], x[1]) },
		[]float64{-3, -2}, []float64{3, 2}, -1.0316284534898774, []float64{x, y}, []float64{-x, -y})
}

// hartmann returns -sum_i c_i exp(-sum_j a_ij (x_j - p_ij)^2), p in units of 1e-4.
func hartmann(a, p [4][]float64) func(x []float64) float64 {
	return func(x []float64) float64 {
		sum := 0.0
		for i, c := range [4]float64{1, 1.2, 3, 3.2} {
			e := 0.0
			for j, v := range x {
				d := v - 1e-4*p[i][j]
				e += a[i][j] * d * d
			}
			sum -= c * math.Exp(-e)
		}
		return sum
	}
}

// Hartmann3 is Hartman's function of three variables on the unit cube.
func Hartmann3() Problem {
	f := hartmann([4][]float64{{3, 10, 30}, {0.1, 10, 35}, {3, 10, 30}, {0.1, 10, 35}},
		[4][]float64{{3689, 1170, 2673}, {4699, 4387, 7470}, {1091, 8732, 5547}, {381, 5743, 8828}})
	return closed("hartmann3", f, all(3, 0), all(3, 1), -3.8627797873326625,
		[]float64{0.11458887665506897, 0.55564889461693004, 0.85254698468667744})
}

// Hartmann6 is Hartman's function of six variables on the unit cube. Its second
// minimum is at -3.2032; it counts as solved 0.05 above the first.
func Hartmann6() Problem {
	f := hartmann([4][]float64{{10, 3, 17, 3.5, 1.7, 8}, {.05, 10, 17, .1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, .05, 10, .1, 14}},
		[4][]float64{{1312, 1696, 5569, 124, 8283, 5886}, {2329, 4135, 8307, 3736, 1004, 9991}, {2348, 1451, 3522, 2883, 3047, 6650}, {4047, 8828, 8732, 5743, 1091, 381}})
	p := closed("hartmann6", f, all(6, 0), all(6, 1), -3.322368011415515,
		[]float64{0.20168951100670542, 0.15001069182345797, 0.47687397422189699, 0.27533243049405607, 0.31165161660011324, 0.65730053406562031})
	p.Target = 0.05
	return p
}

// rosenbrock is Rosenbrock's valley.
func rosenbrock(x []float64) float64 {
	sum := 0.0
	for i := range len(x) - 1 {
		a, b := x[i+1]-x[i]*x[i], 1-x[i]
		sum += 100*a*a + b*b
	}
	return sum
}

// Rosenbrock4 is Rosenbrock's valley of four variables on [-5, 10].
func Rosenbrock4() Problem {
	return closed("rosenbrock4", rosenbrock, all(4, -5), all(4, 10), 0, all(4, 1))
}

// Ackley5 is Ackley's function of five variables on [-5, 10]: a search that begins
// in the middle of the space does not begin at the minimum.
func Ackley5() Problem {
	return closed("ackley5", func(x []float64) float64 {
		squares, waves, n := 0.0, 0.0, float64(len(x))
		for _, v := range x {
			squares, waves = squares+v*v, waves+math.Cos(2*math.Pi*v)
		}
		return -20*math.Exp(-0.2*math.Sqrt(squares/n)) - math.Exp(waves/n) + 20 + math.E
	}, all(5, -5), all(5, 10), 0, all(5, 0))
}

// Levy5 is Levy's function of five variables on [-10, 10].
func Levy5() Problem {
	return closed("levy5", func(x []float64) float64 {
		w := func(i int) float64 { return 1 + (x[i]-1)/4 }
		square := func(v float64) float64 { return v * v }
		last := len(x) - 1
		sum := square(math.Sin(math.Pi*w(0))) + square(w(last)-1)*(1+square(math.Sin(2*math.Pi*w(last))))
		for i := range last {
			sum += square(w(i)-1) * (1 + 10*square(math.Sin(math.Pi*w(i)+1)))
		}
		return sum
	}, all(5, -10), all(5, 10), 0, all(5, 1))
}

// Michalewicz5 is Michalewicz's function of five variables, steepness 10, on
// [0, pi].
func Michalewicz5() Problem {
	return closed("michalewicz5", func(x []float64) float64 {
		sum := 0.0
		for i, v := range x {
			sum -= math.Sin(v) * math.Pow(math.Sin(float64(i+1)*v*v/math.Pi), 20)
		}
		return sum
	}, all(5, 0), all(5, math.Pi), -4.6876581790881463,
		[]float64{2.2029055201726093, math.Pi / 2, 1.2849915705529244, 1.9230584698663628, 1.7204697725658413})
}

// Styblinski5 is the Styblinski-Tang function of five variables on [-5, 5].
func Styblinski5() Problem {
	return closed("styblinski5", func(x []float64) float64 {
		sum := 0.0
		for _, v := range x {
			sum += (v*v*v*v - 16*v*v + 5*v) / 2
		}
		return sum
	}, all(5, -5), all(5, 5), 5*-39.16616570377142, all(5, -2.903534027771177))
}
