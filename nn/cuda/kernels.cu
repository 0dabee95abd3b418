// The kernels of the backend, in CUDA C that is also C: generate.sh compiles it to
// kernels.ptx, and testdata/driver.c, a driver for tests, to code for the processor.
// Matrices are row-major. Every sum has a fixed order, so that results are the same bit for
// bit in every run.

#ifdef __CUDACC__
#pragma nv_diag_suppress 177 // t, where a loop is the same for every thread
#define KERNEL extern "C" __global__ void
#define DEVICE static __device__
#define SHARED __shared__
#define EACH_THREAD for (int t = threadIdx.x, once = 1; once; once = 0)
#define SYNC __syncthreads()
#define PRIVATE(n) [n]
#define MINE
#endif

// Of the thread among all of a launch in one dimension.
#define INDEX ((size_t)blockIdx.x * blockDim.x + threadIdx.x)

#define TILE 64    // rows and columns of a product that a block computes
#define DEPTH 16   // how much of the sum is loaded at a time
#define SIDE 16    // threads of a block in each direction
#define MICRO 4    // rows and columns of a thread, SIDE apart
#define THREADS 256

// gemm: c [m, n] = op(a) op(b), the sum having k terms; op transposes if trans says so, and
// lda and ldb are the numbers a row of what is stored. Grid: tiles of rows, of columns.
KERNEL gemm(float *c, const float *a, const float *b, int m, int n, int k, int lda, int ldb, int trans_a, int trans_b) {
	SHARED float as[DEPTH][TILE + 1], bs[DEPTH][TILE + 1];
	float sum PRIVATE(MICRO * MICRO);
	int row0 = blockIdx.x * TILE, col0 = blockIdx.y * TILE;
	EACH_THREAD for (int i = 0; i < MICRO * MICRO; i++) sum MINE[i] = 0;
	for (int k0 = 0; k0 < k; k0 += DEPTH) {
		EACH_THREAD for (int i = t; i < TILE * DEPTH; i += THREADS) {
			// Neighbouring threads read neighbouring numbers.
			int r = trans_a ? i % TILE : i / DEPTH, d = trans_a ? i / TILE : i % DEPTH;
			int row = row0 + r, depth = k0 + d;
			float value = 0;
			if (row < m && depth < k) value = trans_a ? a[(size_t)depth * lda + row] : a[(size_t)row * lda + depth];
			as[d][r] = value;
			r = trans_b ? i / DEPTH : i % TILE, d = trans_b ? i % DEPTH : i / TILE;
			int col = col0 + r;
			depth = k0 + d;
			value = 0;
			if (col < n && depth < k) value = trans_b ? b[(size_t)col * ldb + depth] : b[(size_t)depth * ldb + col];
			bs[d][r] = value;
		}
		SYNC;
		EACH_THREAD for (int d = 0; d < DEPTH; d++)
			for (int i = 0; i < MICRO; i++)
				for (int j = 0; j < MICRO; j++)
					sum MINE[i * MICRO + j] += as[d][t / SIDE + i * SIDE] * bs[d][t % SIDE + j * SIDE];
		SYNC;
	}
	EACH_THREAD for (int i = 0; i < MICRO; i++) for (int j = 0; j < MICRO; j++) {
		int row = row0 + t / SIDE + i * SIDE, col = col0 + t % SIDE + j * SIDE;
		if (row < m && col < n) c[(size_t)row * n + col] = sum MINE[i * MICRO + j];
	}
}

// Activations, by their numbers in the host's package kernel.
enum { NONE, RELU, TANH, SIGMOID, GELU };

DEVICE float activation_value(int f, float z) {
	if (f == RELU) return z < 0 ? 0 : z;
	if (f == TANH) return tanhf(z);
	if (f == SIGMOID) return 1 / (1 + expf(-z));
	return (z < -40 ? -40 : z) * 0.5f * erfcf(-z * 0.70710678f);
}

DEVICE float activation_slope(int f, float z) {
	if (f == RELU) return z > 0 ? 1 : 0;
	if (f == TANH) { float y = tanhf(z); return 1 - y * y; }
	if (f == SIGMOID) { float y = 1 / (1 + expf(-z)); return y * (1 - y); }
	z = z < -40 ? -40 : z > 40 ? 40 : z;
	return 0.5f * erfcf(-z * 0.70710678f) + z * expf(-z * z / 2) * 0.39894228f;
}

// mix32 and dropout_factor are the masks of the host's package kernel.
DEVICE unsigned mix32(unsigned x) {
	x = (x ^ x >> 16) * 0x7feb352du;
	x = (x ^ x >> 15) * 0x846ca68bu;
	return x ^ x >> 16;
}

