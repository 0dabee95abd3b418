package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"mnisttune/nn"
)

// trainReport is what train prints with --json.
type trainReport struct {
	Params           nn.Config  `json:"params"`
	History          []nn.Epoch `json:"history"`
	BestEpoch        int        `json:"best_epoch"`
	StoppedEarly     bool       `json:"stopped_early"`
	Parameters       int        `json:"parameters"`
	TestLoss         *float64   `json:"test_loss"`
	TestAccuracy     *float64   `json:"test_accuracy"`
	Seconds          float64    `json:"seconds"`
	SamplesPerSecond float64    `json:"samples_per_second"`
	Seed             uint64     `json:"seed"`
	Model            *string    `json:"model"`
}

func newTrain(a *app) *cobra.Command {
	var (
		config  configFlags
		data    dataFlags
		out     string
		options nn.Options
		monitor string
	)
	cmd := &cobra.Command{
		Use:   "train",
		Short: "Train one network and judge it on the test images",
		Long: `Train one network, measure every epoch on the validation rows, and judge the
result once on the test images. Without flags: 2 hidden layers of 64 units with
ReLU, Adam at 0.001, batches of 32, 10 epochs.`,
		Example: `  mnist-tune train
  mnist-tune train --learning-rate 0.001 --batch-size 32 --num-layers 2 --width 64 --epochs 10 --seed 1 --out model.safetensors
  mnist-tune train --width 256,128 --dropout 0.2 --optimizer adamw --schedule cosine --epochs 20
  mnist-tune train --epochs 100 --patience 5 --monitor val_loss
  mnist-tune train --data fashion-mnist --json > result.json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := errors.Join(data.check(), checkOut(out)); err != nil {
				return err
			}
			config.cfg.Monitor = monitor
			cfg, err := config.config(cmd, options)
			if err != nil {
				return err
			}
			a.drawSeed(cmd, &cfg)
			return a.train(cmd.Context(), cfg, &data, options, out)
		},
	}
	cmd.Flags().SortFlags = false
	config.add(cmd, "patience")
	cmd.Flags().StringVar(&monitor, "monitor", "val_accuracy", "metric that says which epoch is the best: val_accuracy, val_loss, accuracy or loss")
	data.add(cmd)
	data.addSplit(cmd)
	cmd.Flags().StringVar(&out, "out", "", "file to save the network in (safetensors)")
	addOptions(cmd, &options)
	return cmd
}

func addOptions(cmd *cobra.Command, o *nn.Options) {
	addBackend(cmd, &o.Backend)
	cmd.Flags().IntVar(&o.Threads, "threads", 1, "processors that one training may use; pays for large networks, changes no result")
}

func addBackend(cmd *cobra.Command, backend *string) {
	cmd.Flags().StringVar(backend, "backend", nn.DefaultBackend, fmt.Sprintf("what runs the network (have: %v)", nn.Backends()))
}

// checkOut refuses a place that no file can be saved in, before hours are spent.
func checkOut(path string) error { return checkFile("out", path) }

func (a *app) train(ctx context.Context, cfg nn.Config, data *dataFlags, options nn.Options, out string) error {
	all, test, err := data.load()
	if err != nil {
		return err
	}
	train, val, err := all.Split(data.validation)
	if err != nil {
		return usage(err)
	}
	options.Hooks.OnEpoch = func(_ context.Context, e nn.Epoch) error {
		fmt.Fprintln(a.stderr, epochLine(e, cfg.Epochs))
		return nil
	}
	trainer, err := nn.New(cfg, options)
	if err != nil {
		return usage(err)
	}
	result, err := trainer.Fit(ctx, train, dataset(val))
	if err != nil {
		if result != nil && ctx.Err() != nil {
			return errors.Join(err, a.printTrain(result, nil, ""))
		}
		return err
	}
	if out != "" {
		if err := trainer.Save(out); err != nil {
			return err
		}
	}
	_, metrics, err := judge(ctx, trainer, test)
	if err != nil {
		return err
	}
	return a.printTrain(result, &metrics, out)
}

// epochLine is the progress line of an epoch.
func epochLine(e nn.Epoch, epochs int) string {
	line := fmt.Sprintf("epoch %*d/%d  loss %.4f  accuracy %.4f", len(fmt.Sprint(epochs)), e.Number, epochs, e.Train.Loss, e.Train.Accuracy)
	if e.Val != nil {
		line += fmt.Sprintf("  val_loss %.4f  val_accuracy %.4f", e.Val.Loss, e.Val.Accuracy)
	}
	return line + fmt.Sprintf("  %.1f s  %s samples/s", e.Seconds, thousands(e.SamplesPerSecond))
}

// thousands renders a large number short: 612, 43.3k, 1.25M.
func thousands(x float64) string {
	switch {
	case x >= 1e6:
		return fmt.Sprintf("%.2fM", x/1e6)
	case x >= 1e3:
		return fmt.Sprintf("%.1fk", x/1e3)
	}
	return fmt.Sprintf("%.0f", x)
}

func (a *app) printTrain(r *nn.Result, test *nn.Metrics, out string) error {
	if a.json {
		report := trainReport{
			Params: r.Config, History: r.History, BestEpoch: r.Best, StoppedEarly: r.StoppedEarly, Parameters: r.Parameters,
			Seconds: r.Seconds, SamplesPerSecond: r.SamplesPerSecond, Seed: r.Config.Seed,
		}
		if report.History == nil {
			report.History = []nn.Epoch{}
		}
		if test != nil {
			report.TestLoss, report.TestAccuracy = &test.Loss, &test.Accuracy
		}
		if out != "" {
			report.Model = &out
		}
		return a.printJSON(report)
	}
	if best, ok := r.BestEpoch(); ok && best.Val != nil {
		fmt.Fprintf(a.stdout, "best epoch     %d of %d (val_accuracy %.4f, val_loss %.4f)\n", best.Number, len(r.History), best.Val.Accuracy, best.Val.Loss)
	}
	if test != nil {
		fmt.Fprintf(a.stdout, "test accuracy  %.4f\ntest loss      %.4f\n", test.Accuracy, test.Loss)
	}
	fmt.Fprintf(a.stdout, "parameters     %d\ntime           %.1f s (%s samples/s)\n", r.Parameters, r.Seconds, thousands(r.SamplesPerSecond))
	if out != "" {
		fmt.Fprintf(a.stdout, "saved          %s\n", out)
	}
	return nil
}
