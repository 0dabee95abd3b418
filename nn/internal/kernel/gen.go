package kernel

//go:generate sh -c "cd _asm && go run . -out ../simd_amd64.s -stubs ../simd_stubs_amd64.go -pkg kernel"
