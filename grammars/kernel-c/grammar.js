/**
 * @file C as the Linux kernel writes it, as an extension of tree-sitter-c.
 * @license MIT
 *
 * Where one token of lookahead cannot tell a macro call from a declaration, the external scanner (src/scanner.c) looks
 * at the shape of what follows and hands the grammar a name of the right kind; the grammar itself stays LR(1) there.
 * README.md lists the nodes and fields that are added to tree-sitter-c's.
 */

/// <reference types="tree-sitter-cli/dsl" />
// @ts-check

const C = require("tree-sitter-c/grammar");

const { PREC, preprocIf, preprocessor } = C;

module.exports = grammar(C, {
  name: "kernel_c",

  // The order is that of enum TokenType in src/scanner.c.
  externals: ($) => [
    $._fragment_directive,
    $._fragment_text,
    // The next three are lexed by the internal lexer; they are listed so that the scanner knows where directives may
    // stand and where their lines must end.
    $.preproc_directive,
    $._line_end,
    "\n",
    $._body_name,
    $._scope_name,
    $._call_name,
    $._bare_name,
    $._declaring_name,
    $._table_name,
    $._field_group_name,
    $._leading_annotation_name,
    $._leading_annotation_call_name,
    $._type_annotation_name,
    $._type_annotation_call_name,
    $._pointer_annotation_name,
    $._tag_annotation_name,
    $._trailing_annotation_name,
    $._trailing_annotation_call_name,
    $._typeof_name,
    $._typeof_type_name,
    $._macro_type_name,
    $._bare_identifier,
    // Never made: valid inside strings alone, where the scanner has nothing to look for.
    $._string_inside,
  ],

  extras: ($, original) => [...original, $.preproc_fragment],

  // tree-sitter-c keeps declarators of declarations apart from those of definitions because only the latter take
  // annotations there; here both do.
  conflicts: ($, original) => [
    ...original.filter((names) => !names.some((rule) => rule.name === "_function_declaration_declarator")),
    [$.expression, $._type_argument],
    // CONFLICTS
  ],

  rules: {
    // A directive line inside a construct: #ifdef in an argument list, an #endif after else.
    preproc_fragment: ($) => seq($._fragment_directive, $._fragment_text),

    _line_end: (_) => token.immediate(/\r?\n/),

    preproc_include: ($) =>
      seq(
        preprocessor("include"),
        field(
          "path",
          choice(
            $.string_literal,
            $.system_lib_string,
            $.identifier,
            alias($.preproc_call_expression, $.call_expression),
          ),
        ),
        $._line_end,
      ),

    preproc_def: ($) =>
      seq(preprocessor("define"), field("name", $.identifier), repeat(field("value", $.preproc_arg)), $._line_end),

    preproc_function_def: ($) =>
      seq(
        preprocessor("define"),
        field("name", $.identifier),
        field("parameters", $.preproc_params),
        repeat(field("value", $.preproc_arg)),
        $._line_end,
      ),

    preproc_call: ($) =>
      seq(field("directive", $.preproc_directive), repeat(field("argument", $.preproc_arg)), $._line_end),

    // GNU C names the rest: #define trace(format, args...)
    preproc_params: ($) =>
      seq(token.immediate("("), optional(seq($._preproc_parameter, repeat(seq(",", $._preproc_parameter)))), ")"),
    _preproc_parameter: ($) => choice(seq($.identifier, optional("...")), "..."),

    // File level. The contents of #if at file level are file-level items too, which is what lets a macro call be a
    // declaration there and a statement inside a function.

    _top_level_item: ($) =>
      choice(
        $.function_definition,
        alias($._old_style_function_definition, $.function_definition),
        alias($._defining_macro, $.function_definition),
        alias($._modified_macro_function_definition, $.function_definition),
        $.linkage_specification,
        $.declaration,
        alias($._declaring_macro, $.declaration),
        alias($._calling_macro, $.declaration),
        alias($._bare_identifier_statement, $.expression_statement),
        $._top_level_statement,
        // Here so that the scanner is asked for the same tokens at both levels, which keeps their states together.
        $.macro_scope_statement,
        $.attributed_statement,
        $.type_definition,
        $._empty_declaration,
        alias($.preproc_if_in_top_level, $.preproc_if),
        alias($.preproc_ifdef_in_top_level, $.preproc_ifdef),
        $.preproc_include,
        $.preproc_def,
        $.preproc_function_def,
        $.preproc_call,
      ),

    _block_item: ($, original) =>
      choice(
        ...original.members,
        alias($._declaring_macro, $.declaration),
        alias($._modified_macro_function_definition, $.function_definition),
      ),

    ...preprocIf("_in_top_level", ($) => $._top_level_item),

    // Declarations that a macro call makes: DEFINE_MUTEX(lock); SYSCALL_DEFINE1(close, int, fd) { ... }

    // Here the call's shape (a semicolon, a body, nothing) has chosen the name's token; by themselves such calls declare at
    // file level and are statements inside a function, unless their name says that they declare. Behind `static` they
    // declare everywhere.

    macro_declarator: ($) =>
      seq(field("name", alias($._declaring_name, $.identifier)), field("arguments", $.argument_list)),
    _call_declarator: ($) => seq(field("name", alias($._call_name, $.identifier)), field("arguments", $.argument_list)),
    _bare_declarator: ($) => seq(field("name", alias($._bare_name, $.identifier)), field("arguments", $.argument_list)),
    _table_declarator: ($) =>
      seq(field("name", alias($._table_name, $.identifier)), field("arguments", $.argument_list)),
    _body_declarator: ($) =>
      prec.right(
        seq(
          field("name", alias($._body_name, $.identifier)),
          field("arguments", $.argument_list),
          repeat($._trailing_attribute),
        ),
      ),

    _annotated_macro_declarator: ($) =>
      prec.right(seq(field("declarator", $._macro_declared), repeat1($._trailing_attribute))),

    _array_macro_declarator: ($) =>
      seq(field("declarator", $._macro_declared), "[", field("size", optional($.expression)), "]"),

    _macro_declared: ($) =>
      choice(
        $.macro_declarator,
        alias($._array_macro_declarator, $.array_declarator),
        alias($._annotated_macro_declarator, $.attributed_declarator),
      ),

    _macro_init_declarator: ($) =>
      seq(field("declarator", $._macro_declared), "=", field("value", choice($.initializer_list, $.expression))),

    // MACHINE_START(id, "name") .init = f, MACHINE_END and define_machine(id) { .init = f };
    _table_init_declarator: ($) =>
      seq(
        field("declarator", alias($._table_declarator, $.macro_declarator)),
        field(
          "value",
          choice(seq(alias($._open_initializer_list, $.initializer_list), $.identifier), seq($.initializer_list, ";")),
        ),
      ),
    _open_initializer_list: ($) => repeat1(seq(alias($._designated_pair, $.initializer_pair), ",")),

    _declaring_macro: ($) =>
      choice(
        seq(field("declarator", choice($._macro_declared, alias($._macro_init_declarator, $.init_declarator))), ";"),
        field("declarator", alias($._table_init_declarator, $.init_declarator)),
      ),
    _calling_macro: ($) =>
      choice(
        seq(field("declarator", alias($._call_declarator, $.macro_declarator)), ";"),
        field("declarator", alias($._bare_declarator, $.macro_declarator)),
      ),
    _defining_macro: ($) =>
      seq(field("declarator", alias($._body_declarator, $.macro_declarator)), field("body", $.compound_statement)),

    _modified_macro_function_definition: ($) => seq(repeat1($._leading_modifier), $._defining_macro),

    // Annotations: __init, __user, __must_hold(&lock). One node for all places; the scanner tells the places apart.

    _leading_annotation: ($) => annotation($, "_leading_annotation"),
    _type_annotation: ($) => annotation($, "_type_annotation"),
    _trailing_annotation: ($) => annotation($, "_trailing_annotation"),
    _pointer_annotation: ($) => field("name", alias($._pointer_annotation_name, $.identifier)),
    _tag_annotation: ($) => field("name", alias($._tag_annotation_name, $.identifier)),

    _leading_modifier: ($) => choice($._declaration_modifiers, alias($._leading_annotation, $.annotation)),
    _following_modifier: ($) => choice($._declaration_modifiers, alias($._type_annotation, $.annotation)),
    _leading_qualifier: ($) => choice($.type_qualifier, alias($._leading_annotation, $.annotation)),
    _following_qualifier: ($) => choice($.type_qualifier, alias($._type_annotation, $.annotation)),
    _pointer_qualifier: ($) =>
      choice($.type_qualifier, $.attribute_specifier, alias($._pointer_annotation, $.annotation)),
    // By recursion, so that a second annotation belongs where the first one does.
    _trailing_attributes: ($) => prec.right(2, seq($._trailing_attribute, optional($._trailing_attributes))),
    _trailing_attribute: ($) => choice($.attribute_specifier, alias($._trailing_annotation, $.annotation)),

    _declaration_specifiers: ($) =>
      prec.right(seq(repeat($._leading_modifier), field("type", $.type_specifier), repeat($._following_modifier))),

    type_descriptor: ($) =>
      seq(
        repeat($._leading_qualifier),
        field("type", $.type_specifier),
        repeat($._following_qualifier),
        field("declarator", optional($._abstract_declarator)),
      ),

    _type_definition_type: ($) =>
      seq(repeat($._leading_qualifier), field("type", $.type_specifier), repeat($._following_qualifier)),

    // `unsigned long x __read_mostly;` declares x: that a name belongs to the type is the last thing to believe.
    sized_type_specifier: ($) => {
      const size = choice("signed", "unsigned", "long", "short");
      const type = field("type", optional(choice(prec.dynamic(-12, $._type_identifier), $.primitive_type)));
      return choice(
        seq(repeat(size), type, repeat1(size)),
        seq(repeat1(size), repeat($.type_qualifier), type, repeat(size)),
      );
    },

    struct_specifier: ($) => structOrUnion($, "struct"),
    union_specifier: ($) => structOrUnion($, "union"),

    enum_specifier: ($) =>
      seq(
        "enum",
        choice(
          seq(
            field("name", $._type_identifier),
            optional(seq(":", field("underlying_type", $.primitive_type))),
            field("body", optional($.enumerator_list)),
          ),
          field("body", $.enumerator_list),
        ),
        optional($.attribute_specifier),
      ),

    enumerator_list: ($) =>
      seq(
        "{",
        repeat(
          choice(
            seq($.enumerator, ","),
            alias($.preproc_if_in_enumerator_list, $.preproc_if),
            alias($.preproc_ifdef_in_enumerator_list, $.preproc_ifdef),
            $.preproc_def,
            $.preproc_function_def,
            $.preproc_call,
          ),
        ),
        optional(
          choice(
            $.enumerator,
            alias($.preproc_if_in_enumerator_list_no_comma, $.preproc_if),
            alias($.preproc_ifdef_in_enumerator_list_no_comma, $.preproc_ifdef),
          ),
        ),
        "}",
      ),

    // An enumerator may come from a macro: FLAG(READ, 3),
    enumerator: ($) =>
      seq(
        field("name", $.identifier),
        optional(field("arguments", $.argument_list)),
        repeat($._trailing_attribute),
        optional(seq("=", field("value", $.expression))),
      ),

    // struct inode_marker { ... } __packed;
    _empty_declaration: ($) => seq($.type_specifier, repeat($._following_modifier), ";"),

    // Declarators

    declaration: ($) =>
      choice(
        seq(
          $._declaration_specifiers,
          $._declared_item,
          repeat(seq(",", repeat(alias($._pointer_annotation, $.annotation)), $._declared_item)),
          ";",
        ),
        seq(repeat1($._leading_modifier), choice($._declaring_macro, $._calling_macro)),
      ),
    _declared_item: ($) =>
      choice(
        seq(
          field("declarator", seq(optional($.ms_call_modifier), $._declarator, optional($.gnu_asm_expression))),
          repeat($.attribute_specifier),
        ),
        field("declarator", $.init_declarator),
      ),

    init_declarator: ($) =>
      seq(
        field("declarator", $._declarator),
        optional($.gnu_asm_expression),
        repeat($.attribute_specifier),
        "=",
        field("value", choice($.initializer_list, $.expression, alias($._continued_expression, $.binary_expression))),
      ),
    // u64 mask = 0 ALL_FLAGS(); with the operators inside the macro.
    _continued_expression: ($) =>
      seq(field("left", $.number_literal), field("right", alias($._string_call, $.call_expression))),

    attributed_declarator: ($) => attributedDeclarator($, $._declarator),
    attributed_field_declarator: ($) => attributedDeclarator($, $._field_declarator),
    attributed_type_declarator: ($) => attributedDeclarator($, $._type_declarator),

    pointer_declarator: ($) => pointerDeclarator($, $._declarator),
    pointer_field_declarator: ($) => pointerDeclarator($, $._field_declarator),
    pointer_type_declarator: ($) => pointerDeclarator($, $._type_declarator),
    abstract_pointer_declarator: ($) =>
      prec.dynamic(
        1,
        prec.right(
          seq(
            "*",
            repeat($.ms_pointer_modifier),
            repeat($._pointer_qualifier),
            field("declarator", optional($._abstract_declarator)),
          ),
        ),
      ),

    function_declarator: ($) => functionDeclarator($, $._declarator),
    function_field_declarator: ($) =>
      prec.right(
        1,
        seq(
          field("declarator", $._field_declarator),
          field("parameters", $.parameter_list),
          repeat(alias($._trailing_annotation, $.annotation)),
        ),
      ),

    parameter_declaration: ($) =>
      seq(
        $._declaration_specifiers,
        optional(field("declarator", choice($._declarator, $._abstract_declarator))),
        repeat($.attribute_specifier),
      ),

    // A field may come from a macro: DECLARE_BITMAP(map, 64); struct_group(id, __u8 a; __u8 b;);
    _field_declaration_list_item: ($, original) =>
      choice(...original.members, alias($._macro_field_declaration, $.field_declaration)),

    _macro_field_declaration: ($) =>
      choice(
        seq(
          field(
            "declarator",
            choice(alias($._call_declarator, $.macro_declarator), alias($._field_group_declarator, $.macro_declarator)),
          ),
          repeat($._trailing_attribute),
          ";",
        ),
        field("declarator", alias($._bare_declarator, $.macro_declarator)),
      ),
    // struct_group(id, __u8 a; __u8 b;): names, then whole fields.
    _field_group_declarator: ($) =>
      seq(
        field("name", alias($._field_group_name, $.identifier)),
        field("arguments", alias($._field_group_arguments, $.argument_list)),
      ),
    _field_group_arguments: ($) =>
      seq("(", repeat(seq(optional($.identifier), ",")), repeat1($._field_declaration_list_item), ")"),

    field_declaration: ($) =>
      seq(
        $._declaration_specifiers,
        optional(choice($._field_declaration_declarator, $.bitfield_clause)),
        repeat($.attribute_specifier),
        ";",
      ),

    macro_type_specifier: ($, original) =>
      choice(
        original,
        seq(field("name", alias($._typeof_type_name, $.identifier)), "(", field("type", $.type_descriptor), ")"),
        seq(
          field("name", alias($._typeof_name, $.identifier)),
          "(",
          field("value", choice($.expression, $.comma_expression)),
          ")",
        ),
        // BKEY_PADDED_ONSTACK(k, 8) key;
        seq(field("name", alias($._macro_type_name, $.identifier)), field("arguments", $.argument_list)),
      ),

    // A macro may bring its own comma: { BCH_FLAGS() NULL }
    initializer_list: ($) =>
      seq(
        "{",
        repeat(choice(seq($._initializer_item, ","), prec(-1, $.call_expression))),
        optional($._initializer_item),
        "}",
      ),
    _designated_pair: ($) =>
      seq(
        field("designator", repeat1(choice($.subscript_designator, $.field_designator, $.subscript_range_designator))),
        "=",
        field("value", choice($.expression, $.initializer_list)),
      ),
    // [STATE] "text" is GNU C's old form of [STATE] = "text".
    initializer_pair: ($, original) =>
      choice(
        ...original.members,
        seq(field("designator", $.subscript_designator), field("value", choice($.string_literal, $.initializer_list))),
      ),
    _initializer_item: ($) => choice($.initializer_pair, $.expression, $.initializer_list),

    // Statements

    _non_case_statement: ($, original) =>
      choice(
        ...original.members,
        $.macro_iteration_statement,
        $.macro_scope_statement,
        alias($._call_expression_statement, $.expression_statement),
        alias($._bare_expression_statement, $.expression_statement),
        alias($._bare_identifier_statement, $.expression_statement),
      ),

    // list_for_each_entry(inode, &sb->s_inodes, i_sb_list) { ... }
    macro_iteration_statement: ($) =>
      seq(
        field("name", alias($._body_name, $.identifier)),
        field("arguments", $.argument_list),
        field("body", $.statement),
      ),

    // scoped_guard(mutex, &lock) { ... }
    macro_scope_statement: ($) =>
      seq(field("call", alias($._scope_call, $.call_expression)), field("body", $.statement)),
    _scope_call: ($) => seq(field("function", alias($._scope_name, $.identifier)), field("arguments", $.argument_list)),

    _call_expression_statement: ($) => seq(alias($._plain_call, $.call_expression), ";"),
    _plain_call: ($) => seq(field("function", alias($._call_name, $.identifier)), field("arguments", $.argument_list)),
    // A macro call, or a macro's name, with the semicolon inside the macro.
    _bare_expression_statement: ($) => alias($._bare_call, $.call_expression),
    _bare_call: ($) => seq(field("function", alias($._bare_name, $.identifier)), field("arguments", $.argument_list)),
    _bare_identifier_statement: ($) => alias($._bare_identifier, $.identifier),

    // do { } for_each_vma(iterator, vma);
    do_statement: ($) =>
      seq(
        "do",
        field("body", $.statement),
        choice(seq("while", field("condition", $.parenthesized_expression)), field("condition", $.call_expression)),
        ";",
      ),

    labeled_statement: ($) =>
      prec.right(seq(field("label", $._statement_identifier), ":", optional(choice($.declaration, $.statement)))),

    case_statement: ($) =>
      prec.right(
        seq(
          choice(
            seq("case", field("value", $.expression), optional(seq("...", field("end", $.expression)))),
            "default",
          ),
          ":",
          repeat(
            choice($._non_case_statement, $.declaration, alias($._declaring_macro, $.declaration), $.type_definition),
          ),
        ),
      ),

    goto_statement: ($) =>
      seq("goto", choice(field("label", $._statement_identifier), seq("*", field("address", $.expression))), ";"),

    // Expressions

    // Code and operands may come from macros: asm volatile(ALTERNATIVE("nop", "lfence", X86_FEATURE) : OPERANDS);
    gnu_asm_expression: ($) =>
      prec(
        PREC.CALL,
        seq(
          choice("asm", "__asm__", "__asm", "asm_inline"),
          repeat($.gnu_asm_qualifier),
          "(",
          field("assembly_code", choice($._string, $.identifier, alias($._string_call, $.call_expression))),
          optional(
            seq(
              field("output_operands", $.gnu_asm_output_operand_list),
              optional(
                seq(
                  field("input_operands", $.gnu_asm_input_operand_list),
                  optional(
                    seq(field("clobbers", $.gnu_asm_clobber_list), optional(field("goto_labels", $.gnu_asm_goto_list))),
                  ),
                ),
              ),
            ),
          ),
          ")",
        ),
      ),
    gnu_asm_output_operand_list: ($) => operandList($, $.gnu_asm_output_operand),
    gnu_asm_input_operand_list: ($) => operandList($, $.gnu_asm_input_operand),
    gnu_asm_output_operand: ($) => operand($),
    gnu_asm_input_operand: ($) => operand($),
    gnu_asm_clobber_list: ($) => seq(":", optional(seq($._clobber, repeat(seq(",", optional($._clobber)))))),
    _clobber: ($) => field("register", choice($._string, $.identifier, alias($._string_call, $.call_expression))),

    // An association may come from a macro: _Generic(*lock, seqcount_t: 0, seqcount_case(spinlock))
    generic_expression: ($) =>
      prec(PREC.CALL, seq("_Generic", "(", $.expression, ",", $._association, repeat(seq(",", $._association)), ")")),
    _association: ($) => choice(seq($.type_descriptor, ":", $.expression), alias($._plain_call, $.call_expression)),

    alignof_expression: ($) =>
      prec(
        PREC.SIZEOF,
        seq(
          choice("__alignof__", "__alignof", "_alignof", "alignof", "_Alignof"),
          "(",
          choice(field("type", $.type_descriptor), prec.dynamic(-1, field("value", $.expression))),
          ")",
        ),
      ),

    offsetof_expression: ($) =>
      prec(
        PREC.OFFSETOF,
        seq(
          "offsetof",
          "(",
          field("type", $.type_descriptor),
          ",",
          field(
            "member",
            choice(
              $._field_identifier,
              alias($._member_field, $.field_expression),
              alias($._member_subscript, $.subscript_expression),
            ),
          ),
          ")",
        ),
      ),
    _member_designator: ($) =>
      choice(
        $._field_identifier,
        alias($._member_field, $.field_expression),
        alias($._member_subscript, $.subscript_expression),
      ),
    _member_field: ($) =>
      seq(field("argument", $._member_designator), field("operator", "."), field("field", $._field_identifier)),
    _member_subscript: ($) => seq(field("argument", $._member_designator), "[", field("index", $.expression), "]"),

    argument_list: ($) => seq("(", optional($._argument), repeat(seq(",", optional($._argument))), ")"),

    // A macro takes what a function does not: types, declared names, operators, statements, nothing.
    _argument: ($) =>
      choice(
        $.expression,
        $.compound_statement,
        alias($._type_argument, $.type_descriptor),
        alias($._declared_argument, $.parameter_declaration),
        alias($._designated_list, $.initializer_list),
        alias($._named_string, $.concatenated_string),
        alias($._pasted_number, $.identifier),
        $.macro_operator,
        $.macro_keyword,
        seq(repeat1($.storage_class_specifier), optional($.identifier)),
        // __attribute__((const))
        alias(choice("const", "volatile", "noreturn"), $.identifier),
        $._statement_argument,
      ),

    // { .speed = SLOW } as an argument; any other list in braces is a compound statement to tree-sitter-c.
    _designated_list: ($) =>
      seq(
        "{",
        alias($._designated_pair, $.initializer_pair),
        repeat(seq(",", $._initializer_item)),
        optional(","),
        "}",
      ),

    // printk(KERN_INFO PREFIX "text"), printk(KERN_DEBUG pr_fmt("text"))
    _named_string: ($) =>
      prec.right(
        seq(
          $.identifier,
          choice(seq($.identifier, $.string_literal), alias($._string_call, $.call_expression)),
          repeat($._string_part),
        ),
      ),

    // What a macro pastes to a name: SPEED(10000baseT_Full)
    _pasted_number: (_) => /[0-9][0-9a-zA-Z_]*/,

    macro_keyword: (_) => choice("struct", "union", "enum"),

    _argument_type: ($) =>
      choice($.struct_specifier, $.union_specifier, $.enum_specifier, $.sized_type_specifier, $.primitive_type),

    // Worth less than any declaration that the same text makes: s32 (*read)(struct device *dev);
    _type_argument: ($) =>
      prec.dynamic(
        -20,
        choice(
          seq(
            repeat($._leading_qualifier),
            field("type", $._argument_type),
            repeat($._following_qualifier),
            optional(field("declarator", $._abstract_declarator)),
          ),
          seq(
            repeat1($._leading_qualifier),
            field("type", $._type_identifier),
            repeat($._following_qualifier),
            optional(field("declarator", $._abstract_declarator)),
          ),
          seq(
            field("type", $._type_identifier),
            repeat($._following_qualifier),
            field("declarator", alias($._pointer_argument, $.abstract_pointer_declarator)),
          ),
        ),
      ),

    // Only stars: `a *(b)` and `a *b` stay multiplications.
    _pointer_argument: ($) =>
      prec.right(
        seq(
          "*",
          repeat($._pointer_qualifier),
          optional(field("declarator", alias($._pointer_argument, $.abstract_pointer_declarator))),
        ),
      ),

    _declared_argument: ($) =>
      prec.dynamic(
        -20,
        choice(
          seq(
            repeat($._leading_qualifier),
            field("type", $._argument_type),
            repeat($._following_qualifier),
            field("declarator", $._declarator),
          ),
          seq(
            repeat1($._leading_qualifier),
            field("type", $._type_identifier),
            repeat($._following_qualifier),
            field("declarator", $._declarator),
          ),
          seq(field("type", $._type_identifier), field("declarator", $.identifier)),
        ),
      ),

    macro_operator: (_) =>
      choice(
        "==",
        "!=",
        "<",
        ">",
        "<=",
        ">=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "&",
        "|",
        "^",
        "&&",
        "||",
        "<<",
        ">>",
        "!",
        "~",
        "=",
        "+=",
        "-=",
        "*=",
        "/=",
        "%=",
        "&=",
        "|=",
        "^=",
        "<<=",
        ">>=",
        "++",
        "--",
        "->",
        ".",
      ),

    // wait_event_cmd(queue, done, unlock(), lock();)  DEFINE_FREE(put, struct inode *, if (_T) iput(_T))
    _statement_argument: ($) =>
      choice(seq(repeat1($._argument_statement), optional(choice($.expression, $._open_statement))), $._open_statement),
    _argument_statement: ($) =>
      choice(
        alias($._argument_expression_statement, $.expression_statement),
        seq($._open_statement, ";"),
        $.for_statement,
        $.while_statement,
      ),
    _argument_expression_statement: ($) => seq($.expression, ";"),
    _open_statement: ($) =>
      choice(
        alias($._open_if_statement, $.if_statement),
        alias($._open_return_statement, $.return_statement),
        alias($._open_goto_statement, $.goto_statement),
        alias($._open_break_statement, $.break_statement),
        alias($._open_continue_statement, $.continue_statement),
      ),
    _open_if_statement: ($) =>
      seq(
        "if",
        field("condition", $.parenthesized_expression),
        field("consequence", choice($.expression, $._open_statement, $.compound_statement)),
      ),
    _open_return_statement: ($) => seq("return", optional($.expression)),
    _open_goto_statement: ($) => seq("goto", field("label", $._statement_identifier)),
    _open_break_statement: (_) => "break",
    _open_continue_statement: (_) => "continue",

    string_literal: ($) =>
      seq(
        choice('L"', 'u"', 'U"', 'u8"', '"'),
        repeat(
          choice(alias(token.immediate(prec(1, /[^\\"\n]+/)), $.string_content), $.escape_sequence, $._string_inside),
        ),
        '"',
      ),

    concatenated_string: ($) =>
      prec.right(
        seq(
          choice(
            seq($.identifier, $.string_literal),
            seq($.call_expression, $.string_literal),
            seq($.string_literal, $._string_part),
          ),
          repeat($._string_part),
        ),
      ),
    _string_part: ($) => choice($.string_literal, $.identifier, alias($._string_call, $.call_expression)),
    _string_call: ($) => prec(PREC.CALL + 1, seq(field("function", $.identifier), field("arguments", $.argument_list))),
  },
});

/**
 * An annotation as the scanner hands it over: a name, or a name that is followed by arguments.
 *
 * @param {GrammarSymbols<string>} $
 * @param {string} place
 */
function annotation($, place) {
  return choice(
    field("name", alias($[`${place}_name`], $.identifier)),
    seq(field("name", alias($[`${place}_call_name`], $.identifier)), field("arguments", $.argument_list)),
  );
}

/**
 * @param {GrammarSymbols<string>} $
 * @param {string} keyword
 */
function structOrUnion($, keyword) {
  return prec.right(
    seq(
      keyword,
      repeat(choice($.attribute_specifier, alias($._tag_annotation, $.annotation))),
      optional($.ms_declspec_modifier),
      choice(
        seq(field("name", $._type_identifier), field("body", optional($.field_declaration_list))),
        field("body", $.field_declaration_list),
      ),
      optional($.attribute_specifier),
    ),
  );
}

/**
 * @param {GrammarSymbols<string>} $
 * @param {RuleOrLiteral} inner
 */
function attributedDeclarator($, inner) {
  return prec.dynamic(
    -5,
    prec.right(
      seq(
        field("declarator", inner),
        repeat1(choice($.attribute_declaration, alias($._trailing_annotation, $.annotation))),
      ),
    ),
  );
}

/**
 * @param {GrammarSymbols<string>} $
 * @param {RuleOrLiteral} inner
 */
function pointerDeclarator($, inner) {
  return prec.dynamic(
    1,
    prec.right(
      seq(
        optional($.ms_based_modifier),
        "*",
        repeat($.ms_pointer_modifier),
        repeat($._pointer_qualifier),
        field("declarator", inner),
      ),
    ),
  );
}

/**
 * @param {GrammarSymbols<string>} $
 * @param {RuleOrLiteral} inner
 */
function functionDeclarator($, inner) {
  return prec.right(
    1,
    seq(
      field("declarator", inner),
      field("parameters", $.parameter_list),
      optional($.gnu_asm_expression),
      optional($._trailing_attributes),
    ),
  );
}

/**
 * @param {GrammarSymbols<string>} $
 * @param {RuleOrLiteral} item
 */
function operandList($, item) {
  const entry = field("operand", choice(item, $.identifier, alias($._string_call, $.call_expression)));
  return seq(":", optional(seq(entry, repeat(seq(",", entry)))));
}

/** @param {GrammarSymbols<string>} $ */
function operand($) {
  return seq(
    optional(seq("[", field("symbol", $.identifier), "]")),
    field("constraint", $.string_literal),
    "(",
    field("value", $.expression),
    ")",
  );
}
