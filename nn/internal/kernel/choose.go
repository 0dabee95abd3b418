package kernel

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

// EnvKernels names the environment variable that overrides Best: avx512, avx2 or
// go.
const EnvKernels = "MNIST_TUNE_KERNELS"

// Sets returns the sets that this build and this processor run, the fastest
// first. The last one is Go.
func Sets() []*Set { return append(simdSets(), Go) }

// Best returns the set that EnvKernels asks for, else the fastest one. The
// environment is read once.
var Best = sync.OnceValues(func() (*Set, error) { return choose(os.Getenv(EnvKernels)) })

func choose(name string) (*Set, error) {
	sets := Sets()
	if name == "" {
		return sets[0], nil
	}
	var names []string
	for _, s := range sets {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return nil, fmt.Errorf("%s=%s: this build has no such kernels for this processor (have: %s)", EnvKernels, name, strings.Join(names, ", "))
}
