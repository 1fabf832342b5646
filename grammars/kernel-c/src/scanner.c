/*
 * The external scanner of kernel-c. It answers the questions that one token of lookahead cannot: is this macro call a
 * loop, a declaration, or a statement without its semicolon; is this name an annotation or a type; are the arms of this
 * #if whole items. It looks at shapes (what is balanced, what follows, how it is indented), and at a small table of
 * names only where shape does not decide (names.h).
 *
 * Lookahead is bounded (LOOKAHEAD_LIMIT characters), so the scanner's work is linear in the text for any given nesting.
 */
#include "tree_sitter/parser.h"
#include "tree_sitter/alloc.h"
#include "names.h"

#include <stdbool.h>
#include <stdint.h>

/* The order is that of `externals` in grammar.js. */
enum TokenType {
  FRAGMENT_DIRECTIVE,
  FRAGMENT_TEXT,
  PREPROC_DIRECTIVE,
  LINE_END,
  CONDITION_END,
  BODY_NAME,
  SCOPE_NAME,
  CALL_NAME,
  BARE_NAME,
  DECLARING_NAME,
  TABLE_NAME,
  FIELD_GROUP_NAME,
  LEADING_ANNOTATION_NAME,
  LEADING_ANNOTATION_CALL_NAME,
  TYPE_ANNOTATION_NAME,
  TYPE_ANNOTATION_CALL_NAME,
  POINTER_ANNOTATION_NAME,
  TAG_ANNOTATION_NAME,
  TRAILING_ANNOTATION_NAME,
  TRAILING_ANNOTATION_CALL_NAME,
  TYPEOF_NAME,
  MACRO_TYPE_NAME,
  BARE_IDENTIFIER,
};

#define LOOKAHEAD_LIMIT 65536
#define WORD_LIMIT 64
#define TAB_WIDTH 8

/* How many conditionals are open whose directives are fragments: one that is, and all that it contains. */
typedef struct {
  uint8_t depth;
} Scanner;

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

/* ------------------------------------------------------------------------------------------------ conditionals */

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
  bool word_last;     /* the last token is a word */
  bool bad;
  bool comma;         /* a comma stands at depth 0 */
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
  arm->word_last = false;
  arm->bad = false;
  arm->comma = false;
  arm->start_column = 0;
}

