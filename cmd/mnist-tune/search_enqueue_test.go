package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mnisttune/search"
)

// paramsOf returns the parameters of a report's trial as text.
func paramsOf(t *testing.T, report map[string]any, number int) string {
	t.Helper()
	raw, err := json.Marshal(report["trials"].([]any)[number].(map[string]any)["params"])
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestSearchEnqueue(t *testing.T) {
	dir, file := smallData(t), filepath.Join(t.TempDir(), "study")
	args := []string{
		"search", "--data", dir, "--study", file, "--trials", "4", "--epochs", "2", "--seed", "5", "--width", "8", "--json",
		"--enqueue", "learning_rate=0.01 batch_size=64 num_layers=2", "--enqueue", "num_layers=3,batch_size=32",
	}
	code, stdout, stderr := call(t, args...)
	if code != exitDone || !strings.Contains(stderr, "enqueued 2 of 2 configurations\n") {
		t.Fatalf("%d, %s", code, stderr)
	}
	got := object(t, stdout)
	if p := paramsOf(t, got, 0); p != `{"batch_size":64,"learning_rate":0.01,"num_layers":2}` {
		t.Errorf("the first trial is %s", p)
	}
	if p := paramsOf(t, got, 1); !strings.Contains(p, `"batch_size":32`) || !strings.Contains(p, `"num_layers":3`) || !strings.Contains(p, "learning_rate") {
		t.Errorf("the second trial is %s", p)
	}
	// The same command again changes nothing; a new configuration comes next, if there is room.
	code, stdout, stderr = call(t, args...)
	if code != exitDone || !strings.Contains(stderr, "enqueued 0 of 2 configurations (the others are in the study already)") || !reflect.DeepEqual(essence(object(t, stdout)), essence(got)) {
		t.Errorf("%d, %s", code, stderr)
	}
	code, stdout, stderr = call(t, "search", "--data", dir, "--study", file, "--enqueue", "learning_rate=0.02 batch_size=64 num_layers=1", "--json")
	if trials := object(t, stdout)["trials"].([]any); code != exitDone || trials[4].(map[string]any)["state"] != "waiting" || !strings.Contains(stderr, "1 enqueued trials wait") {
		t.Errorf("%d, %s, %v", code, stderr, trials[4])
	}
	more := callJSON(t, "search", "--data", dir, "--study", file, "--trials", "5")
	if p := paramsOf(t, more, 4); len(more["trials"].([]any)) != 5 || p != `{"batch_size":64,"learning_rate":0.02,"num_layers":1}` {
		t.Errorf("the fifth trial is %s", p)
	}
}

// What is wrong is said before anything is written.
func TestWrongPriorsWriteNothing(t *testing.T) {
	folder := t.TempDir()
	csv := func(text string) string {
		file := filepath.Join(folder, "old.csv")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, c := range []struct{ enqueue, metric, warm, want string }{
		{enqueue: "learning_rate=7", want: `--enqueue "learning_rate=7": search: parameter "learning_rate": 7 is outside`},
		{enqueue: "learning_rate=fast", want: `"fast" is no finite number`},
		{enqueue: "depth=3", want: `unknown parameter "depth" (have: learning_rate, batch_size, num_layers)`},
		{enqueue: "batch_size 64", want: `want NAME=VALUE, separated by spaces or commas`},
		{enqueue: " ", want: "it names no parameter"},
		{warm: "", want: "old.csv: it is empty"},
		{warm: "learning_rate,batch_size,num_layers\n", want: "old.csv:1: there is no column value or val_accuracy or mean_test_score (have: learning_rate, batch_size, num_layers)"},
		{metric: "val_accuracy,parameters", warm: "learning_rate,batch_size,num_layers,value,parameters\n", want: "old.csv:1: there is no column values_0 or val_accuracy"},
		{warm: "learning_rate,batch_size,value\n", want: "old.csv:1: there is no column num_layers or param_num_layers"},
		{warm: "learning_rate,batch_size,num_layers,value\n0.01,64,2,0.9\n0.01,65,2,0.9\n", want: `old.csv:3:6: search: parameter "batch_size": 65 is not one of [32 64 128]`},
		{warm: "learning_rate,batch_size,num_layers,value\n0.01,64,,0.9\n", want: `old.csv:2: search: parameter "num_layers" is missing`},
		{warm: "learning_rate,batch_size,num_layers,value\n0.01,64,2,good\n", want: `old.csv:2:11: "good" is no number`},
		{warm: "learning_rate,batch_size,num_layers,value\n0.01,64\n", want: `old.csv:2:1: wrong number of fields`},
		{warm: "learning_rate,batch_size,num_layers,value,state\n0.01,64,2,0.9,resting\n", want: `old.csv:2:15: search: unknown trial state "resting"`},
		{warm: "learning_rate,batch_size,num_layers,value,state\n0.01,64,2,,COMPLETE\n", want: `old.csv:2:11: a complete trial has a value`},
		{warm: "learning_rate,batch_size,num_layers,value,seconds\n0.01,64,2,0.9,-3\n", want: `old.csv:2:15: "-3" is no duration in seconds`},
		{warm: "learning_rate,batch_size,num_layers,value\n\"0.01,64,2,0.9\n", want: `old.csv:2:16: extraneous or missing`},
	} {
		study := filepath.Join(folder, "study")
		args := []string{"search", "--study", study, "--seed", "1"}
		if c.enqueue != "" {
			args = append(args, "--enqueue", c.enqueue)
		} else {
			args = append(args, "--warm", csv(c.warm))
		}
		if c.metric != "" {
			args = append(args, "--metric", c.metric)
		}
		code, _, stderr := call(t, args...)
		if code != exitUsage || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") > 2 {
			t.Errorf("%q %q: %d, %s; want %s", c.enqueue, c.warm, code, stderr, c.want)
		}
		if _, err := os.Stat(study); err == nil {
			t.Fatalf("%q %q: the study was begun", c.enqueue, c.warm)
		}
	}
	if code, _, stderr := call(t, "search", "--warm", filepath.Join(folder, "none.csv")); code != exitUsage || !strings.Contains(stderr, "none.csv") {
		t.Errorf("%d, %s", code, stderr)
	}
}

// The forms that other programs write.
func TestReadOldResults(t *testing.T) {
	space, err := search.ParseSpace([]string{"rate=1e-5..1.0:log", "layers=1..3", "rule=sgd,adam", "speed=0.5..0.9:when=rule=sgd"})
	if err != nil {
		t.Fatal(err)
	}
	adam, sgd := search.Params{"rate": 0.01, "layers": 2, "rule": "adam"}, search.Params{"rate": 0.1, "layers": 3, "rule": "sgd", "speed": 0.75}
	complete, failed, one := search.Complete, search.Failed, []string{"loss"}
	type trial struct {
		state  search.State
		params search.Params
		value  float64
	}
	for name, c := range map[string]struct {
		text       string
		want       []trial
		unfinished int
		metrics    []string
	}{
		"plain":        {"rate,layers,rule,speed,value\n0.01,2,adam,,0.5\n0.1,3,sgd,0.75,0.25\n", []trial{{complete, adam, 0.5}, {complete, sgd, 0.25}}, 0, one},
		"the metric":   {"\ufeffloss, rule, layers, rate\n0.5, adam, 2, 1e-2\nnan, adam, 2, 1e-2\n", []trial{{complete, adam, 0.5}, {failed, adam, 0}}, 0, one},
		"scikit-learn": {",mean_fit_time,param_layers,param_rate,param_rule,param_speed,params,split0_test_score,split1_test_score,mean_test_score,rank_test_score\n0,1.5,2,0.01,adam,--,\"{'layers': 2, 'rate': 0.01}\",0.25,0.75,0.5,1\n1,1.5,3,0.1,sgd,0.75,{},0.25,0.25,0.25,2\n2,1,3,0.1,sgd,0.75,{},,,,3\n", []trial{{complete, adam, 0.5}, {complete, sgd, 0.25}, {failed, sgd, 0}}, 0, one},
		"optuna":       {",number,value,datetime_start,duration,params_layers,params_rate,params_rule,params_speed,state\n0,0,0.5,2026-01-02,0 days,2.0,0.01,adam,,COMPLETE\n1,1,,x,y,3.0,0.1,sgd,0.75,FAIL\n2,2,0.25,x,y,3,0.1,sgd,0.75,PRUNED\n3,3,,x,y,,,,,RUNNING\n4,4,,x,y,,,,,WAITING\n", []trial{{complete, adam, 0.5}, {failed, sgd, 0}, {search.Pruned, sgd, 0.25}}, 2, one},
		"objectives":   {"rate,layers,rule,speed,values_0,size\n0.01,2,adam,,0.5,7\n0.1,3,sgd,0.75,0.25,\n", []trial{{complete, adam, 0.5}, {failed, sgd, 0}}, 0, []string{"loss", "size"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseOldResults("old.csv", []byte(c.text), space, c.metrics)
			if err != nil {
				t.Fatal(err)
			}
			var trials []trial
			for _, o := range got.trials {
				value, _ := o.Value()
				trials = append(trials, trial{o.State, o.Params, value})
			}
			if !reflect.DeepEqual(trials, c.want) || got.unfinished != c.unfinished {
				t.Errorf("got %v, %d unfinished\nwant %v, %d", trials, got.unfinished, c.want, c.unfinished)
			}
			if name == "objectives" && got.trials[0].Values[1] != 7 {
				t.Errorf("values %v", got.trials[0].Values)
			}
			if name == "scikit-learn" && fmt.Sprint(got.trials[0].Scores()) != "[0.25 0.75]" {
				t.Errorf("scores %v", got.trials[0].Scores())
			}
		})
	}
}

// Whatever is read is a finished trial of the space.
func FuzzOldResults(f *testing.F) {
	for _, text := range []string{"rate,rule,value\n0.5,sgd,1\n", "param_rate,rule,loss,state,seconds,best_epoch\n1e-5,adam,nan,FAIL,1e9,3\n", "\ufeffrate,rule,value\n,,\n", "rate,rule,value\n\"0.5\n"} {
		f.Add([]byte(text))
	}
	space, err := search.ParseSpace([]string{"rate=1e-5..1.0:log", "rule=sgd,adam"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := parseOldResults("old.csv", data, space, []string{"loss"})
		if err != nil {
			return
		}
		s, err := search.NewStudy(search.StudyOptions{Space: space})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := s.Add(t.Context(), got.trials...); err != nil || n != len(got.trials) {
			t.Errorf("%d of %d added, %v", n, len(got.trials), err)
		}
	})
}

// The trials of a study, written as CSV, warm up another one, once.
func TestSearchWarm(t *testing.T) {
	dir, folder := smallData(t), t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	base := []string{"--data", dir, "--epochs", "4", "--width", "8"}
	old := callJSON(t, append([]string{"search", "--study", in("old"), "--trials", "6", "--seed", "5", "--pruner", "asha"}, base...)...)
	code, text, stderr := call(t, "trials", "--study", in("old"), "--format", "csv")
	if code != exitDone {
		t.Fatal(stderr)
	}
	if err := os.WriteFile(in("old.csv"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"search", "--study", in("new"), "--trials", "3", "--seed", "6", "--warm", in("old.csv"), "--enqueue", "num_layers=2", "--json"}, base...)
	code, stdout, stderr := call(t, args...)
	if code != exitDone || !strings.Contains(stderr, "added 6 earlier results from "+in("old.csv")+"\n") || !strings.Contains(stderr, "the study is kept in") || !strings.Contains(stderr, "trial 9/9") {
		t.Fatalf("%d, %s", code, stderr)
	}
	got := object(t, stdout)
	trials, before := got["trials"].([]any), old["trials"].([]any)
	if len(trials) != 9 || got["ended"] != "3 trials" {
		t.Fatalf("%d trials, %v", len(trials), got["ended"])
	}
	for i := range before {
		a, b := trials[i].(map[string]any), before[i].(map[string]any)
		for _, key := range []string{"state", "params", "value", "best_epoch"} {
			if !reflect.DeepEqual(a[key], b[key]) {
				t.Errorf("trial %d: %s is %v, was %v", i, key, a[key], b[key])
			}
		}
	}
	if p := trials[6].(map[string]any)["params"].(map[string]any); p["num_layers"] != 2.0 {
		t.Errorf("the first trial of its own is %v", p)
	}
	code, stdout, stderr = call(t, args...)
	if code != exitDone || !strings.Contains(stderr, "added 0 earlier results from "+in("old.csv")+" (6 are in the study already)") || !reflect.DeepEqual(essence(object(t, stdout)), essence(got)) {
		t.Errorf("again: %d, %s", code, stderr)
	}
}

// A winner that came from outside is trained for all epochs, where nothing else is known.
func TestImportedWinner(t *testing.T) {
	dir, folder := smallData(t), t.TempDir()
	file := filepath.Join(folder, "old.csv")
	if err := os.WriteFile(file, []byte("learning_rate,batch_size,num_layers,val_accuracy\n0.01,32,1,1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got := callJSON(t, "search", "--data", dir, "--warm", file, "--trials", "1", "--epochs", "3", "--width", "8", "--seed", "1")
	if best := got["best"].(map[string]any); best["number"] != 0.0 || got["refit_epochs"] != 3.0 || got["test_accuracy"] == nil {
		t.Errorf("%v, %v epochs, %v", best, got["refit_epochs"], got["test_accuracy"])
	}
}

// Earlier results of networks that --constraint does not allow do not win.
func TestImportedButNotAllowed(t *testing.T) {
	dir, file := smallData(t), filepath.Join(t.TempDir(), "old.csv")
	if err := os.WriteFile(file, []byte("width,val_accuracy\n64,1\n8,0.01\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got := callJSON(t, "search", "--data", dir, "--warm", file, "--param", "width=8,16,32,64", "--constraint", "parameters<=1000", "--trials", "1", "--epochs", "2", "--seed", "1", "--num-layers", "1")
	if best := got["best"].(map[string]any); best["number"] == 0.0 {
		t.Errorf("the best is %v", best)
	}
}

// Enqueued trials are handed out by hand and to a command.
func TestAskEnqueued(t *testing.T) {
	file := filepath.Join(t.TempDir(), "study")
	first := callJSON(t, "ask", "--study", file, "--direction", "minimize", "--param", "x=0.0..1.0", "--param", "n=1..9", "--seed", "1", "--enqueue", "x=0.5 n=3", "--enqueue", "n=4")
	if fmt.Sprint(first["params"]) != "map[n:3 x:0.5]" || first["number"] != 0.0 {
		t.Errorf("%v", first)
	}
	if code, _, stderr := call(t, "tell", "--study", file, "--trial", "1", "--value", "1"); code == exitDone || !strings.Contains(stderr, "trial 1 waits") {
		t.Errorf("%d, %s", code, stderr)
	}
	if second := callJSON(t, "ask", "--study", file); second["number"] != 1.0 || second["params"].(map[string]any)["n"] != 4.0 {
		t.Errorf("%v", second)
	}
	got := callJSON(t, "search", "--study", file, "--exec", "echo value: {x}", "--direction", "minimize", "--trials", "4", "--jobs", "1", "--enqueue", "x=0.25 n=9")
	if trial := got["trials"].([]any)[2].(map[string]any); trial["value"] != 0.25 {
		t.Errorf("%v", trial)
	}
}

// A search that was warmed up and has a queue, killed again and again, ends as one that
// was left alone.
func TestKilledSearchWithAQueueGoesOn(t *testing.T) {
	dir, folder := smallData(t), t.TempDir()
	csv := filepath.Join(folder, "old.csv")
	if err := os.WriteFile(csv, []byte("learning_rate,batch_size,num_layers,value\n0.01,32,1,0.5\n0.001,64,2,\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	args := func(file string) []string {
		return []string{
			"search", "--data", dir, "--method", "bayes", "--pruner", "asha", "--trials", "8", "--epochs", "150", "--jobs", "2", "--lag", "4", "--seed", "3", "--width", "32",
			"--study", filepath.Join(folder, file), "--warm", csv, "--enqueue", "num_layers=2", "--enqueue", "learning_rate=0.05 batch_size=64 num_layers=1", "--enqueue", "batch_size=128",
		}
	}
	want := essence(callJSON(t, args("alone")...))
	kills := killAgainAndAgain(t, filepath.Join(folder, "alone"), filepath.Join(folder, "killed"), args("killed"))
	var stderr bytes.Buffer
	cmd := program(t.Context(), append(args("killed"), "--json")...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	if got := essence(object(t, string(out))); !reflect.DeepEqual(got, want) {
		t.Errorf("after %d kills: got %v\nwant %v", kills, got, want)
	}
}