DEVICE float dropout_factor(unsigned key, unsigned threshold, float scale, int row, int col) {
	return mix32(mix32(key + (unsigned)row) + (unsigned)col) >= threshold ? scale : 0;
}

// bias_activate: z [rows, cols] += bias; y = f(z), units dropped; without f y is not
// written.
KERNEL bias_activate(float *y, float *z, const float *bias, int rows, int cols, int f, unsigned key, unsigned threshold, float scale) {
	size_t i = INDEX;
	if (i >= (size_t)rows * cols) return;
	int row = (int)(i / cols), col = (int)(i % cols);
	float v = z[i] + bias[col];
	z[i] = v;
	if (f == NONE) return;
	float factor = dropout_factor(key, threshold, scale, row, col);
	y[i] = factor == 0 ? 0 : activation_value(f, v) * factor;
}

// activation_grad: dy [rows, cols] becomes the gradient of z.
KERNEL activation_grad(float *dy, const float *z, int rows, int cols, int f, unsigned key, unsigned threshold, float scale) {
	size_t i = INDEX;
	if (i >= (size_t)rows * cols) return;
	float factor = dropout_factor(key, threshold, scale, (int)(i / cols), (int)(i % cols));
	dy[i] = factor == 0 ? 0 : dy[i] * factor * activation_slope(f, z[i]);
}

// cross_entropy: a thread a row of the logits z [rows, cols]. losses[i] is the row's loss,
// hits[i] whether its largest logit is at the label, dz the gradient of the mean loss.
KERNEL cross_entropy(float *dz, float *losses, int *hits, const float *z, const unsigned char *labels, int rows, int cols, float smoothing) {
	size_t i = INDEX;
	if (i >= (size_t)rows) return;
	const float *row = z + i * cols;
	float *grad = dz + i * cols;
	int label = labels[i], best = 0;
	float top = row[0];
	for (int j = 1; j < cols; j++)
		if (row[j] > top || row[j] != row[j]) { top = row[j]; best = j; }
	float sum = 0, spread = 0;
	for (int j = 0; j < cols; j++) {
		sum += expf(row[j] - top);
		spread += row[j] - top;
	}
	float loss = logf(sum) - (1 - smoothing) * (row[label] - top);
	if (smoothing > 0) loss -= smoothing / cols * spread;
	losses[i] = loss;
	hits[i] = best == label;
	for (int j = 0; j < cols; j++) {
		float target = smoothing / cols + (j == label ? 1 - smoothing : 0);
		grad[j] = (expf(row[j] - top) / sum - target) / rows;
	}
}

// column_sums: out [cols], a thread a column of x [rows, cols].
KERNEL column_sums(float *out, const float *x, int rows, int cols) {
	size_t j = INDEX;
	if (j >= (size_t)cols) return;
	float sum = 0;
	for (int i = 0; i < rows; i++) sum += x[(size_t)i * cols + j];
	out[j] = sum;
}

// square_sums: out[i] is the sum of the squares of x[i], x[i+threads], ...
KERNEL square_sums(double *out, const float *x, int n) {
	size_t threads = (size_t)gridDim.x * blockDim.x;
	double sum = 0;
	for (size_t i = INDEX; i < (size_t)n; i += threads) sum += (double)x[i] * x[i];
	out[INDEX] = sum;
}

// Update rules, by their numbers in the host's package kernel.
enum { SGD = 1, MOMENTUM, NESTEROV, RMSPROP, ADAM };

// normal returns x, or zero where x is denormal.
DEVICE float normal(float x) { return fabsf(x) < 1.17549435e-38f ? 0 : x; }

// update: a step of the optimizer on n parameters w with gradients g and moments m and v.
KERNEL update(float *w, const float *g, float *m, float *v, int n, int rule, float rate, float beta1, float beta2, float epsilon, float decay, float scale) {
	size_t i = INDEX;
	if (i >= (size_t)n) return;
	float wi = w[i] * (1 - decay), gi = g[i] * scale;
	if (rule == SGD) {
		wi -= rate * gi;
	} else if (rule == MOMENTUM || rule == NESTEROV) {
		float d = rate * gi, mi = normal(beta1 * m[i] - d);
		m[i] = mi;
		wi += rule == NESTEROV ? beta1 * mi - d : mi;
	} else if (rule == RMSPROP) {
		float vi = normal(beta2 * v[i] + (1 - beta2) * gi * gi);
		v[i] = vi;
		wi -= rate * gi / sqrtf(vi + epsilon);
	} else {
		float mi = normal(m[i] + (1 - beta1) * (gi - m[i])), vi = normal(v[i] + (1 - beta2) * (gi * gi - v[i]));
		m[i] = mi;
		v[i] = vi;
		wi -= rate * mi / (sqrtf(vi) + epsilon);
	}
	w[i] = wi;
}
