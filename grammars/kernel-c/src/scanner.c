/*
 * The external scanner of kernel-c. It answers the questions that one token of lookahead cannot: is this macro call a
 * loop, a declaration, or a statement without its semicolon; is this name an annotation or a type; are the arms of this
 * #if whole items. It looks at shapes (classify.h, conditionals.h), and at a small table of names only where shape does
 * not decide (names.h).
 *
 * Lookahead is bounded (LOOKAHEAD_LIMIT characters), so the scanner's work is linear in the text for any given nesting.
 */
#include "classify.h"
#include "conditionals.h"
#include "look.h"
#include "names.h"
#include "tree_sitter/alloc.h"
#include "tree_sitter/parser.h"

/* How many conditionals are open whose directives are fragments: one that is, and all that it contains. */
typedef struct {
  uint8_t depth;
} Scanner;

/*
 * At a '#' that starts a line. A directive that the grammar takes here as such is left to the internal lexer; one that
 * cuts a construct becomes a fragment, and so do all directives up to its #endif.
 */
static bool scan_directive(Scanner *scanner, Look *look, const bool *valid) {
  TSLexer *lexer = look->lexer;
  Word word;
  next(look);
  while (is_blank(peek(look))) next(look);
  read_word(look, &word);
  if (!is_directive(word.text)) return false;
  lexer->mark_end(lexer);
  enum DirectiveKind kind = directive_kind(word.text);

  if (scanner->depth == 0) {
    if (kind == DIRECTIVE_IF) {
      if (valid[PREPROC_DIRECTIVE] && arms_are_whole(look)) return false;
    } else if (kind == DIRECTIVE_OTHER) {
      if (valid[PREPROC_DIRECTIVE]) return false;
    } else {
      return false;
    }
  } else if (kind == DIRECTIVE_OTHER && valid[PREPROC_DIRECTIVE]) {
    return false;
  }
  if (!valid[FRAGMENT_DIRECTIVE]) return false;
  if (kind == DIRECTIVE_IF && scanner->depth < UINT8_MAX) scanner->depth++;
  if (kind == DIRECTIVE_ENDIF && scanner->depth > 0) scanner->depth--;
  lexer->result_symbol = FRAGMENT_DIRECTIVE;
  return true;
}

static bool scan(Scanner *scanner, TSLexer *lexer, const bool *valid) {
  Look look = {lexer, LOOKAHEAD_LIMIT, false, 0};
  /* Inside a string, or inside a directive's line; or all at once, while the parser recovers from an error. */
  if (valid[STRING_INSIDE] || valid[LINE_END] || valid[CONDITION_END]) return false;

  if (valid[FRAGMENT_TEXT]) {
    skip_line(&look);
    lexer->mark_end(lexer);
    lexer->result_symbol = FRAGMENT_TEXT;
    return true;
  }

  unsigned blanks = 0;
  bool tab = peek(&look) == '\t';
  for (;;) {
    int32_t c = peek(&look);
    if (c == '\n' || is_blank(c)) {
      blanks++;
      step(&look, true);
    } else if (c == '\\') {
      step(&look, true);
      if (peek(&look) != '\n' && peek(&look) != '\r') return false;
    } else {
      break;
    }
  }
  int32_t c = peek(&look);
  if (c == '#') return scan_directive(scanner, &look, valid);
  if (!is_word_start(c)) return false;
  bool wanted = false;
  for (int token = BODY_NAME; token <= BARE_IDENTIFIER; token++) {
    if (valid[token]) {
      wanted = true;
      break;
    }
  }
  if (!wanted) return false;
  int indent = look.newline ? (int)look.column : -1;
  /*
   * The newline may belong to the directive before. (The lexer's own column would tell, but what it answers depends on
   * what was lexed before, so that the same text would get different trees.)
   */
  if (indent < 0 && valid[CALL_NAME] && (blanks == 0 || tab)) indent = (int)look.column;
  look.newline = false;
  Word word;
  read_word(&look, &word);
  if (word.length >= WORD_LIMIT || (is_keyword(word.text) && !is_typeof(word.text))) return false;
  lexer->mark_end(lexer);
  int token = classify_name(&look, &word, indent, valid);
  if (token < 0 || !valid[token]) return false;
  lexer->result_symbol = (TSSymbol)token;
  return true;
}

void *tree_sitter_kernel_c_external_scanner_create(void) {
  Scanner *scanner = ts_malloc(sizeof(Scanner));
  scanner->depth = 0;
  return scanner;
}

void tree_sitter_kernel_c_external_scanner_destroy(void *payload) { ts_free(payload); }

unsigned tree_sitter_kernel_c_external_scanner_serialize(void *payload, char *buffer) {
  Scanner *scanner = payload;
  if (scanner->depth == 0) return 0;
  buffer[0] = (char)scanner->depth;
  return 1;
}

void tree_sitter_kernel_c_external_scanner_deserialize(void *payload, const char *buffer, unsigned length) {
  Scanner *scanner = payload;
  scanner->depth = length > 0 ? (uint8_t)buffer[0] : 0;
}

bool tree_sitter_kernel_c_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid_symbols) {
  return scan(payload, lexer, valid_symbols);
}
