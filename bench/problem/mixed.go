package problem

import (
	"math"

	"mnisttune/search"
)

// Rosenbrock4Int is Rosenbrock's valley on the integers from -5 to 10: 65,536
// configurations.
func Rosenbrock4Int() Problem {
	p := Rosenbrock4()
	p.Name = "rosenbrock4int"
	p.Space = spaceOf(search.Int("x1", -5, 10), search.Int("x2", -5, 10), search.Int("x3", -5, 10), search.Int("x4", -5, 10))
	p.Optima = []search.Params{{"x1": 1, "x2": 1, "x3": 1, "x4": 1}}
	return p
}

// Func2C is a function of two words and two numbers (Ru et al. 2020, CoCaBO, without
// its error of 1e-6): h1 and h2 each choose one of three functions of 2·x1 and 2·x2,
// which are added. Three words of h2 choose the same.
func Func2C() Problem {
	terms := map[string]func(x, y float64) float64{
		"rosenbrock": func(x, y float64) float64 { return rosenbrock([]float64{x, y}) / 300 },
		"camel":      func(x, y float64) float64 { return sixHump(x, y) / 10 },
		"beale": func(x, y float64) float64 {
			a, b, c := 1.5-x+x*y, 2.25-x+x*y*y, 2.625-x+x*y*y*y
			return (a*a + b*b + c*c) / 50
		},
	}
	terms["beale2"], terms["beale3"] = terms["beale"], terms["beale"]
	optimum := SixHump()
	p := Problem{
		Name: "func2c", Direction: search.Minimize, Best: optimum.Best / 5, Scale: 1,
		Space: spaceOf(search.Words("h1", "rosenbrock", "camel", "beale"),
			search.Words("h2", "rosenbrock", "camel", "beale", "beale2", "beale3"),
			search.Float("x1", -1, 1), search.Float("x2", -1, 1)),
		Value: func(c search.Params) float64 {
			x, _ := c.Float("x1")
			y, _ := c.Float("x2")
			first, _ := c.Text("h1")
			second, _ := c.Text("h2")
			f, g := terms[first], terms[second]
			if f == nil || g == nil {
				return math.NaN()
			}
			return f(2*x, 2*y) + g(2*x, 2*y)
		},
	}
	for _, c := range optimum.Optima {
		x, y := c["x1"].(float64)/2, c["x2"].(float64)/2
		p.Optima = append(p.Optima, search.Params{"h1": "camel", "h2": "camel", "x1": x, "x2": y})
	}
	return p
}

// Conditional looks like the search of a network: a learning rate, a batch size, a
// number of layers and an optimizer, of which one, sgd, has a momentum and its
// variant and wants a learning rate a hundred times as large. To be maximised: 1 with
// sgd, 0.7 with adam, which needs two parameters fewer, 0.5 with rmsprop.
func Conditional() Problem {
	sgd := &search.Condition{Param: "optimizer", Op: "==", Value: "sgd"}
	momentum, nesterov := search.Float("momentum", 0, 0.99), search.Words("nesterov", "no", "yes")
	momentum.When, nesterov.When = sgd, sgd
	return Problem{
		Name: "conditional", Direction: search.Maximize, Best: 1, Scale: 1,
		Space: spaceOf(search.LogFloat("learning_rate", 1e-5, 1), search.OneOf("batch_size", 16, 32, 64, 128),
			search.Int("num_layers", 1, 4), search.Words("optimizer", "adam", "rmsprop", "sgd"), momentum, nesterov),
		Value: conditional,
		Optima: []search.Params{{"learning_rate": 0.1, "batch_size": 32, "num_layers": 3, "optimizer": "sgd",
			"momentum": 0.9, "nesterov": "yes"}},
	}
}

func conditional(c search.Params) float64 {
	goal, penalty := -3.0, 0.3
	switch c["optimizer"] {
	case "sgd":
		m, _ := c.Float("momentum")
		goal, penalty = -1, math.Abs(m-0.9)
		if c["nesterov"] == "no" {
			penalty += 0.1
		}
	case "rmsprop":
		penalty = 0.5
	}
	rate, _ := c.Float("learning_rate")
	batch, _ := c.Float("batch_size")
	layers, _ := c.Float("num_layers")
	r, b, l := math.Log10(rate)-goal, math.Log2(batch)-5, layers-3
	return 1 - penalty - 0.2*r*r - 0.03*b*b - 0.05*l*l
}

// Descent is log10 of the mean loss over 30 steps of gradient descent with momentum
// (Polyak's heavy ball) on sum_i c_i w_i^2, c = 1, 4, 16 and 64, from w = (1, 1, 1, 1),
// as a part of the loss there. Where that is 1 or more the evaluation fails: at a third of
// the configurations, from about 0.03 (1 + momentum) up, a step away from the best.
func Descent() Problem {
	return Problem{
		Name: "descent", Direction: search.Minimize, Best: -1.7011642190066234, Scale: 1,
		Space:  spaceOf(search.LogFloat("learning_rate", 1e-4, 1), search.Float("momentum", 0, 0.99)),
		Value:  descent,
		Optima: []search.Params{{"learning_rate": 0.020616486311642651, "momentum": 0.23300203834054749}},
	}
}

func descent(c search.Params) float64 {
	const steps = 30
	rate, _ := c.Float("learning_rate")
	momentum, _ := c.Float("momentum")
	begin, mean := 0.0, 0.0
	for _, curvature := range []float64{1, 4, 16, 64} {
		begin += curvature
		w, v := 1.0, 0.0
		for range steps {
			v = momentum*v - rate*curvature*w
			w += v
			mean += curvature * w * w / steps
		}
	}
	if !(mean < begin) {
		return math.NaN()
	}
	return math.Log10(mean / begin)
}
