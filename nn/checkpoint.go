package nn

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"time"

	"github.com/nlpodyssey/safetensors"
)

// Checkpoint says where Fit keeps what it needs to go on after it was cut off: weights,
// moments, the best epoch's weights, and the record of the epochs. A Fit that finds a
// checkpoint of its own training goes on after its last epoch, with the same result as
// one that was never interrupted (times excepted); its hooks are not called again for
// the epochs that it does not repeat. Since training is deterministic, a checkpoint that
// is lost, damaged or from another training costs time and nothing else: Fit then begins
// anew. Fit leaves the file; remove it when the result is safe.
type Checkpoint struct {
	Path string // empty: no checkpoints; its folder is made when it is needed
	// Every is how old the last checkpoint must be when an epoch ends for the next
	// one to be written. Default 1 s.
	Every time.Duration
	// Key stands for what the training depends on beside the Config, the kernels and
	// the shape of the data, such as the data themselves: only a checkpoint of the
	// same key is used.
	Key string
	// Logger is told when a checkpoint could not be written or is of no use.
	// Default: nobody.
	Logger *slog.Logger
}

func (c Checkpoint) warn(text string, err error) {
	if c.Logger != nil {
		c.Logger.Warn(text, "path", c.Path, "error", err)
	}
}

// Keys of a checkpoint's metadata.
const (
	metaTraining      = "training" // the training as JSON
	metaSum           = "sha256"   // of metaTraining and of the tensors
	checkpointFormat  = "mnist-tune/checkpoint/1"
	maxCheckpointFile = 4 * maxModelFile
	prefixFirst       = "first."
	prefixSecond      = "second."
	prefixBest        = "best."
)

// description is what a checkpoint says of its training beside the tensors. The part up
// to Validation must be the same for the checkpoint to be used.
type description struct {
	Config     Config `json:"config"`
	Build      string `json:"build"`
	Kernels    string `json:"kernels"`
	Backend    string `json:"backend"`
	Key        string `json:"key"`
	Features   int    `json:"features"`
	Classes    int    `json:"classes"`
	Rows       int    `json:"rows"`
	Validation int    `json:"validation_rows"`

	History      []Epoch `json:"history"`
	TrainSeconds float64 `json:"train_seconds"`
	HasBest      bool    `json:"has_best"`
	HasMoments   bool    `json:"has_moments"`
}

// describe describes the running training, without what it has done so far.
func (f *Training) describe() description {
	t := description{
		Config: f.trainer.cfg, Build: Build(), Backend: f.trainer.options.Backend, Key: f.checkpoint.Key,
		Features: f.features, Classes: f.classes, Rows: len(f.order),
	}
	t.Kernels, _ = Kernels()
	if f.val != nil {
		t.Validation = len(f.val.labels)
	}
	return t
}

// Build names the build of this program as far as it was recorded: Go's version, and
// the revision of the sources. Results are promised to be the same bit for bit within
// one build and one set of kernels only.
func Build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	out := info.GoVersion + " " + info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" || s.Key == "vcs.modified" && s.Value == "true" {
			out += " " + s.Value
		}
	}
	return out
}

// resume takes over what a checkpoint of this training holds and returns the state to
// go on from.
func (f *Training) resume() (start State, ok bool) {
	c := f.checkpoint
	if c.Path == "" {
		return State{}, false
	}
	t, state, best, err := readCheckpoint(c.Path, f.describe())
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			c.warn("the checkpoint is of no use; training from the beginning", err)
		}
		return State{}, false
	}
	f.trainSeconds = t.TrainSeconds
	for _, e := range t.History {
		f.record(e)
	}
	f.bestState = best
	return state, true
}

// save writes a checkpoint if the last one is old enough and there is more to train.
func (f *Training) save() {
	c, now := f.checkpoint, f.trainer.options.Clock()
	setDefault(&c.Every, time.Second)
	if c.Path == "" || f.Done() || now.Sub(f.saved) < c.Every {
		return
	}
	f.saved = now
	state := f.program.State()
	t := f.describe()
	t.History, t.TrainSeconds = f.result.History, f.trainSeconds
	t.HasBest, t.HasMoments = f.bestState.Weights != nil, state.First != nil
	if err := writeCheckpoint(c.Path, t, state, f.bestState); err != nil {
		c.warn("the checkpoint could not be written", err)
	}
}

func writeCheckpoint(path string, t description, state, best State) error {
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	groups := map[string][]Tensor{"": state.Weights, prefixFirst: state.First, prefixSecond: state.Second, prefixBest: best.Weights}
	data, err := serialize(groups, map[string]string{
		metaFormat: checkpointFormat, metaTraining: string(text), metaSum: checksum(text, state.Weights, state.First, state.Second, best.Weights),
	})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(unfinished(path))
	if err != nil {
		return err
	}
	return fillFile(f, path, data)
}

// unfinished returns the name of a checkpoint that is being written: always the same, so
// that a process which is killed leaves one such file and no more.
func unfinished(path string) string { return path + ".new" }

// checksum returns the SHA-256 of a text and of tensors, in hexadecimal.
func checksum(text []byte, groups ...[]Tensor) string {
	h := sha256.New()
	h.Write(text)
	for _, tensors := range groups {
		for _, t := range tensors {
			h.Write(littleEndian(t.Data))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// readCheckpoint returns what the checkpoint of a training holds.
func readCheckpoint(path string, want description) (t description, state, best State, err error) {
	defer func() { // the format's reader is not ours; a damaged header must not crash the caller
		if r := recover(); r != nil {
			err = fmt.Errorf("damaged: %v", r)
		}
	}()
	data, err := readFile(path, maxCheckpointFile)
	if err != nil {
		return t, state, best, err
	}
	_, header, err := safetensors.ReadMetadata(data)
	if err != nil {
		return t, state, best, fmt.Errorf("damaged: %w", err)
	}
	meta := header.Metadata()
	if meta[metaFormat] != checkpointFormat {
		return t, state, best, fmt.Errorf("not a checkpoint (format %q, want %q)", meta[metaFormat], checkpointFormat)
	}
	text := []byte(meta[metaTraining])
	if err := json.Unmarshal(text, &t); err != nil {
		return t, state, best, fmt.Errorf("damaged: %w", err)
	}
	if !t.same(want) {
		return t, state, best, errors.New("it is that of another training")
	}
	file, err := safetensors.Deserialize(data)
	if err != nil {
		return t, state, best, fmt.Errorf("damaged: %w", err)
	}
	read := func(prefix string, wanted bool) (out []Tensor) {
		if wanted && err == nil {
			out, err = readTensors(file, t.Config, prefix)
		}
		return out
	}
	state = State{Weights: read("", true), First: read(prefixFirst, t.HasMoments), Second: read(prefixSecond, t.HasMoments)}
	best = State{Weights: read(prefixBest, t.HasBest)}
	if err != nil {
		return t, state, best, err
	}
	if checksum(text, state.Weights, state.First, state.Second, best.Weights) != meta[metaSum] {
		return t, state, best, errors.New("damaged: the checksum does not fit")
	}
	return t, state, best, nil
}

// same reports whether two descriptions are of one training.
func (t description) same(o description) bool {
	t.History, t.TrainSeconds, t.HasBest, t.HasMoments = nil, 0, false, false
	return reflect.DeepEqual(t, o)
}

// Remove deletes the checkpoint, if there is one.
func (c Checkpoint) Remove() error {
	if c.Path == "" {
		return nil
	}
	for _, path := range []string{unfinished(c.Path), c.Path} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("nn: removing the checkpoint: %w", err)
		}
	}
	return nil
}
