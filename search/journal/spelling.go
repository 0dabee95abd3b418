package journal

import (
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// spellingBits is how many bits of a host's hash a link tells.
const spellingBits = 16

// ourSpelling returns the log's name as the target of our links, relative to
// their directory: for each bit of this host's hash "./" or ".//", then the name.
// It resolves to the log as the plain name does, but nobody else writes it.
func ourSpelling(path string) string {
	var b strings.Builder
	for i := range spellingBits {
		b.WriteString("./")
		if host()>>i&1 == 1 {
			b.WriteByte('/')
		}
	}
	return b.String() + filepath.Base(path)
}

// host returns a number that tells hosts apart and that a restart does not change.
var host = sync.OnceValue(func() uint32 {
	h := fnv.New32a()
	name, _ := os.Hostname()
	id, _ := os.ReadFile("/etc/machine-id") // where there is none, the name must do
	h.Write([]byte(name))
	h.Write(id)
	return h.Sum32()
})
