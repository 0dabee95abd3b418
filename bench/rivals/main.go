// Rivals trains networks on MNIST with other Go libraries, as mnist-tune bench
// does with this one, and prints a JSON object a line: how fast, and the test
// accuracy that shows that they learn. See README.md.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"mnisttune/mnist"
)

const (
	trainingRows = 54000 // what mnist-tune trains on: the rest validates
	learningRate = 0.001
)

// network is the shape of a network.
type network struct {
	widths []int // of the input, the hidden layers and the output
}

// layers returns the number of layers with weights.
func (n network) layers() int { return len(n.widths) - 1 }

// trainer is a network in one of the libraries.
type trainer interface {
	// step takes one step of Adam on the rows.
	step(rows []int) error
	// parameters returns the trained layers.
	parameters() ([]layer, error)
}

// library is a rival.
type library struct {
	module string // for its version
	make   func(n network, set *mnist.Set, threads int) (trainer, error)
}

var libraries = map[string]library{
	"gorgonia":      {"gorgonia.org/gorgonia", newGorgonia},
	"gomlx":         {"github.com/gomlx/gomlx", newGoMLX},
	"gomlx-by-hand": {"github.com/gomlx/gomlx", newGoMLXByHand},
}

// result is what is printed for a network.
type result struct {
	Lib              string   `json:"lib"`
	Version          string   `json:"version"`
	Layers           int      `json:"layers"`
	Batch            int      `json:"batch"`
	Width            int      `json:"width"`
	Threads          int      `json:"threads"`
	Input            string   `json:"input"`
	Rows             int      `json:"rows"` // of an epoch
	Epochs           int      `json:"epochs"`
	SamplesPerSecond float64  `json:"samples_per_second"` // of the best epoch
	Accuracy         *float64 `json:"accuracy"`           // on the test images; null for random input
}

// options are the flags.
type options struct {
	lib, layers, batch, input    string
	width, epochs, threads, rows int
	seconds                      float64
}

func main() {
	var o options
	flag.StringVar(&o.lib, "lib", "gorgonia", "gorgonia, gomlx or gomlx-by-hand")
	flag.StringVar(&o.layers, "layers", "2", "numbers of hidden layers, separated by commas")
	flag.StringVar(&o.batch, "batch", "32,128,512", "batch sizes, separated by commas")
	flag.IntVar(&o.width, "width", 64, "hidden units of every layer")
	flag.IntVar(&o.epochs, "epochs", 2, "train for this many epochs at least")
	flag.Float64Var(&o.seconds, "seconds", 0, "train for this many seconds at least")
	flag.IntVar(&o.threads, "threads", 1, "processors to use")
	flag.IntVar(&o.rows, "rows", trainingRows, "rows of an epoch: fewer make a shorter one")
	flag.StringVar(&o.input, "input", "mnist", "mnist: the images; uniform: random ones without zeros")
	flag.Parse()
	if err := run(o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "rivals:", err)
		os.Exit(1)
	}
}

