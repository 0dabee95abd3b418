package journal

// lockState is what an attempt at the system's lock ends in.
type lockState int

const (
	lockTaken lockState = iota // it is ours until the file is closed
	lockBusy                   // somebody has it
	lockNone                   // there is none here
)
