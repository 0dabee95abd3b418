package bayes_test

import (
	"testing"

	"mnisttune/bayes"
	"mnisttune/search/searchtest"
)

func TestConformance(t *testing.T) { searchtest.Sampler(t, &bayes.Sampler{}) }
