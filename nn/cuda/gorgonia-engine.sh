#!/usr/bin/env bash
# Builds mnist-tune with Gorgonia's own CUDA engine (-tags cuda), on a machine without a
# GPU, against headers and libraries from PyPI, and shows how the binary starts. See
# nn/CUDA.md for what comes of it. Needs gcc, python3 and 4 GB of disk.
#
#   nn/cuda/gorgonia-engine.sh [FOLDER]     default: a new one; it is kept
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=${1:-$(mktemp -d)}
mkdir -p "$dir/link"
echo "in $dir"
if [ ! -x "$dir/tools/bin/python" ]; then
  python3 -m venv "$dir/tools"
  "$dir/tools/bin/pip" install -q nvidia-cuda-runtime-cu11==11.8.89 nvidia-cublas-cu11==11.11.3.6 \
    nvidia-cudnn-cu11==8.9.6.50 nvidia-cuda-nvrtc-cu11==11.8.89 nvidia-cuda-nvcc-cu11==11.8.89
fi
nvidia=$("$dir/tools/bin/python" -c 'import nvidia.cublas as n, os; print(os.path.dirname(os.path.dirname(n.__file__)))')

# The linker wants unversioned names, and the driver's library, which only a driver brings:
# an empty one of the same name stands in for it.
ln -sf "$nvidia/cublas/lib/libcublas.so.11" "$dir/link/libcublas.so"
ln -sf "$nvidia/cudnn/lib/libcudnn.so.8" "$dir/link/libcudnn.so"
gcc -shared -o "$dir/link/libcuda.so" -Wl,-soname,libcuda.so.1 -x c /dev/null

includes=""
for part in cuda_runtime cublas cudnn cuda_nvrtc cuda_nvcc; do includes+=" -I$nvidia/$part/include"; done
export CGO_CFLAGS="-w$includes"
export CGO_LDFLAGS="-L$dir/link -Wl,--unresolved-symbols=ignore-all -Wl,--no-as-needed"
go build -tags cuda -o "$dir/mnist-tune" ./cmd/mnist-tune
go vet -tags cuda ./nn/...
echo "built $dir/mnist-tune; it needs:"
readelf -d "$dir/mnist-tune" | grep NEEDED
"$dir/mnist-tune" --version || echo "it does not start: exit code $?"
echo "with cuBLAS and cuDNN in the loader's path:"
LD_LIBRARY_PATH="$nvidia/cublas/lib:$nvidia/cudnn/lib" "$dir/mnist-tune" --version || echo "it does not start: exit code $?"
