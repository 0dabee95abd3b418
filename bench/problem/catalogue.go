package problem

import (
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// tables are those of HPOBench; see tables/README.md.
//
//go:embed tables/*.csv.gz
var tables embed.FS

// tableNames are the tables that are here.
var tableNames = []string{"australian", "car", "phoneme", "vehicle"}

// formulas are the problems that are computed, in the order of Names.
var formulas = []func() Problem{
	Branin, SixHump, Hartmann3, Hartmann6, Rosenbrock4, Ackley5, Levy5, Michalewicz5, Styblinski5,
	Rosenbrock4Int, Func2C, Conditional, Descent,
	func() Problem { return Branin().WithNoise(1) },
	func() Problem { return Hartmann6().WithNoise(0.2) },
}

// Names lists all problems.
func Names() []string {
	var names []string
	for _, f := range formulas {
		names = append(names, f().Name)
	}
	for _, suffix := range []string{"", "4", "-noisy", "4-noisy"} {
		for _, name := range tableNames {
			names = append(names, name+suffix)
		}
	}
	return names
}

// Named returns a problem by its name.
func Named(name string) (Problem, error) {
	for _, f := range formulas {
		if p := f(); p.Name == name {
			return p, nil
		}
	}
	table, noisy := strings.CutSuffix(name, "-noisy")
	table, four := strings.CutSuffix(table, "4")
	if !slices.Contains(tableNames, table) {
		return Problem{}, fmt.Errorf("problem: unknown problem %q (have: %s)", name, strings.Join(Names(), ", "))
	}
	t, err := embedded(table)
	if err != nil {
		return Problem{}, err
	}
	if four {
		return t.Problem(0, noisy)
	}
	return t.Problem(Width, noisy)
}

// embedded reads a table that is here.
func embedded(name string) (*Table, error) {
	return tableFile(tables, "tables/"+name+".csv.gz")
}

// TablesIn reads all tables of a folder, files NAME.csv and NAME.csv.gz; see
// tables/README.md for more of them. It is an error if there are none.
func TablesIn(folder fs.FS) ([]*Table, error) {
	files, err := fs.Glob(folder, "*.csv*")
	if err != nil {
		return nil, err
	}
	var out []*Table
	for _, file := range files {
		t, err := tableFile(folder, file)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	if len(out) == 0 {
		return nil, errors.New("problem: the folder of tables has no file NAME.csv or NAME.csv.gz")
	}
	return out, nil
}

// tableFile reads a table from a CSV file, gzipped if its name says so.
func tableFile(folder fs.FS, file string) (*Table, error) {
	plain, zipped := strings.CutSuffix(path.Base(file), ".gz")
	name := strings.TrimSuffix(plain, ".csv")
	f, err := folder.Open(file)
	if err != nil {
		return nil, fmt.Errorf("problem: table %s: %w", name, err)
	}
	defer f.Close()
	if !zipped {
		return ReadTable(name, f)
	}
	in, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("problem: table %s: %w", name, err)
	}
	return ReadTable(name, in)
}
