package nn

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/nlpodyssey/safetensors"
)

// Keys of a model file's metadata.
const (
	metaFormat = "format" // always formatName
	metaConfig = "config" // the Config as JSON
	formatName = "mnist-tune/1"
)

// maxModelFile bounds what Load reads: four bytes a parameter and a header.
const maxModelFile = 4*maxParameters + 1<<20

// Save writes the weights to a file in the safetensors format, with the Config
// as JSON under "config" in its metadata. Tensors are layers.I.weight [in, out]
// and layers.I.bias [out], float32. The file appears whole or not at all: it is
// written beside its place, synced and renamed.
func (t *Trainer) Save(path string) error {
	if t.state.Weights == nil {
		return ErrUntrained
	}
	config, err := json.Marshal(t.cfg)
	if err != nil {
		return fmt.Errorf("nn: saving %s: %w", path, err)
	}
	data, err := serialize(map[string][]Tensor{"": t.state.Weights}, map[string]string{metaFormat: formatName, metaConfig: string(config)})
	if err == nil {
		err = writeFile(path, data)
	}
	if err != nil {
		return fmt.Errorf("nn: saving %s: %w", path, err)
	}
	return nil
}

// serialize returns a safetensors file of groups of tensors, each under a prefix.
func serialize(groups map[string][]Tensor, meta map[string]string) ([]byte, error) {
	views := make(map[string]safetensors.TensorView)
	for prefix, tensors := range groups {
		for _, t := range tensors {
			shape := make([]uint64, len(t.Shape))
			for i, n := range t.Shape {
				shape[i] = uint64(n)
			}
			view, err := safetensors.NewTensorView(safetensors.F32, shape, littleEndian(t.Data))
			if err != nil {
				return nil, fmt.Errorf("%s%s: %w", prefix, t.Name, err)
			}
			views[prefix+t.Name] = view
		}
	}
	return safetensors.Serialize(views, meta)
}

func littleEndian(x []float32) []byte {
	out := make([]byte, 0, 4*len(x))
	for _, v := range x {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}

// writeFile puts data under path in one piece.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	return fillFile(f, path, data)
}

// fillFile writes data to a new file, makes it durable and gives it its name.
func fillFile(f *os.File, path string, data []byte) (err error) {
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Load reads a file that Save wrote and returns a trainer that can Evaluate and
// Predict; Fit on it starts anew. A file that is damaged, cut off, too large or
// from something else is an error that says so.
func Load(path string, o Options) (*Trainer, error) {
	data, err := readFile(path, maxModelFile)
	if err != nil {
		return nil, fmt.Errorf("nn: loading %s: %w", path, err)
	}
	t, err := decode(data, o)
	if err != nil {
		return nil, fmt.Errorf("nn: loading %s: %w", path, err)
	}
	return t, nil
}

// readFile reads a regular file of at most so many bytes.
func readFile(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("not a regular file")
	case info.Size() > most:
		return nil, fmt.Errorf("%d bytes is more than any model has (%d)", info.Size(), most)
	}
	return os.ReadFile(path)
}

func decode(data []byte, o Options) (t *Trainer, err error) {
	defer func() { // the format's reader is not ours; a damaged header must not crash the caller
		if r := recover(); r != nil {
			t, err = nil, fmt.Errorf("damaged safetensors file: %v", r)
		}
	}()
	_, header, err := safetensors.ReadMetadata(data)
	if err != nil {
		return nil, fmt.Errorf("not a safetensors file, or a damaged one: %w", err)
	}
	meta := header.Metadata()
	if meta[metaFormat] != formatName {
		return nil, fmt.Errorf("a safetensors file, but not a mnist-tune model (its metadata has %s=%q, want %q)", metaFormat, meta[metaFormat], formatName)
	}
	var cfg Config
	if err := json.Unmarshal([]byte(meta[metaConfig]), &cfg); err != nil {
		return nil, fmt.Errorf("its metadata holds no valid config: %w", err)
	}
	if t, err = New(cfg, o); err != nil {
		return nil, err
	}
	file, err := safetensors.Deserialize(data)
	if err != nil {
		return nil, fmt.Errorf("damaged safetensors file: %w", err)
	}
	if want := 2 * (len(t.cfg.LayerWidths()) + 1); file.Len() != want {
		return nil, fmt.Errorf("%d tensors, the config's layers need %d", file.Len(), want)
	}
	weights, err := readTensors(file, t.cfg, "")
	if err != nil {
		return nil, err
	}
	t.state = State{Weights: weights}
	t.features, t.classes = t.state.Dims()
	if err := checkFinite(t.state, 0); err != nil {
		return nil, fmt.Errorf("the weights are not finite")
	}
	return t, nil
}

// readTensors reads the tensors that the configuration asks for, under a prefix;
// their shapes must fit each other.
func readTensors(file safetensors.SafeTensors, cfg Config, prefix string) ([]Tensor, error) {
	widths := cfg.LayerWidths()
	var out []Tensor
	in := -1 // any number of features
	for layer := range len(widths) + 1 {
		w, err := readTensor(file, prefix, fmt.Sprintf("layers.%d.weight", layer), 2)
		if err != nil {
			return nil, err
		}
		b, err := readTensor(file, prefix, fmt.Sprintf("layers.%d.bias", layer), 1)
		if err != nil {
			return nil, err
		}
		width := w.Shape[1]
		if layer < len(widths) && width != widths[layer] || in >= 0 && w.Shape[0] != in || !slices.Equal(b.Shape, []int{width}) {
			return nil, fmt.Errorf("%s has the shape %v and its bias %v, which does not fit the config", w.Name, w.Shape, b.Shape)
		}
		out, in = append(out, w, b), width
	}
	if classes := in; classes < 2 || classes > 256 {
		return nil, fmt.Errorf("the network has %d classes, want 2 to 256", classes)
	}
	return out, nil
}

func readTensor(file safetensors.SafeTensors, prefix, name string, dims int) (Tensor, error) {
	view, ok := file.Tensor(prefix + name)
	if !ok {
		return Tensor{}, fmt.Errorf("tensor %s is missing", name)
	}
	t := Tensor{Name: name}
	size := uint64(1)
	for _, n := range view.Shape() {
		if n < 1 || n > maxParameters || size*n > maxParameters {
			return Tensor{}, fmt.Errorf("tensor %s has the impossible shape %v", name, view.Shape())
		}
		size *= n
		t.Shape = append(t.Shape, int(n))
	}
	data := view.Data()
	if len(t.Shape) != dims || view.DType() != safetensors.F32 || uint64(len(data)) != 4*size {
		return Tensor{}, fmt.Errorf("tensor %s is %v of shape %v in %d bytes, want %d dimensions of F32", name, view.DType(), view.Shape(), len(data), dims)
	}
	t.Data = make([]float32, size)
	for i := range t.Data {
		t.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return t, nil
}
