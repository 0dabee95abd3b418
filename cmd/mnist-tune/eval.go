package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mnisttune/mnist"
	"mnisttune/nn"
)

// evalReport is what eval prints with --json.
type evalReport struct {
	Model        string        `json:"model"`
	Params       nn.Config     `json:"params"`
	Rows         int           `json:"rows"`
	TestLoss     float64       `json:"test_loss"`
	TestAccuracy float64       `json:"test_accuracy"`
	Classes      []classReport `json:"classes"`
	Confusion    [][]int       `json:"confusion"` // [label][prediction]
}

// classReport judges one class. Absent numbers are null: a class without rows
// has no recall, one that is never predicted no precision.
type classReport struct {
	Class     int      `json:"class"`
	Rows      int      `json:"rows"`
	Precision *float64 `json:"precision"`
	Recall    *float64 `json:"recall"`
}

func newEval(a *app) *cobra.Command {
	var (
		model   string
		options nn.Options
		data    dataFlags
	)
	cmd := &cobra.Command{
		Use:   "eval",
		Short: "Judge a saved network on test images",
		Long:  "Judge a network that train or search saved on the test images: loss, accuracy, and precision and recall of every class.",
		Example: `  mnist-tune eval --model model.safetensors
  mnist-tune eval --model model.safetensors --data fashion-mnist --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if model == "" {
				return usage(errors.New("--model FILE is required"))
			}
			if err := data.check(); err != nil {
				return err
			}
			return a.eval(cmd.Context(), model, options, &data)
		},
	}
	cmd.Flags().StringVar(&model, "model", "", "file that --out of train or search wrote")
	data.add(cmd)
	addOptions(cmd, &options)
	return cmd
}

// judge returns the test rows and what a network makes of them.
func judge(ctx context.Context, trainer *nn.Trainer, test func() (*mnist.Set, error)) (*mnist.Set, nn.Metrics, error) {
	set, err := test()
	if err != nil {
		return nil, nn.Metrics{}, err
	}
	metrics, err := trainer.Evaluate(ctx, set)
	return set, metrics, err
}

func (a *app) eval(ctx context.Context, model string, options nn.Options, data *dataFlags) error {
	trainer, err := nn.Load(model, options)
	if err != nil {
		return err
	}
	_, test, err := data.load()
	if err != nil {
		return err
	}
	set, metrics, err := judge(ctx, trainer, test)
	if err != nil {
		return err
	}
	probabilities, err := trainer.Predict(ctx, set)
	if err != nil {
		return err
	}
	_, classes := trainer.Dims()
	confusion := confusionMatrix(probabilities, set.Labels, classes)
	report := evalReport{
		Model: model, Params: trainer.Config(), Rows: set.Len(), TestLoss: metrics.Loss, TestAccuracy: metrics.Accuracy,
		Classes: classReports(confusion), Confusion: confusion,
	}
	if a.json {
		return a.printJSON(report)
	}
	return a.printEval(report)
}

// confusionMatrix counts rows by label and predicted class. probabilities is
// [len(labels), classes].
func confusionMatrix(probabilities []float32, labels []uint8, classes int) [][]int {
	counts := make([][]int, classes)
	for i := range counts {
		counts[i] = make([]int, classes)
	}
	for i, y := range labels {
		row, top := probabilities[i*classes:(i+1)*classes], 0
		for j, p := range row {
			if p > row[top] {
				top = j
			}
		}
		counts[y][top]++
	}
	return counts
}

func classReports(confusion [][]int) []classReport {
	out := make([]classReport, len(confusion))
	for c := range confusion {
		predicted := 0
		out[c].Class = c
		for other := range confusion {
			out[c].Rows += confusion[c][other]
			predicted += confusion[other][c]
		}
		out[c].Precision, out[c].Recall = share(confusion[c][c], predicted), share(confusion[c][c], out[c].Rows)
	}
	return out
}

func share(part, whole int) *float64 {
	if whole == 0 {
		return nil
	}
	return new(float64(part) / float64(whole))
}

func (a *app) printEval(r evalReport) error {
	fmt.Fprintf(a.stdout, "test accuracy  %.4f\ntest loss      %.4f\nrows           %d\n\n", r.TestAccuracy, r.TestLoss, r.Rows)
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "class\trows\tprecision\trecall\tmost often taken for\t")
	for _, c := range r.Classes {
		wrong, most := -1, 0
		for other, n := range r.Confusion[c.Class] {
			if other != c.Class && n > most {
				wrong, most = other, n
			}
		}
		taken := "-"
		if wrong >= 0 {
			taken = fmt.Sprintf("%d (%d rows)", wrong, most)
		}
		fmt.Fprintf(table, "%d\t%d\t%s\t%s\t%s\t\n", c.Class, c.Rows, fixed(c.Precision), fixed(c.Recall), taken)
	}
	return table.Flush()
}

// fixed renders a share, or a dash where there is none.
func fixed(x *float64) string {
	if x == nil {
		return "-"
	}
	return fmt.Sprintf("%.4f", *x)
}
