package nn

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Program is a network ready to train: what a backend makes of a Config. It is
// bound to the data set that it was built for and gathers the rows itself. A
// Program is used by one goroutine at a time.
type Program interface {
	// Step trains on the rows (at most the batch size; fewer are a short last
	// batch): one forward and backward pass and one update.
	Step(rows []int32, a StepArgs) (StepResult, error)
	// Logits writes what the network says of the rows of data, before the
	// softmax, without dropout: dst is [len(rows), classes] row-major.
	Logits(dst []float32, data Dataset, rows []int32) error
	// State returns a copy of the weights and moments.
	State() State
}

// StepArgs is what may change from step to step.
type StepArgs struct {
	LearningRate float64
	Epoch        int // from 0
	Step         int // from 0, counted over the whole training; keys every random mask
}

// StepResult is what a step saw before its update.
type StepResult struct {
	Loss    float64 // mean over the rows, label smoothing included
	Correct int     // rows classified right
}

// Tensor is a named array in row-major order.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// State is everything about a network that training changes, in the order of
// the layers: layers.I.weight [in, out] and layers.I.bias [out]. First and
// Second are the optimizer's moments, of the same names and shapes; nil means
// zero.
type State struct {
	Weights, First, Second []Tensor
}

// Dims returns the number of values a row and of classes that the weights are
// for.
func (s State) Dims() (features, classes int) {
	if len(s.Weights) == 0 {
		return 0, 0
	}
	return s.Weights[0].Shape[0], len(s.Weights[len(s.Weights)-1].Data)
}

// Backend makes programs. It must be safe for concurrent use.
type Backend interface {
	// New builds the network of cfg (defaults filled in, valid) for the data
	// set and starts it from the state, whose shapes say how many values a row
	// and how many classes there are. A step of it may use so many threads, 1 or
	// more; their number changes no result.
	New(cfg Config, data Dataset, start State, threads int) (Program, error)
}

// DefaultBackend is the backend that is used where none is named.
const DefaultBackend = "native"

var (
	backendsMu sync.RWMutex
	backends   = map[string]Backend{DefaultBackend: native{}}
)

// RegisterBackend makes a backend available under a name; a second one of the
// same name replaces the first. Backends that need a build tag call it from an
// init function.
func RegisterBackend(name string, b Backend) {
	if name == "" || b == nil {
		panic("nn: RegisterBackend needs a name and a backend")
	}
	backendsMu.Lock()
	defer backendsMu.Unlock()
	backends[name] = b
}

// Backends returns the names of the backends in this binary, sorted.
func Backends() []string {
	backendsMu.RLock()
	defer backendsMu.RUnlock()
	return slices.Sorted(maps.Keys(backends))
}

// LookupBackend returns the backend of that name. An unknown one is an error that says
// what there is and, if it is one of this module's, how to get it.
func LookupBackend(name string) (Backend, error) {
	backendsMu.RLock()
	b, ok := backends[name]
	backendsMu.RUnlock()
	if !ok {
		have := strings.Join(Backends(), ", ")
		if how := optional[name]; how != "" {
			have += "; " + how
		}
		return nil, fmt.Errorf("nn: unknown backend %q (have: %s)", name, have)
	}
	return b, nil
}

// optional says how those backends of this module are had that are not in every binary.
var optional = map[string]string{
	"gorgonia": "import mnisttune/nn/gorgonia",
	"openblas": "rebuild with -tags openblas",
	"cuda":     "rebuild with -tags gpu",
}
