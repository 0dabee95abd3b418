package searchtest

import (
	"fmt"
	"slices"

	"mnisttune/search"
)

// namedSpace is a space with what a failure calls it.
type namedSpace struct {
	name string
	search.Space
}

// space makes a space of texts that are constants of this package, and of the parameters
// that the sampler needs.
func (s subject) space(name string, texts ...string) namedSpace {
	out, err := search.ParseSpace(slices.Concat(texts, s.options.Params))
	if err != nil {
		panic(err)
	}
	return namedSpace{name, out}
}

// openSpaces are those that hold more configurations than a check asks for. Their ranges
// say how many points a grid takes, so that a grid has as many.
func (s subject) openSpaces() []namedSpace {
	var wide []string
	for i := range 20 {
		wide = append(wide, fmt.Sprintf("x%d=%s", i, []string{"0.0..1.0:n=2", "1e-3..1e3:log:n=2", "0..9:n=2", "a,b", "1,3"}[i%5]))
	}
	return []namedSpace{
		s.space("real", "x=-5.0..10.0:n=60"),
		s.space("log", "x=1e-5..1e-1:log:n=60"),
		s.space("integer", "n=-200..300:n=60"),
		s.space("log integer", "n=1..1000:log:n=60"),
		s.space("steps", "x=0.0..0.7:step=0.1", "n=2..44:step=6"),
		s.space("lists", "a=32,64,128,256", "b=0.5,2,8", "c=sgd,adam,rmsprop", "d=relu,tanh"),
		s.mixedSpace(),
		s.space("20 parameters", wide...),
		s.space("extreme ranges", "x=1e-300..1e300:log:n=8", "y=-1e308..0.0:n=4", "n=-9007199254740992..9007199254740992:n=4"),
		s.space("narrow ranges", "x=1.0..1.0000000000000002", "y=1000000.0..1000000.001:n=60", "z=3..3"),
	}
}

// mixedSpace has parameters of all kinds and conditions two levels deep.
func (s subject) mixedSpace() namedSpace {
	return s.space("mixed", "lr=1e-5..1:log:n=5", "batch=16,32,64", "layers=1..4", "opt=sgd,adam",
		"nesterov=yes,no:when=opt=sgd", "momentum=0.0..0.99:n=3:when=nesterov=yes")
}

// finiteSpaces are used up by a check.
func (s subject) finiteSpaces() []namedSpace {
	return []namedSpace{
		s.space("1 configuration", "x=3..3", "y=0.25..0.25", "z=only"),
		s.space("6 configurations", "opt=sgd,adam", "n=1..3"),
		s.space("12 configurations", "batch=32,64,128", "x=0.0..0.3:step=0.1"),
		s.space("5 configurations with conditions", "a=on,off", "b=1..2:when=a=on", "c=5,6,7:when=b>1"),
	}
}
