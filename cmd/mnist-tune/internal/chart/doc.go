// Package chart draws a comparison of search methods as a PNG or SVG file: how good the
// best trial so far is after each trial, and how good what is recommended turns out to be.
//
// Why gonum.org/v1/plot (BSD-3-Clause, pure Go): it is kept by those who keep gonum, which
// this module has anyway, draws lines, bands and error bars on one canvas for all formats,
// and brings its fonts along, so a figure is the same on every machine and needs no other
// program.
package chart
