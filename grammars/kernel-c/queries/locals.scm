; Scopes, definitions and references of names.

(function_definition) @local.scope
(compound_statement) @local.scope
(for_statement) @local.scope
(macro_iteration_statement) @local.scope
(macro_scope_statement) @local.scope

(parameter_declaration declarator: (identifier) @local.definition)
(parameter_declaration declarator: (pointer_declarator declarator: (identifier) @local.definition))
(parameter_declaration declarator: (array_declarator declarator: (identifier) @local.definition))
(declaration declarator: (identifier) @local.definition)
(declaration declarator: (pointer_declarator declarator: (identifier) @local.definition))
(declaration declarator: (array_declarator declarator: (identifier) @local.definition))
(declaration declarator: (attributed_declarator declarator: (identifier) @local.definition))
(init_declarator declarator: (identifier) @local.definition)
(init_declarator declarator: (pointer_declarator declarator: (identifier) @local.definition))
(init_declarator declarator: (array_declarator declarator: (identifier) @local.definition))
(init_declarator declarator: (attributed_declarator declarator: (identifier) @local.definition))
(labeled_statement label: (statement_identifier) @local.definition)
(function_declarator declarator: (identifier) @local.definition)

(identifier) @local.reference
(goto_statement label: (statement_identifier) @local.reference)
