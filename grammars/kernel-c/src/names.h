/*
 * Names that shape cannot decide: data, with a version. Everything else in the scanner goes by shape.
 */
#ifndef KERNEL_C_NAMES_H_
#define KERNEL_C_NAMES_H_

#include <stdbool.h>
#include <stddef.h>

#define KERNEL_C_NAMES_VERSION 1

static inline bool equal(const char *a, const char *b) {
  while (*a && *a == *b) {
    a++;
    b++;
  }
  return *a == *b;
}

static inline bool starts_with(const char *text, const char *prefix) {
  while (*prefix && *text == *prefix) {
    text++;
    prefix++;
  }
  return *prefix == 0;
}

static inline bool ends_with(const char *text, const char *suffix) {
  size_t length = 0, tail = 0;
  while (text[length]) length++;
  while (suffix[tail]) tail++;
  return tail <= length && equal(text + length - tail, suffix);
}

/* Each table is sorted by nothing in particular and short; its first characters are compared first. */
static inline bool in_table(const char *name, const char *const *table) {
  for (; *table; table++) {
    if (**table == *name && equal(*table, name)) return true;
  }
  return false;
}

/* C's and tree-sitter-c's reserved words; never the name of a macro. */
static const char *const KEYWORDS[] = {
  "if", "else", "for", "while", "do", "switch", "case", "default", "return", "break", "continue", "goto", "sizeof",
  "typedef", "offsetof", "asm", "__asm__", "__asm", "_Generic", "__attribute__", "__attribute", "__extension__",
  "_Alignof", "alignof", "__alignof__", "__alignof", "_alignof", "alignas", "_Alignas", "__declspec", "__based",
  "__cdecl", "__clrcall", "__stdcall", "__fastcall", "__thiscall", "__vectorcall", "__uptr", "__sptr",
  "__try", "__except", "__finally", "__leave", "defined", "NULL", "nullptr", "true", "false", "TRUE", "FALSE",
  "__restrict", "_unaligned", "__unaligned", 0,
};

static const char *const DIRECTIVES[] = {
  "if", "ifdef", "ifndef", "else", "elif", "elifdef", "elifndef", "endif", "define", "undef", "include", "pragma",
  "error", "warning", "line", "ident", 0,
};

/* Words that start or continue declaration specifiers, so that a name before them can be no type. */
static const char *const TYPE_KEYWORDS[] = {
  "struct", "union", "enum", "int", "char", "void", "bool", "_Bool", "unsigned", "signed", "long", "short", "float",
  "double", "size_t", "ssize_t", "ptrdiff_t", "intptr_t", "uintptr_t", "int8_t", "int16_t", "int32_t", "int64_t",
  "uint8_t", "uint16_t", "uint32_t", "uint64_t", "static", "extern", "inline", "__inline", "__inline__",
  "__forceinline", "register", "auto", "thread_local", "__thread", 0,
};

static const char *const QUALIFIERS[] = {
  "const", "volatile", "restrict", "__restrict__", "constexpr", "_Atomic", "_Noreturn", "noreturn", 0,
};

/*
 * Annotations that stand where a declared name or a type could stand as well: `} __packed;` declares nothing,
 * `(__force __be32)x` has no type __force.
 */
static const char *const ANNOTATIONS[] = {
  /* sparse and clang: include/linux/compiler_types.h */
  "__user", "__iomem", "__rcu", "__percpu", "__kernel", "__force", "__nocast", "__bitwise", "__safe", "__private",
  "__must_hold", "__acquires", "__releases", "__cond_acquires", "__acquire", "__release", "__guarded_by",
  "__btf_type_tag", "__capability",
  /* attributes: include/linux/compiler_attributes.h */
  "__packed", "__aligned", "__aligned_largest", "__cold", "__hot", "__pure", "__must_check", "__malloc", "__printf",
  "__scanf", "__section", "__used", "__maybe_unused", "__always_unused", "__weak", "__visible", "__alias", "__mode",
  "__noreturn", "__naked", "__no_caller_saved_registers", "__always_inline", "__gnu_inline", "__designated_init",
  "__counted_by", "__counted_by_le", "__counted_by_be", "__nonstring", "__cleanup", "__free", "__alloc_size",
  "__no_kcsan", "__no_sanitize_address", "__noscs", "__flatten", "__noclone", "__no_profile", "__ro_after_init",
  "__read_mostly", "__latent_entropy", "__randomize_layout", "__no_randomize_layout", "__assume_aligned",
  "__attribute_const__", "__deprecated", "__nocapture", "__nocfi", "__signed", "__pass_object_size",
  "____cacheline_aligned", "____cacheline_aligned_in_smp", "____cacheline_internodealigned_in_smp",
  "__cacheline_aligned", "__cacheline_aligned_in_smp", "__cacheline_group_begin_aligned",
  /* sections: include/linux/init.h */
  "__init", "__exit", "__initdata", "__initconst", "__exitdata", "__exitconst", "__ref", "__refdata", "__refconst",
  "__meminit", "__meminitdata", "__meminitconst", "__init_or_module", "__initdata_or_module", "__initconst_or_module",
  "__net_init", "__net_exit", "__initdata_memblock", "__init_memblock", "__noinitretpoline", "__devinit",
  "__sched", "__kprobes", "__lockfunc", "__cpuidle", "__irq_entry", "__softirq_entry", "__exception_irq_entry",
  "__bpf_kfunc", "__modinit", "__cpuinit", "__head", "__page_aligned_data", "__page_aligned_bss",
  /* without the leading underscores */
  "asmlinkage", "noinline", "noinline_for_stack", "notrace", "noinstr", "fastcall", "STATIC", "INIT", 0,
};

