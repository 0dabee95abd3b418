package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mnisttune/search"
	"mnisttune/search/journal"
)

func newStudy(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "study",
		Short: "Look after the files that searches are kept in",
		Long: `Look after the files that searches are kept in: study logs in Optuna's journal
format. FILE is mnist-tune.study where it is left out.`,
		Example: `  mnist-tune study list
  mnist-tune study show mnist-tune.study --json
  mnist-tune study stop mnist-tune.study      # running searches begin no new trials
  mnist-tune study check mnist-tune.study && echo sound
  mnist-tune study repair mnist-tune.study`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var name string
	sub := func(use, short string, run func(cmd *cobra.Command, path string) error) *cobra.Command {
		c := &cobra.Command{
			Use: use + " [FILE]", Short: short,
			Args: func(_ *cobra.Command, args []string) error {
				if len(args) > 1 {
					return usage(fmt.Errorf("unexpected argument %q", args[1]))
				}
				return nil
			},
			RunE: func(cmd *cobra.Command, args []string) error {
				return run(cmd, append(args, defaultStudyFile)[0])
			},
		}
		cmd.AddCommand(c)
		return c
	}
	sub("list", "List the studies in a file", a.listStudies)
	show := sub("show", "Show a study's trials", func(cmd *cobra.Command, path string) error { return a.showStudy(cmd, path, name) })
	stop := sub("stop", "Ask the running searches of a study to begin no new trials", func(cmd *cobra.Command, path string) error { return a.stopStudy(cmd, path, name) })
	for _, c := range []*cobra.Command{show, stop} {
		c.Flags().StringVar(&name, "study-name", "", "name of the study in the file, where there are several")
	}
	sub("check", "Say whether a file is sound", a.checkStudy)
	sub("repair", "Mend a file that was cut off in the middle of a line", a.repairStudy)
	return cmd
}

// studyListing is what study list prints of a study.
type studyListing struct {
	Name       string         `json:"name"`
	Directions []string       `json:"directions"`
	Trials     map[string]int `json:"trials"` // by state
	Best       *bestReport    `json:"best"`
	Seed       *uint64        `json:"seed"` // null for a study of another program
	trials     int
	direction  []search.Direction
}

func listing(s *search.StudyRecord) studyListing {
	out := studyListing{Name: s.Name, Trials: make(map[string]int), trials: len(s.Trials), direction: s.Directions}
	for _, d := range s.Directions {
		out.Directions = append(out.Directions, d.String())
	}
	for _, t := range s.Trials {
		out.Trials[t.State.String()]++
	}
	if best, ok := search.BestOf(s.Directions[0], publicTrials(s)); ok {
		value, _ := best.Value()
		out.Best = &bestReport{Number: best.Number, Params: best.Params, Value: value}
	}
	if c, ok, err := s.Constants(); ok && err == nil {
		out.Seed = &c.Seed
	}
	return out
}

