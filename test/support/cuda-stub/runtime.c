/*
 * A CUDA runtime and driver that compute nothing, for machines without a card: ONNX Runtime's real CUDA provider makes its
 * sessions with them, with its own kernels, its own rewriting of graphs and its own placement of nodes.
 *
 * The card's memory is address space that nobody may touch: what is copied there is dropped, what is copied back is zeros.
 * So the networks take none of the machine's memory, and a host that reads the card's memory ends at once.
 *
 * build-cuda-stub.ts adds, for every other function that the provider asks for, one that returns 0 (success).
 * Layouts of structures and numbers of attributes are those of CUDA 13 (driver_types.h).
 *
 * Variables of the environment:
 *   CUDA_STUB_DEVICES   cards that there are; default 1
 *   CUDA_STUB_MEMORY    bytes of the card; default 64 GiB
 *   CUDA_STUB_JOURNAL   a file that gets a line "+ bytes in-use" or "- bytes in-use" for each piece taken and given back
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef int status;
enum { ok = 0, memory_allocation = 2, no_device = 100, invalid_value = 1 };

static long long setting(const char *name, long long otherwise) {
  const char *text = getenv(name);
  return text == NULL || *text == 0 ? otherwise : atoll(text);
}
static size_t card_bytes(void) { return (size_t)setting("CUDA_STUB_MEMORY", 64ll << 30); }

/* What any handle points to. */
static int thing;

/* ---- The card's memory ---- */

struct piece {
  char *start;
  size_t bytes;
  struct piece *next;
};
static struct piece *pieces;
static size_t in_use;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void note(char sign, size_t bytes) {
  static int journal = -2;
  if (journal == -2) {
    const char *path = getenv("CUDA_STUB_JOURNAL");
    journal = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }
  if (journal >= 0) dprintf(journal, "%c %zu %zu\n", sign, bytes, in_use);
}

static int is_on_card(const void *address) {
  int found = 0;
  pthread_mutex_lock(&lock);
  for (struct piece *each = pieces; each != NULL && !found; each = each->next) {
    found = (const char *)address >= each->start && (const char *)address < each->start + each->bytes;
  }
  pthread_mutex_unlock(&lock);
  return found;
}

status cudaMalloc(void **address, size_t bytes) {
  *address = NULL;
  if (bytes == 0) return ok;
  pthread_mutex_lock(&lock);
  if (in_use + bytes > card_bytes()) {
    pthread_mutex_unlock(&lock);
    return memory_allocation;
  }
  char *start = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  struct piece *taken = start == MAP_FAILED ? NULL : malloc(sizeof *taken);
  if (taken != NULL) {
    *taken = (struct piece){start, bytes, pieces};
    pieces = taken;
    in_use += bytes;
    *address = start;
    note('+', bytes);
  }
  pthread_mutex_unlock(&lock);
  return taken == NULL ? memory_allocation : ok;
}

status cudaFree(void *address) {
  if (address == NULL) return ok;
  pthread_mutex_lock(&lock);
  struct piece **at = &pieces;
  while (*at != NULL && (*at)->start != address) at = &(*at)->next;
  struct piece *gone = *at;
  if (gone != NULL) {
    *at = gone->next;
    in_use -= gone->bytes;
    note('-', gone->bytes);
    munmap(gone->start, gone->bytes);
    free(gone);
  }
  pthread_mutex_unlock(&lock);
  return gone == NULL ? invalid_value : ok;
}

status cudaFreeAsync(void *address, void *stream) { return cudaFree(address); }
status cudaMallocFromPoolAsync(void **address, size_t bytes, void *pool, void *stream) { return cudaMalloc(address, bytes); }

status cudaMemGetInfo(size_t *available, size_t *total) {
  *total = card_bytes();
  *available = card_bytes() - in_use;
  return ok;
}

