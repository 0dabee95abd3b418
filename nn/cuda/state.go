//go:build gpu && linux && (amd64 || arm64)

package cuda

import (
	"fmt"
	"runtime"

	"mnisttune/nn"
)

// tensor is where a weight [in, out] or a bias [out] is among the parameters.
type tensor struct {
	name  string
	shape []int
	at    int // number of its first float
	size  int
}

// arrange finds a place for every parameter.
func (p *program) arrange() {
	at := 0
	for l := range p.layers() {
		in, out := p.sizes[l], p.sizes[l+1]
		p.tensors = append(p.tensors,
			tensor{fmt.Sprintf("layers.%d.weight", l), []int{in, out}, at, in * out},
			tensor{fmt.Sprintf("layers.%d.bias", l), []int{out}, at + in*out, out})
		at += (in + 1) * out
	}
	p.parameters = at
}

// flatten returns weights, first and second moments as the device holds them.
func (p *program) flatten(s nn.State) (parts [3][]float32, err error) {
	for k, part := range []struct {
		name string
		from []nn.Tensor
	}{{"weights", s.Weights}, {"first moments", s.First}, {"second moments", s.Second}} {
		parts[k] = make([]float32, p.parameters)
		if part.from == nil {
			continue
		}
		if len(part.from) != len(p.tensors) {
			return parts, fmt.Errorf("cuda: the %s of the state: got %d tensors, the network has %d", part.name, len(part.from), len(p.tensors))
		}
		for i, t := range p.tensors {
			if from := part.from[i]; from.Name != t.name || len(from.Data) != t.size {
				return parts, fmt.Errorf("cuda: the %s of the state: got %q of %d values, want %q of %d", part.name, from.Name, len(from.Data), t.name, t.size)
			}
			copy(parts[k][t.at:], part.from[i].Data)
		}
	}
	return parts, nil
}

// State copies the parameters and moments from the device. Where the device fails, which
// a later step says, all of them are NaN.
func (p *program) State() nn.State {
	defer runtime.KeepAlive(p)
	return nn.State{Weights: p.read(p.memory.weights), First: p.read(p.memory.first), Second: p.read(p.memory.second)}
}

func (p *program) read(from address) []nn.Tensor {
	all := make([]float32, p.parameters)
	if err := p.device.do(func() error { return download(p.device.driver, all, from) }); err != nil {
		for i := range all {
			all[i] = notANumber
		}
	}
	var out []nn.Tensor
	for _, t := range p.tensors {
		out = append(out, nn.Tensor{Name: t.name, Shape: append([]int(nil), t.shape...), Data: append([]float32(nil), all[t.at:t.at+t.size]...)})
	}
	return out
}
