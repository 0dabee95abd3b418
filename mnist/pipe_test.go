//go:build unix

package mnist

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestLoadNoRegularFile(t *testing.T) {
	dir := folder(t, map[string][]byte{"train-images-idx3-ubyte": nil})
	path := filepath.Join(dir, "train-images-idx3-ubyte")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	checkOneLine(t, dir, "train-images-idx3-ubyte", "this is a directory", Options{})
	os.Remove(path)
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		checkOneLine(t, dir, "train-images-idx3-ubyte", "this is no regular file", Options{})
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("reading a pipe hangs")
	}
}
