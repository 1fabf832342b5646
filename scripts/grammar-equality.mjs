/**
 * Where kernel-c's tree may differ from tree-sitter-c's on a text that both take, as data: parent's type, tree-sitter-c's
 * child, kernel-c's child. A difference that no entry covers is one to explain or to mend.
 */

/** @type {readonly { parent: RegExp, stock: RegExp, kernel: RegExp, why: string }[]} */
export const EXPLAINED = [
  {
    parent: /^(translation_unit|preproc_\w+|declaration_list)$/,
    stock: /^(expression_statement|macro_type_specifier|declaration)$/,
    kernel: /^(declaration|expression_statement)$/,
    why: "a macro call at file level is a declaration",
  },
  {
    parent: /^(declaration|field_declaration|function_definition)$/,
    stock: /^(type_identifier|macro_type_specifier|primitive_type)$/,
    kernel: /^macro_declarator$/,
    why: "a macro call that declares has no type",
  },
  {
    parent: /^(compound_statement|case_statement|preproc_\w+)$/,
    stock: /^expression_statement$/,
    kernel: /^declaration$/,
    why: "DEFINE_* and DECLARE_* declare",
  },
  {
    parent: /^(compound_statement|preproc_\w+|case_statement)$/,
    stock: /^(macro_type_specifier|declaration)$/,
    kernel: /^expression_statement$/,
    why: "f(g(a, struct b, c)); is a call",
  },
  {
    parent: /^argument_list$/,
    stock: /^identifier$/,
    kernel: /^type_descriptor$/,
    why: "a type as an argument is a type",
  },
  {
    parent: /^argument_list$/,
    stock: /^binary_expression$/,
    kernel: /^(return_statement|parameter_declaration)$/,
    why: "return -1 and a declared name are arguments",
  },
  {
    parent: /./,
    stock: /^call_expression$/,
    kernel: /^cast_expression$/,
    why: "(u32)(a * sizeof(struct b)) is a cast",
  },
  { parent: /./, stock: /./, kernel: /^annotation$/, why: "an annotation is one" },
  {
    parent: /./,
    stock: /^(sized_type_specifier|attributed_declarator|function_declarator)$/,
    kernel: /^(sized_type_specifier|attributed_declarator|function_declarator)$/,
    why: "an annotation is not part of a type's name",
  },
  {
    parent: /./,
    stock: /^(declaration|function_definition)$/,
    kernel: /^(struct|union|enum)_specifier$/,
    why: "} __packed; declares nothing, struct __packed x { } is no function",
  },
  {
    parent: /./,
    stock: /^(function_definition|declaration|expression_statement)$/,
    kernel: /^macro_(iteration|scope)_statement$/,
    why: "a loop macro with one argument is a loop",
  },
  { parent: /^enumerator_list$/, stock: /^preproc_call$/, kernel: /^preproc_def$/, why: "#define among enumerators" },
  { parent: /./, stock: /./, kernel: /^macro_type_specifier$/, why: "typeof is a type wherever a type may stand" },
  {
    parent: /./,
    stock: /^binary_expression$/,
    kernel: /^cast_expression$/,
    why: "(typeof(x))&y is a cast",
  },
  { parent: /^(sizeof|alignof)_expression$/, stock: /./, kernel: /./, why: "sizeof(typeof(x)) has a type" },
];

/**
 * Differences of a text's trees, where tree-sitter-c takes the text without an error.
 * @param {{ kernel: import("./grammar-measure.mjs").Measured, stock: import("./grammar-measure.mjs").Measured }} parsers
 * @param {string} text
 * @returns {ReturnType<typeof compareTrees> | null} null: tree-sitter-c's tree has an error
 */
export function compareOn({ kernel, stock }, text) {
  const theirs = stock.parse(text);
  try {
    if (theirs.rootNode.hasError) return null;
    const ours = kernel.parse(text);
    const found = compareTrees(theirs.walk(), ours.walk());
    if (ours.rootNode.hasError) {
      found.push({ parent: "root", stock: "no error", kernel: "an error", index: 0, why: null });
    }
    ours.delete();
    return found;
  } finally {
    theirs.delete();
  }
}

/**
 * The first difference of each pair of subtrees.
 * @param {any} stock cursor at the root of tree-sitter-c's tree
 * @param {any} kernel cursor at the root of kernel-c's tree
 * @returns {{ parent: string, stock: string, kernel: string, index: number, why: string | null }[]}
 */
export function compareTrees(stock, kernel) {
  /** @type {ReturnType<typeof compareTrees>} */
  const found = [];
  const note = (
    /** @type {string} */ parent,
    /** @type {string} */ a,
    /** @type {string} */ b,
    /** @type {number} */ index,
  ) => {
    const entry = EXPLAINED.find((one) => one.parent.test(parent) && one.stock.test(a) && one.kernel.test(b));
    found.push({ parent, stock: a, kernel: b, index, why: entry?.why ?? null });
  };
  /** Both cursors at a node; back at it afterwards. Answers whether the nodes themselves are the same. */
  const same = () => {
    if (
      stock.nodeType !== kernel.nodeType ||
      stock.startIndex !== kernel.startIndex ||
      stock.endIndex !== kernel.endIndex ||
      (stock.currentFieldName ?? "") !== (kernel.currentFieldName ?? "")
    ) {
      return false;
    }
    const parent = stock.nodeType;
    const stockHas = stock.gotoFirstChild();
    const kernelHas = kernel.gotoFirstChild();
    if (stockHas !== kernelHas) {
      if (stockHas) stock.gotoParent();
      if (kernelHas) kernel.gotoParent();
      return false;
    }
    if (!stockHas) return true;
    for (;;) {
      const types = [stock.nodeType, kernel.nodeType];
      const index = stock.startIndex;
      if (!same()) {
        note(parent, types[0], types[1], index);
        break;
      }
      const stockNext = stock.gotoNextSibling();
      const kernelNext = kernel.gotoNextSibling();
      if (stockNext !== kernelNext) {
        note(parent, stockNext ? stock.nodeType : "end", kernelNext ? kernel.nodeType : "end", index);
        break;
      }
      if (!stockNext) break;
    }
    stock.gotoParent();
    kernel.gotoParent();
    return true;
  };
  if (!same()) note("root", stock.nodeType, kernel.nodeType, stock.startIndex);
  return found;
}
