package tune

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mnisttune/nn"
	"mnisttune/search"
)

// DefaultSpace is the usual first search for a network on MNIST: the learning
// rate on a log scale, the batch size and the number of hidden layers.
func DefaultSpace() search.Space {
	return mustSpace(search.LogFloat("learning_rate", 1e-5, 1e-1), search.OneOf("batch_size", 32, 64, 128), search.Int("num_layers", 1, 3))
}

// DefaultGrid is DefaultSpace with three learning rates: a grid of 27.
func DefaultGrid() search.Space {
	return mustSpace(search.OneOf("learning_rate", 0.001, 0.01, 0.1), search.OneOf("batch_size", 32, 64, 128), search.Int("num_layers", 1, 3))
}

func mustSpace(params ...search.Param) search.Space {
	s, err := search.NewSpace(params...)
	if err != nil {
		panic(err)
	}
	return s
}

// setters stores a parameter's value in a Config. The names are the Config's
// JSON names.
var setters = map[string]func(c *nn.Config, p search.Params, name string) error{
	"learning_rate":   number(func(c *nn.Config, x float64) { c.LearningRate = x }),
	"batch_size":      integer(func(c *nn.Config, n int) { c.BatchSize = n }),
	"num_layers":      integer(func(c *nn.Config, n int) { c.NumLayers = n }),
	"width":           integer(func(c *nn.Config, n int) { c.Width = nn.Widths{n} }),
	"activation":      word(func(c *nn.Config, s string) { c.Activation = s }),
	"dropout":         number(func(c *nn.Config, x float64) { c.Dropout = x }),
	"optimizer":       word(func(c *nn.Config, s string) { c.Optimizer = s }),
	"momentum":        number(func(c *nn.Config, x float64) { c.Momentum = &x }),
	"weight_decay":    number(func(c *nn.Config, x float64) { c.WeightDecay = &x }),
	"label_smoothing": number(func(c *nn.Config, x float64) { c.LabelSmoothing = x }),
	"clip_norm":       number(func(c *nn.Config, x float64) { c.ClipNorm = x }),
	"schedule":        word(func(c *nn.Config, s string) { c.Schedule = s }),
	"warmup_epochs":   number(func(c *nn.Config, x float64) { c.WarmupEpochs = x }),
	"step_epochs":     integer(func(c *nn.Config, n int) { c.StepEpochs = n }),
	"step_factor":     number(func(c *nn.Config, x float64) { c.StepFactor = x }),
	"epochs":          integer(func(c *nn.Config, n int) { c.Epochs = n }),
}

// required names the parameters whose zero would mean "the default" to a Config,
// so that a zero proposed by a search must be refused instead.
var required = []string{"learning_rate", "batch_size", "num_layers", "width", "step_epochs", "step_factor", "epochs"}

func number(set func(*nn.Config, float64)) func(*nn.Config, search.Params, string) error {
	return func(c *nn.Config, p search.Params, name string) error {
		x, ok := p.Float(name)
		if !ok {
			return fmt.Errorf("tune: %s takes numbers (got %v)", name, p[name])
		}
		if x == 0 && slices.Contains(required, name) {
			return fmt.Errorf("tune: %s cannot be 0", name)
		}
		set(c, x)
		return nil
	}
}

func integer(set func(*nn.Config, int)) func(*nn.Config, search.Params, string) error {
	return func(c *nn.Config, p search.Params, name string) error {
		n, ok := p.Int(name)
		if !ok {
			return fmt.Errorf("tune: %s takes integers (got %v)", name, p[name])
		}
		if n == 0 && slices.Contains(required, name) {
			return fmt.Errorf("tune: %s cannot be 0", name)
		}
		set(c, n)
		return nil
	}
}

func word(set func(*nn.Config, string)) func(*nn.Config, search.Params, string) error {
	return func(c *nn.Config, p search.Params, name string) error {
		s, ok := p.Text(name)
		if !ok {
			return fmt.Errorf("tune: %s takes words (got %v)", name, p[name])
		}
		set(c, s)
		return nil
	}
}

// Names returns the parameters that a search may tune, sorted.
func Names() []string { return slices.Sorted(maps.Keys(setters)) }

// Apply returns the configuration with the parameters' values in it. It does not
// validate the result.
func Apply(c nn.Config, p search.Params) (nn.Config, error) {
	for _, name := range slices.Sorted(maps.Keys(p)) {
		set, ok := setters[name]
		if !ok {
			return c, fmt.Errorf("tune: no parameter %q of the trainer (have: %s)", name, strings.Join(Names(), ", "))
		}
		if err := set(&c, p, name); err != nil {
			return c, err
		}
	}
	return c, nil
}

// CheckSpace tries every parameter at the ends of its range, and at every value
// of a list, on top of the base configuration, so that a range that the trainer
// cannot take is an error before the first trial.
func CheckSpace(s search.Space, base nn.Config) error {
	for _, p := range s.Params() {
		values := p.Values
		if len(values) == 0 {
			values = []any{p.Low, p.High}
			if p.Kind == search.Integer {
				values = []any{int(p.Low), int(p.High)}
			}
		}
		for _, v := range values {
			c, err := Apply(base, search.Params{p.Name: v})
			if err != nil {
				return err
			}
			if p.Name == "num_layers" && len(c.Width) > 1 {
				return errors.New("tune: num_layers cannot be tuned while width is fixed for each layer: give one width")
			}
			if p.Kind == search.Real && setsInteger(p.Name) {
				return fmt.Errorf("tune: %s takes integers: write its range without fractions (got %s)", p.Name, p)
			}
			if err := c.Validate(); err != nil {
				return fmt.Errorf("tune: %s=%v: %w", p.Name, v, err)
			}
		}
	}
	return nil
}

// setsInteger reports whether a parameter refuses fractions.
func setsInteger(name string) bool {
	var c nn.Config
	return setters[name](&c, search.Params{name: 1.5}, name) != nil
}
