// Package journal keeps studies in a file: an append-only log in Optuna's journal
// format, one JSON object a line, that several goroutines, processes and machines
// write at the same time, processes of Optuna (JournalFileBackend) among them.
//
// # Writing
//
// [File.Update] takes the lock, reads what others have appended, and appends
// whole lines in one write that is on stable storage before it returns. A write
// that fails is taken back, so no half line stays. A process that dies in the
// middle of a write can leave one: a last line without its line feed. Readers do
// not see it, since it may still be being written; the next writer, who has the
// lock and so knows better, cuts it off with a warning. Anything else that is
// not a line of the format is a [*DamageError], which names the line. [Check]
// lists the damage of a file, [Repair] mends what can be mended without guessing.
//
// # The lock
//
// There are two. The one for everybody is Optuna's: a symbolic link FILE.lock to
// the log (on Windows, and where the file system has no links, a file that is
// created exclusively, as by Optuna's JournalFileOpenLock). Whoever finds it waits; when neither the link nor the log
// has changed for 30 seconds its holder is taken for dead and the link is renamed
// away. The other one is the operating system's, on the log itself (flock,
// LockFileEx), which Optuna does not look at. It goes with the process, so a link
// that one of ours left when it was killed is known at once by whoever gets the
// system's lock on the same host, and removed. To tell our links from Optuna's
// and from those of other hosts, their target spells the log's name in a way of
// its own: a run of "./" and ".//" that encodes the host.
//
// Where the file system has no such lock, ours is Optuna's alone.
package journal
