package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"mnisttune/mnist"
	"mnisttune/nn"
	"mnisttune/nn/tune"
)

// splitFlags say how many networks a trial trains, and on what.
type splitFlags struct{ folds, seeds int }

func (f *splitFlags) add(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.folds, "folds", 0, "cross-validate: a trial trains so many networks, each validated on another part of all training rows, stratified (0: one, on --validation-split)")
	cmd.Flags().IntVar(&f.seeds, "seeds-per-trial", 1, "networks that a trial trains on each division of the rows, with seeds of their own")
}

// check refuses impossible values before anything is read.
func (f *splitFlags) check(cmd *cobra.Command) error {
	var errs []error
	if f.folds < 0 || f.folds == 1 {
		errs = append(errs, usage(fmt.Errorf("--folds must be 2 or more, or 0 for none (got %d)", f.folds)))
	}
	if f.seeds < 1 {
		errs = append(errs, usage(fmt.Errorf("--seeds-per-trial must be 1 or more (got %d)", f.seeds)))
	}
	if f.folds > 1 && cmd.Flags().Changed("validation-split") {
		errs = append(errs, usage(errors.New("--folds and --validation-split exclude each other")))
	}
	return errors.Join(errs...)
}

// setData binds the plan to the rows; a study that is there must have been begun with
// them.
func (p *plan) setData(all *mnist.Set) error {
	s := &p.settings
	parts := []*mnist.Set{all}
	if s.Folds == 0 {
		train, val, err := all.Split(s.Validation)
		if err != nil {
			return usage(err)
		}
		parts = []*mnist.Set{train, val}
		p.training.Train, p.training.Val = train, dataset(val)
	}
	data := fingerprint(parts)
	if p.known && s.Data != data {
		return usage(fmt.Errorf("study %q was begun with other data: give the same --data, or begin another study", p.place.name))
	}
	s.Data, p.training.Key, p.training.Seeds = data, data, s.Seeds
	s.Features, s.Classes = all.Rows*all.Cols, all.Classes
	if p.place.file != "" {
		p.training.Checkpoints = fmt.Sprintf("%s.%s.checkpoints", p.place.file, url.PathEscape(p.place.name))
	}
	if s.Folds == 0 {
		return nil
	}
	return p.fold(all)
}

// fold divides the rows for cross-validation, as the study's seed decides.
func (p *plan) fold(all *mnist.Set) error {
	folds, err := mnist.StratifiedKFold(all.Labels, p.settings.Folds, p.settings.Seed)
	if err != nil {
		return usage(err)
	}
	p.training.Key = fmt.Sprintf("%s/folds by %d", p.training.Key, p.settings.Seed)
	for _, f := range folds {
		train, err := nn.Rows(all, f.Train)
		if err != nil {
			return err
		}
		val, err := nn.Rows(all, f.Validation)
		if err != nil {
			return err
		}
		p.training.Splits = append(p.training.Splits, tune.Split{Train: train, Val: val})
	}
	return nil
}

// fingerprint tells data apart.
func fingerprint(parts []*mnist.Set) string {
	h := sha256.New()
	for _, set := range parts {
		if set == nil {
			continue
		}
		fmt.Fprintln(h, set.Len(), set.Rows, set.Cols, set.Classes)
		h.Write(set.Pixels)
		h.Write(set.Labels)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
