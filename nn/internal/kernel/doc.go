// Package kernel holds the float32 loops that training spends its time in.
//
// A [Set] is one implementation of all of them. [Go] is the plain Go set: it is
// the documentation of what each kernel computes, the fallback on every
// processor, and the oracle that other sets are tested against.
//
// Matrices are stored in panels of 64 columns (see [Matrix]), so that one
// kernel serves every width, and kernels work on a [Part] of one, so that several
// threads may share a call and what belongs together stays in the cache.
//
// No kernel produces denormal moments: a value below the smallest normal
// float32 is stored as zero, because a processor computes on denormals up to a
// hundred times slower and the moments of rarely lit pixels decay into them.
package kernel
