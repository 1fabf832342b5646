; What an editor may fold.

[
  (comment)
  (compound_statement)
  (enumerator_list)
  (field_declaration_list)
  (initializer_list)
  (parameter_list)
  (argument_list)
  (case_statement)
  (macro_iteration_statement)
  (macro_scope_statement)
  (preproc_if)
  (preproc_ifdef)
  (preproc_elif)
  (preproc_else)
  (preproc_function_def)
] @fold
