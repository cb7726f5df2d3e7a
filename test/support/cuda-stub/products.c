/* cuBLAS and cuBLASLt that compute nothing; runtime.c says how the rest is made. */
#include <stddef.h>
#include <string.h>

static int thing;
static int handle(void **made) {
  *made = &thing;
  return 0;
}
int cublasCreate_v2(void **made) { return handle(made); }
int cublasLtCreate(void **made) { return handle(made); }
int cublasLtMatmulDescCreate(void **made) { return handle(made); }
int cublasLtMatmulPreferenceCreate(void **made) { return handle(made); }
int cublasLtMatrixLayoutCreate(void **made) { return handle(made); }
int cublasLtMatrixTransformDescCreate(void **made) { return handle(made); }
int cublasGetMathMode(void *cublas, int *mode) {
  *mode = 0;
  return 0;
}
const char *cublasGetStatusName(int number) { return "stub"; }
const char *cublasGetStatusString(int number) { return "an error of the stub"; }

/* cublasLtMatmulHeuristicResult_t */
struct heuristic {
  unsigned long long algorithm[8];
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};
int cublasLtMatmulAlgoGetHeuristic(void *cublas, void *product, void *a, void *b, void *c, void *d, void *preference,
                                   int asked, struct heuristic *results, int *count) {
  *count = asked > 0 ? 1 : 0;
  if (asked > 0) memset(results, 0, sizeof *results);
  return 0;
}
