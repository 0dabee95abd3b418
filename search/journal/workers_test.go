package journal

import (
	"path/filepath"
	"testing"

	"mnisttune/search"
)

func TestPresence(t *testing.T) {
	f, err := Open(filepath.Join(t.TempDir(), "log"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	worker := search.NewWorker()
	check := func(what, worker string, wantDead, wantKnown bool) {
		t.Helper()
		if dead, known := f.Dead(worker); dead != wantDead || known != wantKnown {
			t.Errorf("%s: dead %v, known %v", what, dead, known)
		}
	}
	check("never enlisted", worker, true, true)
	check("of another host", "nowhere/1/x", false, false)
	check("of another program", "5ab2", false, false)
	p, err := f.Enlist(worker)
	if err != nil {
		t.Fatal(err)
	}
	check("enlisted", worker, false, true)
	if _, err := f.Enlist(worker); err == nil {
		t.Error("enlisted twice")
	}
	if err := p.file.Close(); err != nil { // as when the process dies
		t.Fatal(err)
	}
	check("dead", worker, true, true)
	if p, err = f.Enlist(worker); err != nil {
		t.Fatalf("after its death: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	check("gone", worker, true, true)
}
