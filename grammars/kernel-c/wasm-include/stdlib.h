/* What the generated parser and the scanner need of the C library; web-tree-sitter provides the functions. */
#ifndef KERNEL_C_WASM_STDLIB_H_
#define KERNEL_C_WASM_STDLIB_H_

#include <stddef.h>

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *memory, size_t size);
void free(void *memory);

#endif