/* Memory of the host that a card can read is the host's own. */
status cudaMallocHost(void **address, size_t bytes) {
  *address = malloc(bytes);
  return *address == NULL && bytes > 0 ? memory_allocation : ok;
}
status cudaHostAlloc(void **address, size_t bytes, unsigned flags) { return cudaMallocHost(address, bytes); }
status cudaFreeHost(void *address) {
  free(address);
  return ok;
}

status cudaMemcpy(void *to, const void *from, size_t bytes, int kind) {
  if (bytes == 0 || is_on_card(to)) return ok;
  if (is_on_card(from)) memset(to, 0, bytes);
  else memmove(to, from, bytes);
  return ok;
}
status cudaMemcpyAsync(void *to, const void *from, size_t bytes, int kind, void *stream) {
  return cudaMemcpy(to, from, bytes, kind);
}
status cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t height,
                         int kind, void *stream) {
  for (size_t row = 0; row < height; row++) {
    cudaMemcpy((char *)to + row * to_pitch, (const char *)from + row * from_pitch, width, kind);
  }
  return ok;
}
status cudaMemcpyFromSymbol(void *to, const void *symbol, size_t bytes, size_t offset, int kind) {
  if (!is_on_card(to)) memset(to, 0, bytes);
  return ok;
}
status cudaMemset(void *to, int value, size_t bytes) {
  if (!is_on_card(to)) memset(to, value, bytes);
  return ok;
}
status cudaMemsetAsync(void *to, int value, size_t bytes, void *stream) { return cudaMemset(to, value, bytes); }

struct pointer_attributes {
  int type; /* 0: not registered, 2: the card's */
  int device;
  void *device_pointer;
  void *host_pointer;
};
status cudaPointerGetAttributes(struct pointer_attributes *found, const void *address) {
  int is_card = is_on_card(address);
  *found = (struct pointer_attributes){is_card ? 2 : 0, 0, is_card ? (void *)address : NULL, is_card ? NULL : (void *)address};
  return ok;
}

/* ---- The card: as much of its description as is read ---- */

/* Compute capability 9.0, as an H100 has. */
enum { major_capability = 9, minor_capability = 0, multiprocessors = 132 };

struct properties {
  char name[256];
  char ids[28]; /* uuid, luid, luidDeviceNodeMask */
  size_t totalGlobalMem;
  size_t sharedMemPerBlock;
  int regsPerBlock;
  int warpSize;
  size_t memPitch;
  int maxThreadsPerBlock;
  int maxThreadsDim[3];
  int maxGridSize[3];
  size_t totalConstMem;
  int major;
  int minor;
  size_t textureAlignment;
  size_t texturePitchAlignment;
  int multiProcessorCount;
  char others[208];
  int l2CacheSize;
  int persistingL2CacheMaxSize;
  int maxThreadsPerMultiProcessor;
  int streamPrioritiesSupported;
  int globalL1CacheSupported;
  int localL1CacheSupported;
  size_t sharedMemPerMultiprocessor;
  int regsPerMultiprocessor;
  char more[36];
  size_t sharedMemPerBlockOptin;
  char rest[328];
};
_Static_assert(offsetof(struct properties, totalGlobalMem) == 288, "as in CUDA 13");
_Static_assert(offsetof(struct properties, maxThreadsPerBlock) == 320, "as in CUDA 13");
_Static_assert(offsetof(struct properties, major) == 360, "as in CUDA 13");
_Static_assert(offsetof(struct properties, multiProcessorCount) == 384, "as in CUDA 13");
_Static_assert(offsetof(struct properties, l2CacheSize) == 596, "as in CUDA 13");
_Static_assert(offsetof(struct properties, sharedMemPerMultiprocessor) == 624, "as in CUDA 13");
_Static_assert(offsetof(struct properties, sharedMemPerBlockOptin) == 672, "as in CUDA 13");
_Static_assert(sizeof(struct properties) == 1008, "as in CUDA 13");

