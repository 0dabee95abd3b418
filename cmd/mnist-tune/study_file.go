package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mnisttune/nn"
	"mnisttune/search"
	"mnisttune/search/journal"
)

const (
	defaultStudyFile = "mnist-tune.study"
	defaultStudyName = "search"
	noStudyFile      = "none"
)

// studyFlags say in which file and under which name a study is kept.
type studyFlags struct{ file, name string }

func (f *studyFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "study", defaultStudyFile, "file that keeps the study; one that exists is gone on with (none: keep nothing)")
	f.addName(cmd)
}

func (f *studyFlags) addName(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.name, "study-name", "", "name of the study in the file, where there are several")
}

// addShown is add for a command that only shows a study.
func (f *studyFlags) addShown(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "study", defaultStudyFile, "file that keeps the study")
	f.addName(cmd)
}

// studyPlace is a file for a study and what is there already.
type studyPlace struct {
	file   string // empty: the study is kept in memory
	name   string
	record *search.StudyRecord // nil: a new study
}

// locate finds the study that the flags name; one that they do not name is refused, so
// that it is not gone on with by mistake. It creates nothing.
func (f *studyFlags) locate(cmd *cobra.Command) (*studyPlace, error) {
	p, err := f.locateAny(cmd)
	if err == nil && p.record != nil && !cmd.Flags().Changed("study") {
		return nil, usage(fmt.Errorf("%s holds %s already: go on with --study %s, or begin another one with --study FILE",
			p.file, describeStudies([]*search.StudyRecord{p.record}), p.file))
	}
	return p, err
}

// locateAny finds the study that the flags name.
func (f *studyFlags) locateAny(cmd *cobra.Command) (*studyPlace, error) {
	p := &studyPlace{file: f.file, name: f.name}
	if f.file == noStudyFile {
		p.file = ""
	}
	if p.name == "" {
		p.name = defaultStudyName
	}
	info, err := os.Stat(p.file)
	if p.file == "" || errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return p, nil
	}
	replay, err := readStudies(cmd.Context(), p.file)
	if err != nil {
		return nil, err
	}
	studies := replay.Studies()
	if f.name == "" && len(studies) > 1 {
		return nil, usage(fmt.Errorf("%s holds %s: say which with --study-name", p.file, describeStudies(studies)))
	}
	if f.name == "" && len(studies) == 1 {
		p.name = studies[0].Name
	}
	p.record = replay.Study(p.name)
	return p, nil
}

