//go:build openblas

package gorgonia

import (
	"testing"

	"mnisttune/nn/nntest"
)

func TestOpenBLAS(t *testing.T) { nntest.Backend(t, "openblas", nntest.Options{}) }

func TestOpenBLASProducts(t *testing.T) { testGemm(t, openBLAS) }
