// A CUDA driver for tests: the functions that the backend calls, on the processor's own
// memory, with the kernels compiled from their source. It is stricter than a real one: it
// checks contexts, pointers, sizes, and that nothing is written beside an allocation.
//
//   gcc -shared -fPIC -O2 -I.. -o libcuda.so.1 driver.c -lm -lpthread
//
// -DDEVICES=0 makes a machine without a device, -DMEMORY=n one with so many bytes.
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef DEVICES
#define DEVICES 1
#endif
#ifndef MEMORY
#define MEMORY (1 << 30)
#endif

// What kernels.cu wants to be C. One block runs at a time.
typedef struct { unsigned x, y, z; } dim3;
static dim3 blockIdx, blockDim, gridDim, threadIdx;
#define KERNEL static void
#define DEVICE static
#define SHARED static
#define EACH_THREAD for (int t = 0; t < THREADS; t++)
#define SYNC
#define PRIVATE(n) [THREADS][n]
#define MINE [t]
#include "kernels.cu"

enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, NO_DEVICE = 100, INVALID_DEVICE = 101, INVALID_IMAGE = 200, INVALID_CONTEXT = 201, NOT_FOUND = 500 };

// Device addresses are far from where the memory is: whoever mixes them up, crashes.
#define FAR 0x100000000000ull
#define MARGIN 64
#define MARK 0x5a

typedef struct block { char *data; size_t size; struct block *next; } block;
static block *blocks;
static size_t used;
static int initialized;
static __thread void *current;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *image;

// at returns the memory of a device address that is good for so many bytes, or null.
static char *at(unsigned long long address, size_t size) {
	char *p = (char *)(address - FAR);
	for (block *b = blocks; b; b = b->next)
		if (p >= b->data && p + size <= b->data + b->size) return p;
	fprintf(stderr, "driver: %zu bytes at %llx are not allocated\n", size, address);
	return NULL;
}

static void check(block *b) {
	for (int i = 0; i < MARGIN; i++)
		if (b->data[b->size + i] != MARK || b->data[-1 - i] != MARK) {
			fprintf(stderr, "driver: something was written beside an allocation of %zu bytes\n", b->size);
			abort();
		}
}

static int ready(void) { return current ? SUCCESS : INVALID_CONTEXT; }

int cuInit(unsigned flags) {
	initialized = 1;
	return DEVICES ? SUCCESS : NO_DEVICE;
}
int cuDeviceGet(int *device, int number) {
	*device = number;
	return !initialized ? NOT_INITIALIZED : number < DEVICES ? SUCCESS : INVALID_DEVICE;
}
int cuDevicePrimaryCtxRetain(void **context, int device) {
	*context = &initialized;
	return SUCCESS;
}
int cuCtxSetCurrent(void *context) {
	if (context != &initialized) return INVALID_CONTEXT;
	current = context;
	return SUCCESS;
}
int cuGetErrorName(int code, const char **text) {
	*text = code == OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : code == NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : code == INVALID_DEVICE ? "CUDA_ERROR_INVALID_DEVICE" : code == INVALID_CONTEXT ? "CUDA_ERROR_INVALID_CONTEXT" : "CUDA_ERROR_OTHER";
	return SUCCESS;
}
int cuMemGetInfo_v2(size_t *left, size_t *total) {
	*left = MEMORY - used, *total = MEMORY;
	return ready();
}
int cuMemAlloc_v2(unsigned long long *address, size_t size) {
	if (ready()) return INVALID_CONTEXT;
	if (size == 0) return INVALID_VALUE;
	pthread_mutex_lock(&lock);
	int code = OUT_OF_MEMORY;
	if (used + size <= MEMORY) {
		block *b = malloc(sizeof *b);
		char *p = malloc(size + 2 * MARGIN);
		memset(p, MARK, size + 2 * MARGIN);
		*b = (block){p + MARGIN, size, blocks};
		blocks = b, used += size, code = SUCCESS;
		*address = (unsigned long long)b->data + FAR;
	}
	pthread_mutex_unlock(&lock);
	return code;
}
int cuMemFree_v2(unsigned long long address) {
	if (ready()) return INVALID_CONTEXT;
	pthread_mutex_lock(&lock);
	int code = INVALID_VALUE;
	for (block **p = &blocks; *p; p = &(*p)->next)
		if ((*p)->data == (char *)(address - FAR)) {
			block *b = *p;
			check(b);
			*p = b->next, used -= b->size, code = SUCCESS;
			free(b->data - MARGIN), free(b);
			break;
		}
	pthread_mutex_unlock(&lock);
	return code;
}
static int copy(int to, unsigned long long address, void *host, size_t size) {
	if (ready()) return INVALID_CONTEXT;
	pthread_mutex_lock(&lock);
	char *p = at(address, size);
	if (p && to) memcpy(p, host, size);
	else if (p) memcpy(host, p, size);
	pthread_mutex_unlock(&lock);
	return p ? SUCCESS : INVALID_VALUE;
}
int cuMemcpyHtoD_v2(unsigned long long address, void *host, size_t size) { return copy(1, address, host, size); }
int cuMemcpyDtoH_v2(void *host, unsigned long long address, size_t size) { return copy(0, address, host, size); }
int cuModuleLoadData(void **module, const char *ptx) {
	if (ready()) return INVALID_CONTEXT;
	*module = (void *)&image, image = ptx;
	return strstr(ptx, ".version") ? SUCCESS : INVALID_IMAGE;
}
int cuModuleUnload(void *module) { return ready(); }

