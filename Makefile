# Shortcuts; .ci/run is what decides.
.PHONY: build test check bench release test-arm64

build:
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o mnist-tune ./cmd/mnist-tune

test:
	go test ./...

check:
	.ci/run

bench:
	go test -run '^$$' -bench . ./bench

# Archives for six platforms and their checksums, in dist: of the version that the commit
# is tagged with, or a snapshot. The first run builds the tool: some minutes.
release:
	go run github.com/goreleaser/goreleaser/v2@v2.15.1 release --clean --skip=publish \
		$$(git describe --exact-match --tags >/dev/null 2>&1 || echo --snapshot)

# The tests on an emulated 64-bit ARM processor: qemu-aarch64-static, of Debian's package
# qemu-user-static. Tests that start their own program need it registered with the kernel
# (binfmt_misc), as the package does where it may. Takes long: arithmetic is emulated.
test-arm64:
	CGO_ENABLED=0 GOARCH=arm64 go test -short -timeout 60m -exec qemu-aarch64-static ./...
