/* src/tree_sitter/alloc.h includes it and uses nothing of it. */
