/*
 * Is a conditional's every arm a sequence of whole items, so that the grammar can take it as a group?
 */
#ifndef KERNEL_C_CONDITIONALS_H_
#define KERNEL_C_CONDITIONALS_H_

#include "look.h"
#include "names.h"

enum DirectiveKind { DIRECTIVE_OTHER, DIRECTIVE_IF, DIRECTIVE_ELSE, DIRECTIVE_ENDIF };

static bool is_directive(const char *name) { return in_table(name, DIRECTIVES); }

static enum DirectiveKind directive_kind(const char *name) {
  if (equal(name, "if") || equal(name, "ifdef") || equal(name, "ifndef")) return DIRECTIVE_IF;
  if (equal(name, "else") || equal(name, "elif") || equal(name, "elifdef") || equal(name, "elifndef")) {
    return DIRECTIVE_ELSE;
  }
  if (equal(name, "endif")) return DIRECTIVE_ENDIF;
  return DIRECTIVE_OTHER;
}

/* What is known of the arm being read. */
typedef struct {
  int depth;
  int32_t last;       /* the last significant character */
  bool empty;
  bool at_start;      /* of a statement, at depth 0 */
  bool conditional;   /* the statement being read starts with if, else, for, while or switch */
  bool comma;         /* a comma stands at depth 0 */
  unsigned words;     /* of the statement, at depth 0: a macro call has one, the head of a function more */
  unsigned start_column;
} Arm;

static bool starts_condition(const char *word) {
  return equal(word, "if") || equal(word, "else") || equal(word, "for") || equal(word, "while") || equal(word, "switch");
}

static void start_arm(Arm *arm) {
  arm->depth = 0;
  arm->last = 0;
  arm->empty = true;
  arm->at_start = true;
  arm->conditional = false;
  arm->comma = false;
  arm->words = 0;
  arm->start_column = 0;
}

static bool arm_is_whole(const Arm *arm, bool closes) {
  if (arm->depth != 0) return false;
  if (arm->empty) return true;
  switch (arm->last) {
    case ';':
    case '}':
    case ':':
    case ',':
      return true;
    case ')':
      /* A macro without a semicolon at file level, or the head of a statement whose body is elsewhere. */
      return closes || (!arm->conditional && arm->start_column == 0 && arm->words == 1);
    default:
      return closes;
  }
}

/*
 * After the name of an #if, #ifdef or #ifndef: looks at all arms up to the #endif and answers whether each of them is a
 * sequence of whole items. Conditionals inside count with all their arms.
 */
static bool arms_are_whole(Look *look) {
  Arm arm;
  bool word_ends_arm = false;
  unsigned nested = 0;
  Word word;
  start_arm(&arm);
  skip_line(look);
  for (;;) {
    int32_t c = skip_space(look);
    if (c == 0) return true; /* Out of sight: the ordinary case is a file-wide guard. */
    if (c == '#') {
      next(look);
      while (is_blank(peek(look))) next(look);
      read_word(look, &word);
      enum DirectiveKind kind = directive_kind(word.text);
      if (kind == DIRECTIVE_IF) {
        nested++;
      } else if (kind == DIRECTIVE_ENDIF && nested > 0) {
        nested--;
      } else if (nested == 0 && kind != DIRECTIVE_OTHER) {
        if (!arm_is_whole(&arm, true)) return false;
        if (!arm_is_whole(&arm, false)) {
          word_ends_arm = true;
          if (arm.comma) return false;
        }
        if (kind == DIRECTIVE_ENDIF) {
          skip_line(look);
          bool directive = false;
          c = skip_space_and_directives(look, &directive);
          if (is_word_start(c)) {
            read_word(look, &word);
            if (equal(word.text, "else")) return false;
          }
          /* The last enumerator needs no comma. */
          return !word_ends_arm || c == '}';
        }
        start_arm(&arm);
      }
      skip_line(look);
      continue;
    }
    bool first = arm.empty;
    bool start = arm.at_start && arm.depth == 0;
    arm.empty = false;
    if (is_word_start(c)) {
      if (start) arm.start_column = look->column;
      read_word(look, &word);
      if (first && equal(word.text, "else")) return false;
      if (start) arm.words = 0;
      if (arm.depth == 0) arm.words++;
      if (start) {
        arm.at_start = false;
        arm.conditional = starts_condition(word.text);
      }
      arm.last = 'a';
      if (arm.depth == 0 && (equal(word.text, "else") || equal(word.text, "do"))) arm.last = '?';
      continue;
    }
    if (is_digit(c)) {
      arm.at_start = false;
      while (is_word(peek(look)) || peek(look) == '.') next(look);
      arm.last = 'a';
      continue;
    }
    if (first) {
      switch (c) {
        case '|': case '?': case ',': case ')': case ']': case '=': case '/': case '%': case '<': case '>': case '^':
        case ':': case '}': case '"':
          return false;
        case '&':
          next(look);
          if (peek(look) == '&') return false;
          arm.last = '&';
          continue;
        default:
          break;
      }
    }
    arm.last = c;
    if (c == '"' || c == '\'') {
      arm.at_start = false;
      skip_string(look, c);
      continue;
    }
    if (c == '/') continue; /* A division, passed by skip_space(). */
    next(look);
    switch (c) {
      case '(':
      case '[':
        if (start) arm.start_column = 1;
        arm.at_start = false;
        arm.depth++;
        break;
      case '{':
        arm.depth++;
        break;
      case ')':
      case ']':
        if (--arm.depth < 0) return false;
        break;
      case '}':
        if (--arm.depth < 0) return false;
        if (arm.depth == 0) arm.at_start = true;
        break;
      case ';':
      case ':':
        if (arm.depth == 0) arm.at_start = true;
        break;
      case ',':
        if (arm.depth == 0) arm.comma = true;
        arm.at_start = false;
        break;
      default:
        arm.at_start = false;
    }
  }
}

#endif
