package search_test

import (
	"testing"

	"mnisttune/search"
	"mnisttune/search/searchtest"
)

func TestSamplersConform(t *testing.T) {
	t.Run("Random", func(t *testing.T) { searchtest.Sampler(t, search.Random{}) })
	t.Run("Grid", func(t *testing.T) { searchtest.Sampler(t, search.Grid{}) })
	t.Run("Sobol", func(t *testing.T) { searchtest.Sampler(t, search.Sobol{}) })
	t.Run("onePlusOne of the example", func(t *testing.T) { searchtest.Sampler(t, onePlusOne{}) })
	t.Run("Halving", func(t *testing.T) {
		searchtest.SamplerWith(t, search.Halving{Resource: "epochs"}, searchtest.SamplerOptions{Params: []string{"epochs=1..9"}, Partial: true})
	})
}

func TestPrunersConform(t *testing.T) {
	for name, p := range map[string]search.Pruner{
		"ASHA": search.ASHA{}, "ASHA from 2 by 2": search.ASHA{MinSteps: 2, Eta: 2},
		"median": search.Percentile{}, "best quarter": search.Percentile{Percent: 25, Startup: 3, Warmup: 2},
		"Hyperband": search.Hyperband{}, "Hyperband of 9": search.Hyperband{MaxSteps: 9},
	} {
		t.Run(name, func(t *testing.T) { searchtest.Pruner(t, p) })
	}
}

func TestMemoryJournalConforms(t *testing.T) {
	searchtest.Journal(t, func(*testing.T) (j, other search.Journal) {
		m := search.NewMemoryJournal()
		return m, m
	})
}
