package nn

import "encoding/json"

// Metrics judge a network on a data set.
type Metrics struct {
	Loss     float64 `json:"loss"`     // mean cross-entropy in nats a row
	Accuracy float64 `json:"accuracy"` // share of rows classified right, 0 to 1
}

// Epoch is what one pass over the training rows gave.
type Epoch struct {
	Number int // from 1
	// Train is the mean over the epoch's steps, each measured before its
	// update, with dropout and label smoothing.
	Train Metrics
	// Val is measured after the epoch, without dropout and smoothing; nil if
	// there is no validation set.
	Val *Metrics
	// Seconds is the wall-clock time, validation included.
	Seconds float64
	// SamplesPerSecond is training rows by the time of the training steps.
	SamplesPerSecond float64
}

// Metric returns the metric of that name: loss, accuracy, val_loss or
// val_accuracy. ok is false for others and where there is no validation set.
func (e Epoch) Metric(name string) (value float64, ok bool) {
	switch {
	case name == "loss":
		return e.Train.Loss, true
	case name == "accuracy":
		return e.Train.Accuracy, true
	case e.Val == nil:
		return 0, false
	case name == "val_loss":
		return e.Val.Loss, true
	case name == "val_accuracy":
		return e.Val.Accuracy, true
	}
	return 0, false
}

// MarshalJSON writes one flat object; without a validation set val_loss and
// val_accuracy are null.
func (e Epoch) MarshalJSON() ([]byte, error) {
	flat := flatEpoch{Epoch: e.Number, Loss: e.Train.Loss, Accuracy: e.Train.Accuracy, Seconds: e.Seconds, SamplesPerSecond: e.SamplesPerSecond}
	if e.Val != nil {
		flat.ValLoss, flat.ValAccuracy = &e.Val.Loss, &e.Val.Accuracy
	}
	return json.Marshal(flat)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (e *Epoch) UnmarshalJSON(data []byte) error {
	var flat flatEpoch
	if err := json.Unmarshal(data, &flat); err != nil {
		return err
	}
	*e = Epoch{Number: flat.Epoch, Train: Metrics{flat.Loss, flat.Accuracy}, Seconds: flat.Seconds, SamplesPerSecond: flat.SamplesPerSecond}
	if flat.ValLoss != nil && flat.ValAccuracy != nil {
		e.Val = &Metrics{*flat.ValLoss, *flat.ValAccuracy}
	}
	return nil
}

type flatEpoch struct {
	Epoch            int      `json:"epoch"`
	Loss             float64  `json:"loss"`
	Accuracy         float64  `json:"accuracy"`
	ValLoss          *float64 `json:"val_loss"`
	ValAccuracy      *float64 `json:"val_accuracy"`
	Seconds          float64  `json:"seconds"`
	SamplesPerSecond float64  `json:"samples_per_second"`
}

// Result is the record of a training.
type Result struct {
	Config  Config  `json:"params"` // defaults filled in
	History []Epoch `json:"history"`
	// Best is the number of the epoch that is best by Config.Monitor, ties to
	// the earlier; the last epoch where Monitor needs a validation set and
	// there is none; 0 if no epoch was finished.
	Best int `json:"best_epoch"`
	// StoppedEarly says that Patience ran out.
	StoppedEarly bool `json:"stopped_early"`
	Parameters   int  `json:"parameters"` // weights and biases
	// Seconds is the wall-clock time of all epochs; SamplesPerSecond is over
	// the training steps of all epochs.
	Seconds          float64 `json:"seconds"`
	SamplesPerSecond float64 `json:"samples_per_second"`
}

// BestEpoch returns the best epoch's record; ok is false if there is none.
func (r *Result) BestEpoch() (e Epoch, ok bool) {
	if r.Best == 0 {
		return Epoch{}, false
	}
	return r.History[r.Best-1], true
}