// Kernels with their parameters. A pointer is good for the bytes that are named.
typedef unsigned long long address;
#define P(type, i, size) ((type *)at(*(address *)p[i], size))
#define I(i) (*(int *)p[i])
#define F(i) (*(float *)p[i])
#define NEED(x) if (!(x)) return INVALID_VALUE
#define EACH_BLOCK for (blockIdx.y = 0; blockIdx.y < gridDim.y; blockIdx.y++) for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++)
#define EVERYWHERE EACH_BLOCK for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++)

static int run_gemm(void **p) {
	size_t m = I(3), n = I(4), k = I(5);
	float *c = P(float, 0, 4 * m * n), *a = P(float, 1, 4 * m * k), *b = P(float, 2, 4 * k * n);
	NEED(c && a && b && blockDim.x == THREADS);
	EACH_BLOCK gemm(c, a, b, m, n, k, I(6), I(7), I(8), I(9));
	return SUCCESS;
}
static int run_bias_activate(void **p) {
	size_t rows = I(3), cols = I(4);
	float *y = I(5) ? P(float, 0, 4 * rows * cols) : NULL, *z = P(float, 1, 4 * rows * cols), *b = P(float, 2, 4 * cols);
	NEED((y || !I(5)) && z && b);
	EVERYWHERE bias_activate(y, z, b, rows, cols, I(5), I(6), I(7), F(8));
	return SUCCESS;
}
static int run_activation_grad(void **p) {
	size_t rows = I(2), cols = I(3);
	float *dy = P(float, 0, 4 * rows * cols), *z = P(float, 1, 4 * rows * cols);
	NEED(dy && z);
	EVERYWHERE activation_grad(dy, z, rows, cols, I(4), I(5), I(6), F(7));
	return SUCCESS;
}
static int run_cross_entropy(void **p) {
	size_t rows = I(5), cols = I(6);
	float *dz = P(float, 0, 4 * rows * cols), *losses = P(float, 1, 4 * rows), *z = P(float, 3, 4 * rows * cols);
	int *hits = P(int, 2, 4 * rows);
	unsigned char *labels = P(unsigned char, 4, rows);
	NEED(dz && losses && hits && z && labels);
	EVERYWHERE cross_entropy(dz, losses, hits, z, labels, rows, cols, F(7));
	return SUCCESS;
}
static int run_column_sums(void **p) {
	size_t rows = I(2), cols = I(3);
	float *out = P(float, 0, 4 * cols), *x = P(float, 1, 4 * rows * cols);
	NEED(out && x);
	EVERYWHERE column_sums(out, x, rows, cols);
	return SUCCESS;
}
static int run_square_sums(void **p) {
	size_t n = I(2);
	double *out = P(double, 0, 8 * (size_t)gridDim.x * blockDim.x);
	float *x = P(float, 1, 4 * n);
	NEED(out && x);
	EVERYWHERE square_sums(out, x, n);
	return SUCCESS;
}
static int run_update(void **p) {
	size_t n = I(4);
	float *w = P(float, 0, 4 * n), *g = P(float, 1, 4 * n), *m = P(float, 2, 4 * n), *v = P(float, 3, 4 * n);
	NEED(w && g && m && v);
	EVERYWHERE update(w, g, m, v, n, I(5), F(6), F(7), F(8), F(9), F(10), F(11));
	return SUCCESS;
}

static struct { const char *name; int (*run)(void **); } kernels[] = {
	{"gemm", run_gemm}, {"bias_activate", run_bias_activate}, {"activation_grad", run_activation_grad}, {"cross_entropy", run_cross_entropy},
	{"column_sums", run_column_sums}, {"square_sums", run_square_sums}, {"update", run_update},
};

int cuModuleGetFunction(void **function, void *module, const char *name) {
	char entry[100];
	snprintf(entry, sizeof entry, ".entry %s(", name);
	if (!strstr(image, entry)) return NOT_FOUND;
	for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
		if (!strcmp(kernels[i].name, name)) {
			*function = kernels[i].run;
			return SUCCESS;
		}
	return NOT_FOUND;
}
int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void *stream, void **params, void **extra) {
	if (ready()) return INVALID_CONTEXT;
	if (!gx || !gy || gz != 1 || gy > 65535 || by != 1 || bz != 1 || bx < 1 || bx > 1024 || shared || stream || extra) return INVALID_VALUE;
	pthread_mutex_lock(&lock);
	gridDim = (dim3){gx, gy, 1}, blockDim = (dim3){bx, 1, 1}, threadIdx = blockIdx = (dim3){0, 0, 0};
	int code = ((int (*)(void **))function)(params);
	pthread_mutex_unlock(&lock);
	return code;
}