status cudaGetDeviceCount(int *count) {
  *count = (int)setting("CUDA_STUB_DEVICES", 1);
  return *count == 0 ? no_device : ok;
}
status cudaSetDevice(int device) { return setting("CUDA_STUB_DEVICES", 1) == 0 ? no_device : ok; }
status cudaGetDevice(int *device) {
  *device = 0;
  return ok;
}
status cudaGetDeviceProperties(struct properties *found, int device) {
  *found = (struct properties){
      .name = "no card",
      .totalGlobalMem = card_bytes(),
      .sharedMemPerBlock = 48 << 10,
      .regsPerBlock = 65536,
      .warpSize = 32,
      .maxThreadsPerBlock = 1024,
      .maxThreadsDim = {1024, 1024, 64},
      .maxGridSize = {2147483647, 65535, 65535},
      .major = major_capability,
      .minor = minor_capability,
      .multiProcessorCount = multiprocessors,
      .l2CacheSize = 50 << 20,
      .maxThreadsPerMultiProcessor = 2048,
      .sharedMemPerMultiprocessor = 228 << 10,
      .regsPerMultiprocessor = 65536,
      .sharedMemPerBlockOptin = 227 << 10,
  };
  return ok;
}
status cudaDeviceGetAttribute(int *value, int attribute, int device) {
  switch (attribute) {
    case 16: *value = multiprocessors; break;
    case 75: *value = major_capability; break;
    case 76: *value = minor_capability; break;
    case 97: *value = 227 << 10; break; /* sharedMemPerBlockOptin */
    default: *value = 1024;
  }
  return ok;
}
status cudaRuntimeGetVersion(int *version) {
  *version = 13000;
  return ok;
}
status cudaDriverGetVersion(int *version) { return cudaRuntimeGetVersion(version); }

/* ---- Streams, events, kernels ---- */

static status handle(void **made) {
  *made = &thing;
  return ok;
}
status cudaStreamCreate(void **made) { return handle(made); }
status cudaStreamCreateWithFlags(void **made, unsigned flags) { return handle(made); }
status cudaEventCreate(void **made) { return handle(made); }
status cudaEventCreateWithFlags(void **made, unsigned flags) { return handle(made); }
status cudaMemPoolCreate(void **made, const void *properties) { return handle(made); }
status cudaStreamIsCapturing(void *stream, int *state) {
  *state = 0;
  return ok;
}
status cudaEventElapsedTime(float *milliseconds, void *start, void *end) {
  *milliseconds = 0;
  return ok;
}
status cudaLaunchHostFunc(void *stream, void (*function)(void *), void *data) {
  function(data);
  return ok;
}
const char *cudaGetErrorName(status number) {
  return number == no_device ? "cudaErrorNoDevice" : number == memory_allocation ? "cudaErrorMemoryAllocation" : "stub";
}
const char *cudaGetErrorString(status number) {
  if (number == no_device) return "no CUDA-capable device is detected";
  return number == memory_allocation ? "out of memory" : "an error of the stub";
}

struct function_attributes {
  size_t shared, constant, local;
  int maxThreadsPerBlock, numRegs, ptxVersion, binaryVersion;
  char rest[104];
};
_Static_assert(sizeof(struct function_attributes) == 144, "as in CUDA 13");
status cudaFuncGetAttributes(struct function_attributes *found, const void *function) {
  *found = (struct function_attributes){.maxThreadsPerBlock = 1024, .numRegs = 64, .ptxVersion = 90, .binaryVersion = 90};
  return ok;
}
status cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *count, const void *function, int block, size_t shared,
                                                              unsigned flags) {
  *count = 2;
  return ok;
}
void **__cudaRegisterFatBinary(void *binary) {
  static void *module;
  return &module;
}
static status nothing(void) { return ok; }
status cudaGetDriverEntryPointByVersion(const char *name, void **function, unsigned version, unsigned long long flags,
                                        int *result) {
  *function = (void *)nothing;
  if (result != NULL) *result = ok;
  return ok;
}