func (a *app) listStudies(cmd *cobra.Command, path string) error {
	replay, err := readStudies(cmd.Context(), path)
	if err != nil {
		return err
	}
	list := []studyListing{}
	for _, s := range replay.Studies() {
		list = append(list, listing(s))
	}
	if a.json {
		return a.printJSON(map[string]any{"file": path, "studies": list})
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "study\tdirection\ttrials\tfinished\tbest")
	for _, s := range list {
		best := "-"
		if s.Best != nil {
			best = fmt.Sprintf("%.4f (#%d: %v)", s.Best.Value, s.Best.Number, s.Best.Params)
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\n", s.Name, strings.Join(s.Directions, ", "), s.trials, s.trials-s.Trials["running"]-s.Trials["waiting"], best)
	}
	return table.Flush()
}

// theStudy returns the study of that name in a file, or the only one there is.
func theStudy(cmd *cobra.Command, path, name string) (*search.StudyRecord, error) {
	replay, err := readStudies(cmd.Context(), path)
	if err != nil {
		return nil, err
	}
	studies := replay.Studies()
	switch {
	case name != "":
		if s := replay.Study(name); s != nil {
			return s, nil
		}
		return nil, usage(fmt.Errorf("%s holds no study %q, but %s", path, name, describeStudies(studies)))
	case len(studies) == 0:
		return nil, fmt.Errorf("%s holds no study", path)
	case len(studies) > 1:
		return nil, usage(fmt.Errorf("%s holds %s: say which with --study-name", path, describeStudies(studies)))
	}
	return studies[0], nil
}

func (a *app) showStudy(cmd *cobra.Command, path, name string) error {
	record, err := theStudy(cmd, path, name)
	if err != nil {
		return err
	}
	settings, _, err := settingsOf(record)
	if err != nil {
		return err
	}
	constants, known, err := record.Constants()
	if err != nil {
		return err
	}
	r := newSearchReport(&studyPlace{file: path, name: record.Name}, settings, constants)
	if !known {
		r.Method, r.Metric, r.Space = "another program", "value", parameterNames(record)
	}
	trials := publicTrials(record)
	r.addTrials(record.Directions, trials)
	retests, err := parseRetests(record.UserAttrs[retestAttr])
	if err != nil {
		return fmt.Errorf("study %q: %w", record.Name, err)
	}
	r.recommend(record.Directions[0], search.Top(record.Directions[0], trials, settings.Retest), retests, settings.RetestSeeds)
	return r.print(a)
}

// parameterNames returns the names of all parameters of a study, in the order in which
// they appear.
func parameterNames(record *search.StudyRecord) []string {
	var names []string
	for _, t := range record.Trials {
		for _, d := range t.Distributions {
			if !slices.Contains(names, d.Name) {
				names = append(names, d.Name)
			}
		}
	}
	return names
}

func (a *app) stopStudy(cmd *cobra.Command, path, name string) error {
	record, err := theStudy(cmd, path, name)
	if err != nil {
		return err
	}
	log, err := journal.Open(path, journal.Options{Logger: warnings(a.stderr)})
	if err != nil {
		return err
	}
	if err := search.RequestStop(cmd.Context(), log, record.Name); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"file": path, "study": record.Name, "stop": true})
	}
	fmt.Fprintf(a.stdout, "searches of the study %q will end when their running trials have\n", record.Name)
	return nil
}

// checkReport is what study check prints with --json.
type checkReport struct {
	File     string   `json:"file"`
	Sound    bool     `json:"sound"`
	Mendable bool     `json:"mendable"` // study repair would make it sound
	Studies  int      `json:"studies"`
	Trials   int      `json:"trials"`
	Lines    int      `json:"lines"`
	Torn     int64    `json:"torn_bytes"` // of a last line that was cut off
	Damage   []string `json:"damage"`
}

func (a *app) checkStudy(_ *cobra.Command, path string) error {
	r, err := journal.Check(path)
	if err != nil {
		return err
	}
	out := checkReport{
		File: path, Sound: r.Damaged == 0, Mendable: r.Mendable(), Studies: r.Studies, Trials: r.Trials, Lines: r.Ops, Torn: r.Torn, Damage: []string{},
	}
	for _, d := range r.Damage {
		out.Damage = append(out.Damage, d.Error())
	}
	if err := a.printCheck(out); err != nil || out.Sound {
		return err
	}
	if out.Mendable {
		return fmt.Errorf("%s is damaged in %d lines: mnist-tune study repair %s mends it", path, r.Damaged, path)
	}
	return fmt.Errorf("%s is damaged in %d lines", path, r.Damaged)
}

func (a *app) printCheck(r checkReport) error {
	if a.json {
		return a.printJSON(r)
	}
	for _, d := range r.Damage {
		fmt.Fprintln(a.stdout, d)
	}
	if r.Torn > 0 {
		fmt.Fprintf(a.stdout, "the last line was cut off (%d bytes): the next search removes it\n", r.Torn)
	}
	_, err := fmt.Fprintf(a.stdout, "%d studies, %d trials in %d lines\n", r.Studies, r.Trials, r.Lines)
	return err
}

func (a *app) repairStudy(cmd *cobra.Command, path string) error {
	r, err := journal.Repair(cmd.Context(), path, journal.Options{Logger: warnings(a.stderr)})
	if err != nil {
		if errors.Is(err, journal.ErrNotMendable) {
			return fmt.Errorf("%w; nothing was changed", err)
		}
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"file": path, "damaged_lines": r.Damaged, "torn_bytes": r.Torn, "kept": r.Kept})
	}
	if r.Kept == "" {
		_, err = fmt.Fprintf(a.stdout, "%s is sound; nothing was changed\n", path)
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "mended %d lines of %s; the damaged file is kept as %s\n", r.Damaged, path, r.Kept)
	return err
}
