package mnist_test

import (
	"fmt"

	"mnisttune/mnist"
)

func ExampleEmbedded() {
	train, test, err := mnist.Embedded()
	if err != nil {
		fmt.Println(err)
		return
	}
	train, val, err := train.Split(0.1)
	if err != nil {
		fmt.Println(err)
		return
	}
	features, classes := train.Dims()
	fmt.Println(train.Len(), val.Len(), test.Len(), features, classes)
	// Output: 54000 6000 10000 784 10
}