static bool arm_is_whole(const Arm *arm, bool closes) {
  if (arm->bad || arm->depth != 0) return false;
  if (arm->empty) return true;
  switch (arm->last) {
    case ';':
    case '}':
    case ':':
    case ',':
      return true;
    case ')':
      /* A macro without a semicolon at file level, or the head of a statement whose body is elsewhere. */
      return closes || (!arm->conditional && arm->start_column == 0);
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

/* ------------------------------------------------------------------------------------------------------- names */

/* The names that follow a first name, up to the first thing that is no name. */
typedef struct {
  unsigned names;      /* how many */
  unsigned ordinary;   /* how many of them do not look like annotations */
  bool known_second;   /* the first of them is in the table of annotations */
  bool plain_second;   /* the first of them does not look like an annotation */
  char end;            /* what ended the run: k type keyword, q qualifier, w other keyword, A attribute, or a character */
} Run;

static bool scan_run(Look *look, Run *run) {
  Word word;
  run->names = 0;
  run->ordinary = 0;
  run->known_second = false;
  run->plain_second = false;
  run->end = 0;
  word.text[0] = 0;
  while (run->names < 8) {
    int32_t c = skip_space(look);
    if (!is_word_start(c)) {
      if (c == '(' && run->names > 0 && is_known_annotation(word.text)) {
        if (!skip_balanced(look, 0)) return false;
        continue;
      }
      run->end = c < 0x80 ? (char)c : 0;
      return true;
    }
    read_word(look, &word);
    if (equal(word.text, "__attribute__")) run->end = 'A';
    else if (is_type_keyword(word.text)) run->end = 'k';
    else if (is_qualifier(word.text)) run->end = 'q';
    else if (is_keyword(word.text)) run->end = 'w';
    if (run->end) return true;
    bool annotation = looks_like_annotation(word.text);
    if (run->names == 0) {
      run->known_second = is_known_annotation(word.text);
      run->plain_second = !annotation;
    }
    run->names++;
    if (!annotation) run->ordinary++;
  }
  return true;
}

/* After annotations have been passed that follow a macro call: what ends them? */
static int32_t skip_annotations(Look *look, Word *word) {
  for (;;) {
    int32_t c = skip_space(look);
    if (c == '(') {
      if (!skip_balanced(look, 0)) return 0;
    } else if (is_word_start(c)) {
      read_word(look, word);
      if (is_keyword(word->text) || !looks_like_annotation(word->text)) return 'a';
    } else {
      return c;
    }
  }
}

/* After a word that follows a macro call: does a declaration go on? */
static bool goes_on_as_declaration(Look *look, const Word *word) {
  if (is_type_keyword(word->text) || is_qualifier(word->text)) return true;
  if (is_keyword(word->text)) return false;
  int32_t c = skip_space(look);
  return c == '*' || is_word_start(c);
}

/*
 * At the '(' of a call that starts an item or a statement, or that follows storage classes (`modified`): what kind of
 * macro is it? `indent` is the column of the name, or -1 when the name does not stand first in its line.
 */
static int classify_call(Look *look, const Word *name, int indent, const bool *valid, bool modified) {
  bool directive = false;
  Inside inside = {false, false};
  Word word;
  if (is_type_name_macro(name->text) || !skip_balanced(look, &inside)) return -1;
  look->newline = false;
  int32_t c = skip_space_and_directives(look, &directive);
  bool newline = look->newline;
  int column = (int)look->column;
  bool scope = is_scope_macro(name->text) && !modified;
  bool annotation = looks_like_annotation(name->text);
  switch (c) {
    case ';':
      if (is_known_annotation(name->text) && modified) return -1;
      return declares_by_name(name->text) ? DECLARING_NAME : CALL_NAME;
    case '[':
      return declares_by_name(name->text) || modified || indent == 0 ? DECLARING_NAME : -1;
    case '=':
      next(look);
      if (peek(look) == '=') return -1;
      return declares_by_name(name->text) || modified || indent == 0 ? DECLARING_NAME : -1;
    case '{':
      if (scope) return SCOPE_NAME;
      next(look);
      return skip_space(look) == '.' ? TABLE_NAME : BODY_NAME;
    case '}':
      return BARE_NAME;
    case 0:
      return look->budget > 0 ? BARE_NAME : -1;
    case '.':
      next(look);
      return newline && indent == 0 && is_word_start(peek(look)) ? TABLE_NAME : -1;
    case '+':
    case '-':
      /* for_each_set_bit(bit, map, size) newline ++count; */
      next(look);
      if (peek(look) != c || !newline || column <= indent || indent < 0) return -1;
      next(look);
      return is_word_start(peek(look)) ? BODY_NAME : -1;
    default:
      if (!is_word_start(c)) return -1;
  }
  read_word(look, &word);
  if (equal(word.text, "else")) return BARE_NAME;
  if (newline && indent >= 0 && column <= indent) {
    if (looks_like_annotation(word.text) && !is_keyword(word.text)) {
      /* DEFINE_X(y) newline __aligned(8); MACRO(x) newline __must_hold(y) { */
      c = skip_annotations(look, &word);
      if (c == '{') return annotation ? LEADING_ANNOTATION_CALL_NAME : BODY_NAME;
      if (c == ';' || c == '=') return annotation ? LEADING_ANNOTATION_CALL_NAME : DECLARING_NAME;
      return annotation ? LEADING_ANNOTATION_CALL_NAME : BARE_NAME;
    }
    if (annotation && goes_on_as_declaration(look, &word)) return LEADING_ANNOTATION_CALL_NAME;
    return BARE_NAME;
  }
  if (is_keyword(word.text)) {
    if (is_type_keyword(word.text) || is_qualifier(word.text)) {
      if (annotation) return LEADING_ANNOTATION_CALL_NAME;
      return -1;
    }
    if (newline && indent < 0 && equal(word.text, "while")) return BARE_NAME;
    return scope ? SCOPE_NAME : BODY_NAME;
  }
  if (newline && indent > 0 && !annotation) return scope ? SCOPE_NAME : BODY_NAME;
  if (looks_like_annotation(word.text)) {
    c = skip_annotations(look, &word);
    if (c == '{') return annotation && !modified ? LEADING_ANNOTATION_CALL_NAME : BODY_NAME;
    if (c == ';' || c == '=') return annotation ? -1 : DECLARING_NAME;
    return annotation ? LEADING_ANNOTATION_CALL_NAME : -1;
  }
  if (annotation && goes_on_as_declaration(look, &word)) return LEADING_ANNOTATION_CALL_NAME;
  if (!newline) {
    /* macro(type) name; is tree-sitter-c's macro_type_specifier; with more arguments it is ours. */
    bool declares = false;
    c = skip_space(look);
    if (c == ';' || c == ',' || c == '[') declares = true;
    if (c == '=') {
      next(look);
      declares = peek(look) != '=';
    }
    if (declares || c == 0) return inside.comma && declares ? MACRO_TYPE_NAME : -1;
    if (c == '(' && (indent == 0 || modified)) return inside.comma ? MACRO_TYPE_NAME : -1;
  }
  return scope ? SCOPE_NAME : BODY_NAME;
}

static int classify_field_call(Look *look, const Word *name) {
  Inside inside = {false, false};
  Word word;
  if (is_type_name_macro(name->text)) return -1;
  if (!skip_balanced(look, &inside)) return -1;
  look->newline = false;
  int32_t c = skip_space(look);
  if (c == ';') return inside.semicolon ? FIELD_GROUP_NAME : CALL_NAME;
  if (c == '#' || c == '}') return BARE_NAME;
  if (!is_word_start(c)) return -1;
  bool annotation = looks_like_annotation(name->text);
  bool newline = look->newline;
  read_word(look, &word);
  if (inside.semicolon) return FIELD_GROUP_NAME;
  if (looks_like_annotation(word.text) && !is_keyword(word.text)) return CALL_NAME;
  if (annotation) return LEADING_ANNOTATION_CALL_NAME;
  if (newline) return BARE_NAME;
  c = skip_space(look);
  return inside.comma && (c == ';' || c == ',' || c == '[') ? MACRO_TYPE_NAME : -1;
}

/* Is `typeof (` followed by something that is no type? At the '('. */
static bool typeof_takes_expression(Look *look) {
  Word word;
  next(look);
  int32_t c = skip_space(look);
  if (!is_word_start(c)) return true;
  read_word(look, &word);
  if (is_type_keyword(word.text) || is_qualifier(word.text)) return false;
  c = skip_space(look);
  while (c == '*') {
    next(look);
    c = skip_space(look);
  }
  return c != ')';
}

static int classify_name(Look *look, const Word *name, int indent, const bool *valid) {
  int32_t c;
  bool type_position = valid[TYPE_ANNOTATION_NAME];
  bool leading = valid[LEADING_ANNOTATION_NAME];

  c = skip_space(look);

  if (valid[TRAILING_ANNOTATION_NAME] && !type_position && is_trailing_annotation(name->text)) {
    return c == '(' ? TRAILING_ANNOTATION_CALL_NAME : TRAILING_ANNOTATION_NAME;
  }

  if (c == '(') {
    if (valid[TYPEOF_NAME] && is_typeof(name->text)) return typeof_takes_expression(look) ? TYPEOF_NAME : -1;
    if (valid[FIELD_GROUP_NAME]) return classify_field_call(look, name);
    if (type_position) {
      bool known = is_known_annotation(name->text);
      if (!looks_like_annotation(name->text)) return -1;
      if (known) {
        /* void __weak (*handler)(void); against void __aligned(8) name; */
        next(look);
        if (skip_space(look) == '*') return TYPE_ANNOTATION_NAME;
        if (!skip_rest_balanced(look)) return -1;
        c = skip_space(look);
        return c == '*' || c == ';' || is_word_start(c) ? TYPE_ANNOTATION_CALL_NAME : -1;
      }
      if (!skip_balanced(look, 0)) return -1;
      c = skip_space(look);
      if (c == '*') return TYPE_ANNOTATION_CALL_NAME;
      if (!is_word_start(c)) return -1;
      Word word;
      read_word(look, &word);
      return looks_like_annotation(word.text) ? -1 : TYPE_ANNOTATION_CALL_NAME;
    }
    if (valid[CALL_NAME]) return classify_call(look, name, indent, valid, !valid[BARE_IDENTIFIER]);
    if (valid[LEADING_ANNOTATION_CALL_NAME] && looks_like_annotation(name->text) && !is_typeof(name->text)) {
      if (!skip_balanced(look, 0)) return -1;
      c = skip_space(look);
      return is_word_start(c) ? LEADING_ANNOTATION_CALL_NAME : -1;
    }
    return -1;
  }

  if (valid[BARE_IDENTIFIER] && is_upper(name->text)) {
    /* A macro that is a whole statement: alone in its line, and not the start of a declaration. */
    if (c == '}' || c == 0) return look->budget > 0 ? BARE_IDENTIFIER : -1;
    if (look->newline && is_word_start(c)) {
      int column = (int)look->column;
      Run run;
      if (column == indent && scan_run(look, &run) && run.names == 0 && run.end == 'w') return BARE_IDENTIFIER;
      if (column != indent || run.end != '(') {
        /* fall through to annotations with what has been read lost: nothing else starts like this */
        return leading && (run.end == 'k' || run.end == 'q' || run.names > 1) ? LEADING_ANNOTATION_NAME : -1;
      }
      return run.names == 1 && indent > 0 ? BARE_IDENTIFIER : -1;
    }
  }

  if (valid[TAG_ANNOTATION_NAME]) {
    /* struct __packed name { */
    if (is_known_annotation(name->text)) return TAG_ANNOTATION_NAME;
    if (!is_word_start(c)) return -1;
    Word word;
    read_word(look, &word);
    c = skip_space(look);
    return c == '{' && !is_known_annotation(word.text) ? TAG_ANNOTATION_NAME : -1;
  }

  if (valid[POINTER_ANNOTATION_NAME] && !type_position) {
    if (is_known_annotation(name->text)) return POINTER_ANNOTATION_NAME;
    if (!looks_like_annotation(name->text) || !is_word_start(c)) return -1;
    Run run;
    if (!scan_run(look, &run)) return -1;
    return run.ordinary > 0 || (run.names > 0 && run.end == '(') ? POINTER_ANNOTATION_NAME : -1;
  }

  if (type_position) {
    /* The type is known: of the names that follow, the last ordinary one is declared, the others annotate. */
    if (c == '*') return TYPE_ANNOTATION_NAME;
    if (is_known_annotation(name->text)) return TYPE_ANNOTATION_NAME;
    if (!is_word_start(c)) return -1;
    Run run;
    if (!scan_run(look, &run)) return -1;
    if (run.end == 'k' || run.end == 'q' || run.end == '*') return TYPE_ANNOTATION_NAME;
    if (run.names == 0) return -1;
    if (run.ordinary > 0) return TYPE_ANNOTATION_NAME;
    return looks_like_annotation(name->text) && !run.known_second ? TYPE_ANNOTATION_NAME : -1;
  }

  if (leading && is_word_start(c)) {
    Run run;
    bool annotation = looks_like_annotation(name->text);
    if (is_type_name_macro(name->text) || !scan_run(look, &run)) return -1;
    if (run.end == 'q' && run.names == 0 && !annotation) {
      /* ANNOTATION const struct ... against type const ... */
      Word word;
      if (!is_word_start(skip_space(look))) return -1;
      read_word(look, &word);
      return is_type_keyword(word.text) ? LEADING_ANNOTATION_NAME : -1;
    }
    if (run.names == 0) {
      if (run.end == 'A') return is_known_annotation(name->text) ? LEADING_ANNOTATION_NAME : -1;
      return run.end == 'k' || run.end == 'q' ? LEADING_ANNOTATION_NAME : -1;
    }
    if (is_known_annotation(name->text)) return LEADING_ANNOTATION_NAME;
    /* A type and a name must be left, or a type when something that is no name follows it. */
    unsigned needed = run.end == 'k' || run.end == 'q' || run.end == '*' ? 1 : 2;
    if (run.end == 'k') return LEADING_ANNOTATION_NAME;
    if (annotation) return run.names >= needed ? LEADING_ANNOTATION_NAME : -1;
    return run.ordinary >= needed && run.plain_second ? LEADING_ANNOTATION_NAME : -1;
  }
  return -1;
}

/* ------------------------------------------------------------------------------------------------------- scanner */

static bool scan(Scanner *scanner, TSLexer *lexer, const bool *valid) {
  Look look = {lexer, LOOKAHEAD_LIMIT, false, 0};
  /* All tokens at once are asked for only while the parser recovers from an error. */
  bool recovering = valid[FRAGMENT_TEXT] && valid[LINE_END] && valid[TYPEOF_NAME];

  if (valid[FRAGMENT_TEXT] && !recovering) {
    skip_line(&look);
    lexer->mark_end(lexer);
    lexer->result_symbol = FRAGMENT_TEXT;
    return true;
  }

  unsigned blanks = 0;
  for (;;) {
    int32_t c = peek(&look);
    if (c == '\n' && (valid[LINE_END] || valid[CONDITION_END])) return false;
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
  if (c == '#') {
    /* A directive stands first in its line; anything else is the text of a string. */
    if (!look.newline && lexer->get_column(lexer) != 0) return false;
    return !recovering && scan_directive(scanner, &look, valid);
  }
  if (recovering || !is_word_start(c)) return false;
  bool wanted = false;
  for (int token = BODY_NAME; token <= BARE_IDENTIFIER; token++) {
    if (valid[token]) {
      wanted = true;
      break;
    }
  }
  if (!wanted) return false;
  int indent = look.newline ? (int)look.column : -1;
  if (indent < 0 && valid[CALL_NAME] && lexer->get_column(lexer) == blanks) {
    /* The newline belongs to the directive before. */
    indent = (int)look.column;
  }
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
