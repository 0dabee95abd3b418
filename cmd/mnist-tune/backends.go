package main

// Backends beside the default one. Build tags decide what each of them registers.
import (
	_ "mnisttune/nn/cuda"
	_ "mnisttune/nn/gorgonia"
)
