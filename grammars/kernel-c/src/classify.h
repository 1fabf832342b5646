/*
 * What kind of name is this? By what stands around it: its arguments, what follows them, how both are indented.
 */
#ifndef KERNEL_C_CLASSIFY_H_
#define KERNEL_C_CLASSIFY_H_

#include "look.h"
#include "names.h"

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
  TYPEOF_TYPE_NAME,
  MACRO_TYPE_NAME,
  BARE_IDENTIFIER,
  STRING_INSIDE,
};

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
    case ',':
    case ')':
      /* _Generic(*lock, seqcount_t: 0, seqcount_case(spinlock)) */
      return valid[BODY_NAME] ? -1 : CALL_NAME;
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
    if (valid[TYPEOF_NAME] && is_typeof(name->text)) return typeof_takes_expression(look) ? TYPEOF_NAME : TYPEOF_TYPE_NAME;
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
    if (look->newline && is_word_start(c) && (int)look->column == indent) {
      Run run;
      if (!scan_run(look, &run)) return -1;
      if (run.names == 0 && run.end == 'w') return BARE_IDENTIFIER;
      if (run.end != '(') {
        /* What has been read is lost to the questions below; only an annotation is left. */
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
    if (looks_like_type(name->text)) return -1;
    if (c == '*' || is_known_annotation(name->text)) return TYPE_ANNOTATION_NAME;
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
    if (is_type_name_macro(name->text) || looks_like_type(name->text) || !scan_run(look, &run)) return -1;
    if (run.end == 'k' && run.names == 0 && skip_space(look) == ';') return -1; /* typedef __INT8_TYPE__ int8_t; */
    if (run.end == 'q' && run.names == 0 && !is_known_annotation(name->text)) {
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

#endif
