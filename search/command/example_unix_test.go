//go:build unix

package command_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"mnisttune/search"
	"mnisttune/search/command"
)

func ExampleCommand() {
	args, err := command.Parse(`sh -c 'echo "value: $1"' train.sh {x}`)
	if err != nil {
		log.Fatal(err)
	}
	s, err := search.NewSpace(search.Float("x", 0.25, 0.25))
	if err != nil {
		log.Fatal(err)
	}
	study, err := search.NewStudy(search.StudyOptions{Space: s})
	if err != nil {
		log.Fatal(err)
	}
	c := &command.Command{Args: args, Timeout: time.Minute, Stderr: os.Stderr}
	if err := c.Validate(s); err != nil {
		log.Fatal(err)
	}
	if err := search.Optimize(context.Background(), study, c.Evaluate, search.OptimizeOptions{Trials: 1}); err != nil {
		log.Fatal(err)
	}
	best, _ := study.Best()
	fmt.Println("value:", best.Values[0])
	// Output: value: 0.25
}
