/*
 * The parser as a Node-API addon for npm's tree-sitter: exports { name, language }, the language as an external with the
 * type tag that tree-sitter's setLanguage() checks (the tag of every grammar's binding.cc).
 */
#include <node_api.h>

typedef struct TSLanguage TSLanguage;

const TSLanguage *tree_sitter_kernel_c(void);

/* "tree-sitter", "language" hashed with BLAKE2 */
static const napi_type_tag LANGUAGE_TYPE_TAG = {0x8AF2E5212AD58ABF, 0xD5006CAD83ABBA16};

NAPI_MODULE_INIT() {
  napi_value name;
  napi_value language;
  if (napi_create_string_utf8(env, "kernel_c", NAPI_AUTO_LENGTH, &name) != napi_ok) return NULL;
  if (napi_create_external(env, (void *)tree_sitter_kernel_c(), NULL, NULL, &language) != napi_ok) return NULL;
  if (napi_type_tag_object(env, language, &LANGUAGE_TYPE_TAG) != napi_ok) return NULL;
  if (napi_set_named_property(env, exports, "name", name) != napi_ok) return NULL;
  if (napi_set_named_property(env, exports, "language", language) != napi_ok) return NULL;
  return exports;
}
