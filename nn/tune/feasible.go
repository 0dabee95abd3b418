package tune

import "mnisttune/search"

// Feasible reports whether parameters keep the constraints that need no training, for
// search.StudyOptions.Feasible. Parameters that are none of the trainer's are feasible:
// their trial says what is wrong with them.
func (o *Objective) Feasible(p search.Params) bool {
	for _, c := range o.Constraints {
		if value, ok := o.known(c, p); ok && value > 0 {
			return false
		}
	}
	return true
}

// KnownConstraints returns by how much parameters break each constraint; ok is false if
// one of them is measured.
func (o *Objective) KnownConstraints(p search.Params) (values []float64, ok bool) {
	for _, c := range o.Constraints {
		value, ok := o.known(c, p)
		if !ok {
			return nil, false
		}
		values = append(values, value)
	}
	return values, true
}

// known returns by how much parameters break a constraint, if that needs no training.
func (o *Objective) known(c Constraint, p search.Params) (excess float64, ok bool) {
	cfg, err := o.Config(p)
	features, classes := o.dims()
	if err != nil || c.Measure != "parameters" || classes == 0 {
		return 0, false
	}
	return c.excess(float64(cfg.ParameterCount(features, classes))), true
}

// dims returns the size of the data, zeros where it is not known.
func (o *Objective) dims() (features, classes int) {
	switch {
	case len(o.Splits) > 0:
		return o.Splits[0].Train.Dims()
	case o.Train != nil:
		return o.Train.Dims()
	}
	return o.Features, o.Classes
}