// readStudies reads a study log.
func readStudies(ctx context.Context, path string) (*search.Replay, error) {
	log, err := journal.Open(path, journal.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	return search.ReadJournal(ctx, log)
}

// describeStudies says what is in a file in a few words.
func describeStudies(studies []*search.StudyRecord) string {
	var out []string
	for _, s := range studies {
		finished := 0
		for _, t := range s.Trials {
			if t.State.Finished() {
				finished++
			}
		}
		text := fmt.Sprintf("the study %q (%d of %d trials finished", s.Name, finished, len(s.Trials))
		if best, ok := search.BestOf(s.Directions[0], publicTrials(s)); ok {
			value, _ := best.Value()
			text += fmt.Sprintf(", best %.4f", value)
		}
		out = append(out, text+")")
	}
	return strings.Join(out, ", ")
}

func publicTrials(s *search.StudyRecord) []search.Trial {
	out := make([]search.Trial, len(s.Trials))
	for i, t := range s.Trials {
		out[i] = t.Public()
	}
	return out
}

// open opens the study for a worker; close ends the worker's presence.
func (p *studyPlace) open(ctx context.Context, stderr io.Writer, o search.StudyOptions) (s *search.Study, closeStudy func() error, err error) {
	o.Name = p.name
	if p.file == "" {
		s, err = search.NewStudy(o)
		return s, func() error { return nil }, err
	}
	log, err := journal.Open(p.file, journal.Options{Logger: warnings(stderr)})
	if err != nil {
		return nil, nil, err
	}
	o.Journal, o.Workers, o.Worker = log, log, search.NewWorker()
	presence, err := log.Enlist(o.Worker)
	if err != nil {
		return nil, nil, err
	}
	if s, err = search.OpenStudy(ctx, o); err != nil {
		return nil, nil, errors.Join(err, presence.Close())
	}
	return s, presence.Close, nil
}

// warnings logs to w in plain lines.
func warnings(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

// settingsAttr is the study's user attribute that holds its searchSettings.
const settingsAttr = search.AttrPrefix + "search"

// searchSettings are what a study of this program stays with, beside its space, seed and
// lag.
type searchSettings struct {
	Objective string `json:"objective"` // training, command or manual
	Direction string `json:"direction"`
	Method    string `json:"method"`
	Metric    string `json:"metric"`
	Pruner    string `json:"pruner"`
	Trials    int    `json:"trials"` // that were asked for when it began; not binding
	Seed      uint64 `json:"seed"`

	// Of training.
	Config     nn.Config `json:"config"`
	Validation float64   `json:"validation_split"`
	Data       string    `json:"data"` // fingerprint of the training rows
	Build      string    `json:"build"`
	Kernels    string    `json:"kernels"`
	Backend    string    `json:"backend,omitempty"` // empty: the default one
	// Constraints are in the form of --constraint.
	Constraints []string `json:"constraints,omitempty"`
	Folds       int      `json:"folds,omitempty"`
	Features    int      `json:"features,omitempty"` // of a row
	Classes     int      `json:"classes,omitempty"`
	Seeds       int      `json:"seeds_per_trial,omitempty"`
	// Stop is when a search ends by itself, as in --stop; empty: never.
	Stop string `json:"stop,omitempty"`
	// Retest and RetestSeeds say what is trained again in the end; not binding.
	Retest      int `json:"retest,omitempty"`
	RetestSeeds int `json:"retest_seeds,omitempty"`

	// Of command.
	Exec    string        `json:"exec,omitempty"`
	Shell   bool          `json:"shell,omitempty"`
	Timeout time.Duration `json:"exec_timeout_ns,omitempty"`
	// Resource is the parameter that halving gives more of; empty: epochs.
	Resource string `json:"resource,omitempty"`
}

// What a study's objective may be.
const (
	objectiveTraining = "training"
	objectiveCommand  = "command"
	objectiveManual   = "manual" // ask and tell
)

// settingsOf returns what a study in a file stays with; ok is false for one that another
// program has begun.
func settingsOf(record *search.StudyRecord) (s searchSettings, ok bool, err error) {
	raw, ok := record.UserAttrs[settingsAttr]
	if !ok {
		return s, false, nil
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, false, fmt.Errorf("study %q: attribute %s: %w", record.Name, settingsAttr, err)
	}
	return s, true, nil
}

// flat returns the settings by the names of their flags.
func (s searchSettings) flat() map[string]any {
	out := map[string]any{"direction": s.Direction, "exec": s.Exec, "exec-shell": s.Shell, "exec-timeout": s.Timeout, "resource": s.Resource}
	if s.Objective == objectiveTraining {
		out = flagValues(s.Config)
		out["stop-epochs"] = out["patience"]
		delete(out, "patience")
		out["metric"], out["validation-split"] = s.Metric, s.Validation
		out["constraint"] = s.Constraints
		out["backend"] = cmp.Or(s.Backend, nn.DefaultBackend)
		out["folds"], out["seeds-per-trial"] = s.Folds, max(1, s.Seeds)
	}
	out["method"], out["pruner"], out["seed"] = s.Method, s.Pruner, s.Seed
	return out
}

// noteKept says that a study stays with its own value of a flag.
func noteKept(stderr io.Writer, flag string, given, kept any) {
	fmt.Fprintf(stderr, "note: --%s %v: the study was begun with %v and goes on with that\n", flag, given, kept)
}

// announce says which of the flags on the command line a study overrides.
func (s searchSettings) announce(cmd *cobra.Command, stderr io.Writer, fresh searchSettings) {
	mine, theirs := s.flat(), fresh.flat()
	var names []string
	for name := range mine {
		if f := cmd.Flags().Lookup(name); f != nil && f.Changed && fmt.Sprint(mine[name]) != fmt.Sprint(theirs[name]) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		noteKept(stderr, name, theirs[name], mine[name])
	}
	if s.Objective != objectiveTraining || fresh.Objective != objectiveTraining {
		return
	}
	if s.Kernels != fresh.Kernels {
		fmt.Fprintf(stderr, "note: the study was begun on the kernels %s, these are %s: results may differ in their last digits\n", s.Kernels, fresh.Kernels)
	} else if s.Build != fresh.Build {
		fmt.Fprintf(stderr, "note: the study was begun by another build (%s): results may differ\n", s.Build)
	}
}
