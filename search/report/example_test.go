package report_test

import (
	"context"
	"fmt"
	"os"

	"mnisttune/search"
	"mnisttune/search/report"
)

// The trials of a study go in, a table comes out: the three best ones as Markdown.
func Example() {
	space, _ := search.NewSpace(search.Int("x", 0, 9), search.Words("rule", "sum", "square"))
	study, _ := search.NewStudy(search.StudyOptions{Space: space, Sampler: search.Grid{}, Directions: []search.Direction{search.Maximize}})
	search.Optimize(context.Background(), study, func(_ context.Context, e *search.Evaluation) (float64, error) {
		x, _ := e.Params.Float("x")
		if rule, _ := e.Params.Text("rule"); rule == "square" {
			return x * (6 - x), nil
		}
		return x + 1, nil
	}, search.OptimizeOptions{})

	table := report.New([]string{"x", "rule"}, search.Maximize, study.Trials())
	table, _ = table.Sort("rank_test_score")
	table, _ = table.Top(3).Select("trial", "param_x", "param_rule", "mean_test_score", "rank_test_score")
	fmt.Println(table.WriteMarkdown(os.Stdout))
	// Output:
	// | trial | param_x | param_rule | mean_test_score | rank_test_score |
	// | ----: | ------: | ---------- | --------------: | --------------: |
	// |    18 |       9 | sum        |          10.000 |               1 |
	// |     7 |       3 | square     |           9.000 |               2 |
	// |    16 |       8 | sum        |           9.000 |               2 |
	// <nil>
}
