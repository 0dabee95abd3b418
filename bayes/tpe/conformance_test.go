package tpe_test

import (
	"testing"

	"mnisttune/bayes/tpe"
	"mnisttune/search/searchtest"
)

// The sampler keeps what every sampler promises.
func TestConformance(t *testing.T) { searchtest.Sampler(t, &tpe.Sampler{}) }
