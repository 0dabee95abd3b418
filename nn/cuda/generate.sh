#!/usr/bin/env bash
# Compiles kernels.cu to kernels.ptx with NVRTC and checks with ptxas that it assembles.
# Needs no GPU and no toolkit: both come from PyPI, into a folder of their own.
set -euo pipefail
cd "$(dirname "$0")"
tools=${CUDA_TOOLS:-$(mktemp -d)} # CUDA_TOOLS: a folder to keep them in
if [ ! -x "$tools/bin/python" ]; then
  python3 -m venv "$tools"
  "$tools/bin/pip" install -q nvidia-cuda-nvrtc-cu11==11.8.89 nvidia-cuda-nvcc-cu11==11.8.89
fi
nvidia=$("$tools/bin/python" -c 'import nvidia.cuda_nvrtc as n, os; print(os.path.dirname(os.path.dirname(n.__file__)))')
LD_LIBRARY_PATH="$nvidia/cuda_nvrtc/lib" "$tools/bin/python" - <<'PY'
import ctypes, sys

nvrtc = ctypes.CDLL("libnvrtc.so.11.2")


def check(code, what):
    if code:
        sys.exit(f"nvrtc: {what}: error {code}")


program = ctypes.c_void_p()
source = open("kernels.cu", "rb").read()
check(nvrtc.nvrtcCreateProgram(ctypes.byref(program), source, b"kernels.cu", 0, None, None), "create")
options = (ctypes.c_char_p * 1)(b"--gpu-architecture=compute_52")
code = nvrtc.nvrtcCompileProgram(program, 1, options)
size = ctypes.c_size_t()
nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
log = ctypes.create_string_buffer(size.value)
nvrtc.nvrtcGetProgramLog(program, log)
sys.stderr.write(log.value.decode())
check(code, "compile")
check(nvrtc.nvrtcGetPTXSize(program, ctypes.byref(size)), "size")
ptx = ctypes.create_string_buffer(size.value)
check(nvrtc.nvrtcGetPTX(program, ptx), "ptx")
open("kernels.ptx", "wb").write(ptx.value)
PY
for arch in sm_52 sm_60 sm_70 sm_75 sm_80 sm_86 sm_89 sm_90; do
  "$nvidia/cuda_nvcc/bin/ptxas" -arch=$arch -o /dev/null kernels.ptx
done
echo "kernels.ptx: $(grep -c '\.entry' kernels.ptx) kernels, assembled for sm_52 to sm_90"
