/*
 * Looking ahead: words, white space, comments, brackets. Every function passes what it reads and stays within the
 * lookahead's budget; at its end the text seems to end.
 */
#ifndef KERNEL_C_LOOK_H_
#define KERNEL_C_LOOK_H_

#include "tree_sitter/parser.h"

#include <stdbool.h>
#include <stdint.h>

#define LOOKAHEAD_LIMIT 65536
#define WORD_LIMIT 64
#define TAB_WIDTH 8

typedef struct {
  char text[WORD_LIMIT];
  unsigned length; /* of the whole word; text is cut at WORD_LIMIT - 1 */
} Word;

/* The lexer with a count of what has been looked at, and what white space has told about lines. */
typedef struct {
  TSLexer *lexer;
  unsigned budget;
  bool newline;    /* a newline has been passed since the last reset */
  unsigned column; /* of the next character, in columns of tabs, once a newline has been passed */
} Look;

static bool is_word_start(int32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c >= 0x80;
}

static bool is_digit(int32_t c) { return c >= '0' && c <= '9'; }

static bool is_word(int32_t c) { return is_word_start(c) || is_digit(c); }

static bool is_blank(int32_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

static int32_t peek(Look *look) { return look->budget == 0 ? 0 : look->lexer->lookahead; }

static void step(Look *look, bool skip) {
  int32_t c = look->lexer->lookahead;
  if (c == '\n') {
    look->newline = true;
    look->column = 0;
  } else if (c == '\t') {
    look->column = (look->column / TAB_WIDTH + 1) * TAB_WIDTH;
  } else {
    look->column++;
  }
  if (look->budget > 0) look->budget--;
  look->lexer->advance(look->lexer, skip);
}

static void next(Look *look) { step(look, false); }

static void read_word(Look *look, Word *word) {
  word->length = 0;
  while (is_word(peek(look))) {
    if (word->length < WORD_LIMIT - 1) {
      int32_t c = look->lexer->lookahead;
      word->text[word->length] = (char)(c < 0x80 ? c : '?');
      word->text[word->length + 1] = 0;
    }
    word->length++;
    next(look);
  }
  if (word->length == 0) word->text[0] = 0;
}

static void skip_string(Look *look, int32_t quote) {
  next(look);
  while (peek(look) && peek(look) != quote && peek(look) != '\n') {
    if (peek(look) == '\\') next(look);
    if (peek(look)) next(look);
  }
  if (peek(look) == quote) next(look);
}

/* After a '/': passes a comment; false if it was not one (the '/' has been passed then). */
static bool skip_comment(Look *look) {
  next(look);
  if (peek(look) == '/') {
    while (peek(look) && peek(look) != '\n') {
      if (peek(look) == '\\') next(look);
      if (peek(look)) next(look);
    }
    return true;
  }
  if (peek(look) != '*') return false;
  next(look);
  for (;;) {
    int32_t c = peek(look);
    if (!c) return true;
    next(look);
    if (c == '*' && peek(look) == '/') {
      next(look);
      return true;
    }
  }
}

static void skip_line(Look *look) {
  while (peek(look) && peek(look) != '\n') {
    int32_t c = peek(look);
    if (c == '/') {
      skip_comment(look);
      continue;
    }
    next(look);
    if (c == '\\') {
      if (peek(look) == '\r') next(look);
      if (peek(look)) next(look);
    }
  }
}

/* Passes white space, comments and continued lines. Answers '/' if a division follows (its '/' has been passed). */
static int32_t skip_space(Look *look) {
  for (;;) {
    int32_t c = peek(look);
    if (c == '\n' || is_blank(c)) {
      next(look);
    } else if (c == '\\') {
      next(look);
      if (peek(look) == '\r') next(look);
      if (peek(look) == '\n') next(look);
    } else if (c == '/') {
      if (!skip_comment(look)) return '/';
    } else {
      return c;
    }
  }
}

/* skip_space(), and directive lines as well; *directive says that there was one. */
static int32_t skip_space_and_directives(Look *look, bool *directive) {
  for (;;) {
    int32_t c = skip_space(look);
    if (c != '#') return c;
    *directive = true;
    skip_line(look);
  }
}

/* What stands directly inside a pair of brackets. */
typedef struct {
  bool semicolon;
  bool comma;
} Inside;

/*
 * At an opening bracket: passes up to and including its partner. False when there is none within the limit, or when a
 * brace is closed that was not opened.
 */
static bool skip_balanced_from(Look *look, Inside *inside, unsigned depth) {
  unsigned braces = 0;
  for (;;) {
    int32_t c = peek(look);
    switch (c) {
      case 0:
        return false;
      case '(':
      case '[':
        depth++;
        next(look);
        break;
      case '{':
        depth++;
        braces++;
        next(look);
        break;
      case '}':
        if (braces == 0) return false;
        braces--;
        /* fall through */
      case ')':
      case ']':
        next(look);
        if (--depth == 0) return true;
        break;
      case '"':
      case '\'':
        skip_string(look, c);
        break;
      case '/':
        skip_comment(look);
        break;
      case '#':
        /* A directive inside the arguments: its line is no part of them. */
        skip_line(look);
        break;
      case ';':
        if (depth == 1 && inside) inside->semicolon = true;
        next(look);
        break;
      case ',':
        if (depth == 1 && inside) inside->comma = true;
        next(look);
        break;
      default:
        if (is_word(c)) {
          while (is_word(peek(look))) next(look);
        } else {
          next(look);
        }
    }
  }
}

static bool skip_balanced(Look *look, Inside *inside) { return skip_balanced_from(look, inside, 0); }

/* The same, with the opening bracket passed already. */
static bool skip_rest_balanced(Look *look) { return skip_balanced_from(look, 0, 1); }

#endif
