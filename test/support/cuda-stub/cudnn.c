/*
 * A cuDNN 9 that computes nothing; runtime.c says how the rest is made. The provider opens it when it first needs it and
 * describes convolutions by cuDNN's graphs ("backend"): every graph has one engine here, which needs no workspace.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static int thing;
static int handle(void **made) {
  *made = &thing;
  return 0;
}
size_t cudnnGetVersion(void) { return 92801; }
const char *cudnnGetErrorString(int number) { return "an error of the stub"; }
void cudnnGetLastErrorString(char *text, size_t bytes) {
  if (bytes > 0) *text = 0;
}
int cudnnCreate(void **made) { return handle(made); }
int cudnnCreateTensorDescriptor(void **made) { return handle(made); }
int cudnnCreateFilterDescriptor(void **made) { return handle(made); }
int cudnnCreateConvolutionDescriptor(void **made) { return handle(made); }
int cudnnCreateActivationDescriptor(void **made) { return handle(made); }
int cudnnCreatePoolingDescriptor(void **made) { return handle(made); }
int cudnnCreateReduceTensorDescriptor(void **made) { return handle(made); }
int cudnnBackendCreateDescriptor(int type, void **made) { return handle(made); }

/* cudnnBackendAttributeType_t and cudnnBackendAttributeName_t, as far as they matter here */
enum { an_int64 = 3, a_descriptor = 15, an_int32 = 23 };
enum { intermediate_info = 301, knob_choices = 302, knob_info = 1302, layout_info = 1304 };

int cudnnBackendGetAttribute(void *descriptor, int name, int type, int64_t asked, int64_t *count, void *values) {
  int has_knobs = name == intermediate_info || name == knob_choices || name == knob_info || name == layout_info;
  /* Descriptors are handed in, made; of notes and of words there are none. */
  int has_one = (type == a_descriptor && !has_knobs) || type == an_int64 || type == an_int32;
  if (count != NULL) *count = has_one ? 1 : 0;
  if (asked < 1 || values == NULL) return 0;
  if (type == an_int64) *(int64_t *)values = 0;
  if (type == an_int32) *(int32_t *)values = 0;
  return 0;
}
