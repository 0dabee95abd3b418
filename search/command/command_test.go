package command_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mnisttune/search"
	"mnisttune/search/command"
)

// helperEnv makes the test binary a program for trials instead: see helpers.
const helperEnv = "COMMAND_TEST_HELPER"

func TestMain(m *testing.M) {
	if name := os.Getenv(helperEnv); name != "" {
		os.Unsetenv(helperEnv)
		helpers[name](os.Args[1:])
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// helpers are what the test binary can be.
var helpers = map[string]func(args []string){
	"print": func(args []string) { // its arguments, one a line
		for _, arg := range args {
			fmt.Println(arg)
		}
	},
	"args": func(args []string) { // its arguments and variables as attributes
		fmt.Printf("{\"value\": 1, \"args\": %q, \"variable\": %q, \"number\": %q, \"extra\": %q, \"left over\": %q}\n",
			strings.Join(args, "|"), os.Getenv("MNIST_TUNE_PARAM_LEARNING_RATE"), os.Getenv("MNIST_TUNE_TRIAL"), os.Getenv("EXTRA"), os.Getenv("MNIST_TUNE_PARAM_LEFT_OVER"))
	},
	"exit": func([]string) {
		for i := range 9 {
			fmt.Fprintf(os.Stderr, "line %d\n", i)
		}
		fmt.Println("value: 1")
		os.Exit(3)
	},
	"long": func([]string) { // a line above the limit between two others, the last without an end
		fmt.Println("value: 1")
		fmt.Println("value: " + strings.Repeat("9", 1<<20+1))
		fmt.Print("report: 1 0.5")
	},
	"flood": func([]string) {
		for i := range 100_000 {
			fmt.Printf("line %d\n", i)
			fmt.Fprintf(os.Stderr, "line %d\n", i)
		}
		fmt.Println("value: 7")
	},
}

// helper returns a command that is the test binary as one of the helpers.
func helper(t *testing.T, name string, args ...string) *command.Command {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &command.Command{Args: append([]string{exe}, args...), Env: []string{helperEnv + "=" + name, "GORACE=atexit_sleep_ms=0"}}
}

// anySpace is for commands that look at no parameter.
func anySpace(t testing.TB) search.Space { return space(t, search.Float("x", 0, 1)) }

func space(t testing.TB, params ...search.Param) search.Space {
	t.Helper()
	s, err := search.NewSpace(params...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// result is how an evaluation of a command ended.
type result struct {
	value   float64
	err     error
	trial   search.Trial
	elapsed time.Duration
}

// evaluate has a command evaluated for one trial.
func evaluate(ctx context.Context, t testing.TB, c *command.Command, o search.StudyOptions, onEvent func(search.Event)) result {
	t.Helper()
	if o.Space.Len() == 0 {
		o.Space = anySpace(t)
	}
	if err := c.Validate(o.Space); err != nil {
		t.Fatal(err)
	}
	study, err := search.NewStudy(o)
	if err != nil {
		t.Fatal(err)
	}
	var r result
	_ = search.Optimize(ctx, study, func(ctx context.Context, e *search.Evaluation) (float64, error) {
		start := time.Now()
		r.value, r.err = c.Evaluate(ctx, e)
		r.elapsed = time.Since(start)
		return r.value, r.err
	}, search.OptimizeOptions{Trials: 1, OnEvent: onEvent})
	r.trial = study.Trials()[0]
	return r
}

// wantError checks that an error has all texts in it.
func wantError(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", texts)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the error %q does not have %q", err, text)
		}
	}
}

func TestEvaluateValue(t *testing.T) {
	for _, test := range []struct {
		lines []string
		value float64
	}{
		{[]string{"value: 0.5"}, 0.5},
		{[]string{"  VALUE :1e-3 \r"}, 1e-3},
		{[]string{"value: 1", "noise", "value:2"}, 2},
		{[]string{`{"value": 3}`, "values: 4", "the value: 5"}, 3},
		{[]string{"value: -inf"}, math.Inf(-1)},
		{[]string{"value: 1e999"}, math.Inf(1)},
		{[]string{`{"value": NaN}`}, math.NaN()},
		{[]string{"value: 6", "report: 1 9"}, 6},
	} {
		r := evaluate(t.Context(), t, helper(t, "print", escape(test.lines)...), search.StudyOptions{}, nil)
		if r.err != nil || r.value != test.value && !(math.IsNaN(r.value) && math.IsNaN(test.value)) {
			t.Errorf("%q: value %v, error %v, want %v", test.lines, r.value, r.err, test.value)
		}
	}
}

func escape(lines []string) []string {
	var out []string
	for _, line := range lines {
		out = append(out, strings.NewReplacer("{", "{{", "}", "}}").Replace(line))
	}
	return out
}

func TestEvaluateReportsAndAttributes(t *testing.T) {
	c := helper(t, "print", escape([]string{
		"report: 1 0.5", "Report:2   0.25", `{"step": 3, "value": 0.125, "ignored": 1}`, "report: x 1", `{"step": 4}`,
		`{"value": 0.1, "parameters": 51000, "note": {"a": [1, null]}, "rate": NaN}`,
	})...)
	r := evaluate(t.Context(), t, c, search.StudyOptions{}, nil)
	if got := fmt.Sprint(r.trial.Reports); r.err != nil || got != "[{1 0.5} {2 0.25} {3 0.125}]" {
		t.Errorf("reports %s, error %v", got, r.err)
	}
	for key, want := range map[string]string{"parameters": "51000", "note": `{"a":[1,null]}`, "rate": `"NaN"`, "ignored": "", "value": ""} {
		if got := string(r.trial.Attrs[key]); got != want {
			t.Errorf("attribute %s is %s, want %s", key, got, want)
		}
	}
}

func TestEvaluateLongLine(t *testing.T) {
	r := evaluate(t.Context(), t, helper(t, "long"), search.StudyOptions{}, nil)
	if r.err != nil || r.value != 1 || len(r.trial.Reports) != 1 {
		t.Errorf("value %v, reports %v, error %v", r.value, r.trial.Reports, r.err)
	}
}

func TestEvaluateFlood(t *testing.T) {
	c := helper(t, "flood")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	r := evaluate(t.Context(), t, c, search.StudyOptions{}, nil)
	if r.err != nil || r.value != 7 || bytes.Count(stderr.Bytes(), []byte("\n")) != 100_000 {
		t.Errorf("value %v, error %v, %d bytes of stderr", r.value, r.err, stderr.Len())
	}
}

func TestEvaluateArgumentsAndEnvironment(t *testing.T) {
	t.Setenv("MNIST_TUNE_PARAM_LEFT_OVER", "of another tuner")
	c := helper(t, "args", "--lr={learning_rate}", "{n} {word}", "{trial}", "{{x}}", "--momentum={momentum}")
	c.Env = append(c.Env, "EXTRA=more")
	r := evaluate(t.Context(), t, c, search.StudyOptions{Space: space(t,
		search.Float("learning_rate", 1e-5, 1e-5), search.Int("n", 32, 32), search.Words("word", `a "b" $(c) 'd'`),
		search.Param{Name: "momentum", Kind: search.Real, Low: 0, High: 1, When: &search.Condition{Param: "n", Op: "==", Value: 1}},
	)}, nil)
	if r.err != nil {
		t.Fatal(r.err)
	}
	for key, want := range map[string]string{
		"args": `"--lr=1e-05|32 a \"b\" $(c) 'd'|0|{x}"`, "variable": `"1e-05"`, "number": `"0"`, "extra": `"more"`, "left over": `""`,
	} {
		if got := strings.ReplaceAll(string(r.trial.Attrs[key]), `\u0026`, "&"); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
}

func TestEvaluateExitCode(t *testing.T) {
	r := evaluate(t.Context(), t, helper(t, "exit"), search.StudyOptions{}, nil)
	wantError(t, r.err, "exit status 3", "line 4\n\tline 5\n\tline 6\n\tline 7\n\tline 8", filepath.Base(os.Args[0]))
	var exit *exec.ExitError
	if !errors.As(r.err, &exit) || strings.Contains(r.err.Error(), "line 3") || r.trial.State != search.Failed {
		t.Errorf("error %v, state %v", r.err, r.trial.State)
	}
}

func TestEvaluateNoValue(t *testing.T) {
	r := evaluate(t.Context(), t, helper(t, "print", "report: 1 0.5"), search.StudyOptions{}, nil)
	wantError(t, r.err, "printed no 'value: X' line")
	r = evaluate(t.Context(), t, helper(t, "print", "value: 97 %"), search.StudyOptions{}, nil)
	wantError(t, r.err, "printed no 'value: X' line", "value: 97 %")
}

func TestEvaluateNotStartable(t *testing.T) {
	dir := t.TempDir()
	c := &command.Command{Args: []string{filepath.Join(dir, "{trial}")}}
	wantError(t, evaluate(t.Context(), t, c, search.StudyOptions{}, nil).err, filepath.Join(dir, "0"), "could not be started")
	for _, program := range []string{"no-such-program-anywhere", "./no-such-file", dir} {
		wantError(t, (&command.Command{Args: []string{program}}).Validate(anySpace(t)), strings.Trim(strconv.Quote(program), `"`))
	}
}

func TestEvaluateReportRefused(t *testing.T) {
	r := evaluate(t.Context(), t, helper(t, "print", "report: 1 0.5", "report: 1 0.5", "value: 1"), search.StudyOptions{}, nil)
	wantError(t, r.err, "step 1")
	if r.trial.State != search.Failed {
		t.Errorf("state %v", r.trial.State)
	}
}

func TestEvaluateConcurrently(t *testing.T) {
	c := helper(t, "print", "report: 1 {x}", "value: {x}")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	study, err := search.NewStudy(search.StudyOptions{Space: anySpace(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := search.Optimize(t.Context(), study, c.Evaluate, search.OptimizeOptions{Trials: 12, Jobs: 4}); err != nil {
		t.Fatal(err)
	}
	for _, trial := range study.Trials() {
		if x, _ := trial.Params.Float("x"); trial.State != search.Complete || trial.Values[0] != x || trial.Reports[0].Value != x {
			t.Errorf("%+v", trial)
		}
	}
}

func TestValidate(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := space(t, search.Float("learning_rate", 0, 1), search.Int("n", 1, 3), search.Param{
		Name: "momentum", Kind: search.Real, Low: 0, High: 1, When: &search.Condition{Param: "n", Op: "==", Value: 1},
	})
	args := func(a ...string) *command.Command { return &command.Command{Args: append([]string{exe}, a...)} }
	for _, test := range []struct {
		command *command.Command
		want    string // "": valid
	}{
		{args("{learning_rate}{n}", "{trial}", "{{n}}", "--momentum={momentum}", "x", "{momentum}"), ""},
		{args("{lr}"), "have: learning_rate, n, momentum, trial"},
		{args("{"), "without a }"},
		{args("}"), "write }}"},
		{args("{}"), "names no parameter"},
		{args("--momentum", "{momentum}"), "--momentum={momentum}"},
		{&command.Command{}, "no program"},
		{&command.Command{Args: []string{"a", "b"}, Shell: true}, "one text"},
		{&command.Command{Args: []string{"{momentum}"}}, "depends on"},
		{&command.Command{Args: []string{exe}, Dir: "no-such-directory"}, "no-such-directory"},
		{&command.Command{Args: []string{exe}, Env: []string{"NAME"}}, "NAME=value"},
		{&command.Command{Args: []string{exe}, Grace: -1}, "negative"},
		{&command.Command{Args: []string{exe}, Timeout: -1}, "negative"},
	} {
		err := test.command.Validate(s)
		if test.want == "" && err != nil {
			t.Errorf("%q: %v", test.command.Args, err)
		} else if test.want != "" {
			wantError(t, err, test.want)
		}
	}
	wantError(t, args().Validate(space(t, search.Float("a-b", 0, 1), search.Float("A_B", 0, 1))), "MNIST_TUNE_PARAM_A_B")
	wantError(t, args("{trial}").Validate(space(t, search.Float("trial", 0, 1))), "rename")
	if err := args("{{trial}}").Validate(space(t, search.Float("trial", 0, 1))); err != nil {
		t.Error(err)
	}
}

// lockedBuffer is a buffer that may be read while it is written to.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