func run(o options, out io.Writer) error {
	lib, ok := libraries[o.lib]
	if !ok {
		return fmt.Errorf("-lib %s: want gorgonia, gomlx or gomlx-by-hand", o.lib)
	}
	depths, err := integers("layers", o.layers)
	if err != nil {
		return err
	}
	batches, err := integers("batch", o.batch)
	if err != nil {
		return err
	}
	if o.width < 1 || o.epochs < 1 || o.threads < 1 {
		return errors.New("-width, -epochs and -threads must be 1 or more")
	}
	if o.rows < 1 || o.rows > trainingRows {
		return fmt.Errorf("-rows must be 1 to %d (got %d)", trainingRows, o.rows)
	}
	train, test, err := images(o.input, o.rows)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(o.threads)
	lines := json.NewEncoder(out)
	for _, depth := range depths {
		for _, batch := range batches {
			r := result{
				Lib: o.lib, Version: version(lib.module), Layers: depth, Batch: batch, Width: o.width,
				Threads: o.threads, Input: o.input, Rows: o.rows,
			}
			if err := r.measure(lib, train, test, o); err != nil {
				return fmt.Errorf("%s, %d layers, batch %d: %w", o.lib, depth, batch, err)
			}
			if err := lines.Encode(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// integers reads a list of positive integers.
func integers(name, list string) ([]int, error) {
	var out []int
	for _, text := range strings.Split(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-%s %s: want positive integers, separated by commas", name, list)
		}
		out = append(out, n)
	}
	return out, nil
}

// images returns the first training images, or as many random ones, and the test
// images, nil for random ones.
func images(input string, rows int) (train, test *mnist.Set, err error) {
	if train, err = mnist.EmbeddedTrain(); err != nil {
		return nil, nil, err
	}
	if train, err = train.Slice(0, rows); err != nil {
		return nil, nil, err
	}
	switch input {
	case "mnist":
		test, err = mnist.EmbeddedTest()
		return train, test, err
	case "uniform":
		noise := *train
		noise.Pixels = make([]byte, len(train.Pixels))
		_, _ = rand.NewChaCha8([32]byte{1}).Read(noise.Pixels) // never fails
		return &noise, nil, nil
	}
	return nil, nil, fmt.Errorf("-input %s: want mnist or uniform", input)
}

// version returns the version of a module that this program was built with.
func version(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, m := range info.Deps {
		if m.Path == module {
			return strings.TrimPrefix(m.Version, "v")
		}
	}
	return ""
}

// measure trains a network and fills in what came of it.
func (r *result) measure(lib library, train, test *mnist.Set, o options) error {
	features, classes := train.Dims()
	n := network{widths: []int{features}}
	for range r.Layers {
		n.widths = append(n.widths, r.Width)
	}
	n.widths = append(n.widths, classes)
	t, err := lib.make(n, train, o.threads)
	if err != nil {
		return err
	}
	shuffle := rand.New(rand.NewPCG(1, 1))
	for start := time.Now(); r.Epochs < o.epochs || time.Since(start).Seconds() < o.seconds; r.Epochs++ {
		began := time.Now()
		rows := shuffle.Perm(train.Len())
		for lo := 0; lo < len(rows); lo += r.Batch {
			if err := t.step(rows[lo:min(lo+r.Batch, len(rows))]); err != nil {
				return err
			}
		}
		r.SamplesPerSecond = max(r.SamplesPerSecond, float64(len(rows))/time.Since(began).Seconds())
	}
	if test == nil {
		return nil
	}
	layers, err := t.parameters()
	if err != nil {
		return err
	}
	share, err := accuracy(layers, test)
	r.Accuracy = &share
	return err
}

// fill writes the rows' pixels to x and their labels, one-hot, to targets. labels
// has room for as many.
func fill(set *mnist.Set, rows []int, x, targets []float32, labels []uint8) error {
	if err := set.Fill(x, labels, rows); err != nil {
		return err
	}
	clear(targets)
	for i, label := range labels {
		targets[i*set.Classes+int(label)] = 1
	}
	return nil
}

// layer is the weight [in, out], row-major, and the bias [out] of a layer.
type layer struct {
	weight, bias []float32
}

// forward returns x·weight + bias.
func (l layer) forward(x []float32) []float32 {
	y := append([]float32(nil), l.bias...)
	for i, xi := range x {
		if xi == 0 {
			continue
		}
		for j, w := range l.weight[i*len(y) : (i+1)*len(y)] {
			y[j] += xi * w
		}
	}
	return y
}

// accuracy returns the share of the images that the network gets right. It is the
// same plain code for every library.
func accuracy(layers []layer, set *mnist.Set) (float64, error) {
	features, _ := set.Dims()
	x, label, right := make([]float32, features), make([]uint8, 1), 0
	for i := range set.Len() {
		if err := set.Fill(x, label, []int{i}); err != nil {
			return 0, err
		}
		y := layers[0].forward(x)
		for _, l := range layers[1:] {
			for j := range y {
				y[j] = max(y[j], 0)
			}
			y = l.forward(y)
		}
		best := 0
		for class := range y {
			if y[class] > y[best] {
				best = class
			}
		}
		if best == int(label[0]) {
			right++
		}
	}
	return float64(right) / float64(set.Len()), nil
}
