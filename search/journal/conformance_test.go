package journal_test

import (
	"path/filepath"
	"testing"

	"mnisttune/search"
	"mnisttune/search/journal"
	"mnisttune/search/searchtest"
)

func TestConformance(t *testing.T) {
	searchtest.Journal(t, func(t *testing.T) (j, other search.Journal) {
		path := filepath.Join(t.TempDir(), "study.log")
		open := func() search.Journal {
			f, err := journal.Open(path, journal.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		return open(), open()
	})
}
