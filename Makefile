# Shortcuts; .ci/run is what decides.
.PHONY: build test check bench

build:
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o mnist-tune ./cmd/mnist-tune

test:
	go test ./...

check:
	.ci/run

bench:
	go test -run '^$$' -bench . ./bench