/* Types that look like annotations. */
static const char *const TYPES[] = {
  "__wsum", "__sum16", "__poll_t", "__va_list", "__builtin_va_list", "__auto_type", "__int128", "__uint128", "__fd",
  "__u_long", "__float128", "__label__", "__int8", "__int16", "__int32", "__int64", "__vector", "__m128i", "__m256i", 0,
};

/* Macros that declare inside a function and whose names do not say so. */
static const char *const DECLARING_MACROS[] = {
  "LIST_HEAD", "HLIST_HEAD", "PLIST_HEAD", "LLIST_HEAD", "BIO_EMPTY_LIST", 0,
};

/* Macros whose block runs once, under a lock or with a saved state: scoped_guard(mutex, &lock) { }. */
static const char *const SCOPE_MACROS[] = {
  "scoped_guard", "scoped_cond_guard", "rcu_read_lock_scope", "sme_scope", 0,
};

static inline bool is_typeof(const char *name) {
  return equal(name, "typeof") || equal(name, "__typeof__") || equal(name, "__typeof") ||
         equal(name, "typeof_unqual") || equal(name, "__typeof_unqual__") || equal(name, "__unqual_scalar_typeof");
}

/* Macros whose call is a type. */
static inline bool is_type_name_macro(const char *name) { return is_typeof(name) || equal(name, "CLASS_TYPE"); }

static inline bool is_type_keyword(const char *word) { return in_table(word, TYPE_KEYWORDS) || is_typeof(word); }

static inline bool is_qualifier(const char *word) { return in_table(word, QUALIFIERS); }

static inline bool is_keyword(const char *word) {
  return in_table(word, KEYWORDS) || in_table(word, TYPE_KEYWORDS) || in_table(word, QUALIFIERS) || is_typeof(word);
}

static inline bool is_known_annotation(const char *name) { return in_table(name, ANNOTATIONS); }

/* __le32, __u8, __s64, __kernel_size_t: types, not annotations. */
static inline bool looks_like_type(const char *name) {
  if (ends_with(name, "_t") || in_table(name, TYPES)) return true;
  if (name[0] != '_' || name[1] != '_') return false;
  const char *c = name + 2;
  if (*c == 'l' || *c == 'b') {
    c++;
    if (*c != 'e') return false;
    c++;
  } else if (*c == 'u' || *c == 's') {
    c++;
  } else if (starts_with(c, "fs") || starts_with(c, "hc")) {
    c += 2;
  } else if (starts_with(c, "virtio")) {
    c += 6;
  } else {
    return false;
  }
  if (*c < '0' || *c > '9') return false;
  while (*c >= '0' && *c <= '9') c++;
  return *c == 0;
}

static inline bool looks_like_annotation(const char *name) {
  if (name[0] == '_' && name[1] == '_') return !looks_like_type(name);
  return is_known_annotation(name);
}

static inline bool is_upper(const char *name) {
  if (!name[0] || !name[1]) return false;
  for (; *name; name++) {
    if (*name >= 'a' && *name <= 'z') return false;
  }
  return true;
}

/* After a declarator: __must_hold(&lock), or a macro in capitals. */
static inline bool is_trailing_annotation(const char *name) { return looks_like_annotation(name) || is_upper(name); }

static inline bool declares_by_name(const char *name) {
  return starts_with(name, "DEFINE_") || starts_with(name, "DECLARE_") || in_table(name, DECLARING_MACROS);
}

static inline bool is_scope_macro(const char *name) { return in_table(name, SCOPE_MACROS); }

#endif
