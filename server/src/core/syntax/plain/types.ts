/** Access to tokens, and the names of types, as nodes of the kernel-c grammar. */
import type { AstNode } from "../ast.ts";
import { NAME, QUALIFIER, SIZE_WORD, STORAGE, TAG_WORD, Tokens, TYPE_WORD } from "./tokens.ts";

/** A node whose place in its parent is not known yet. */
export interface Draft {
  readonly type: string;
  field: string | null;
  readonly start: number;
  readonly end: number;
  readonly children: AstNode[];
}

/** Thrown where the text leaves what is plain: the parser takes over. No stack: it is thrown thousands of times. */
export const NOT_PLAIN: { readonly notPlain: true } = { notPlain: true };

export const NO_CHILDREN: AstNode[] = [];
/** Nesting beyond this is left to the parser, which cuts it at a limit of its own. */
const MAX_DEPTH = 150;

/** Words before a call that the grammar's scanner tells by their names (grammars/kernel-c/src/names.h). */
const ANNOTATION =
  /^(__(?!(le|be|u|s|fs|hc|virtio)?\d+$)\w*(?<!_t)|asmlinkage|noinline\w*|notrace|noinstr|fastcall|STATIC|INIT)$/;

export class TypeReader {
  protected readonly tokens = new Tokens();
  protected text = "";
  protected at = 0;
  protected depth = 0;

  protected kind(ahead = 0): number {
    return this.tokens.kinds[this.at + ahead]!;
  }

  protected start(ahead = 0): number {
    return this.tokens.starts[this.at + ahead]!;
  }

  /** End of the last token that was taken. */
  protected lastEnd(): number {
    return this.tokens.ends[this.at - 1]!;
  }

  protected word(ahead = 0): string {
    return this.text.slice(this.tokens.starts[this.at + ahead], this.tokens.ends[this.at + ahead]);
  }

  protected take(kind: number): void {
    if (this.tokens.kinds[this.at] !== kind) throw NOT_PLAIN;
    this.at++;
  }

  protected leaf(type: string, field: string | null = null): Draft {
    const at = this.at++;
    return {
      type,
      field,
      start: this.tokens.starts[at]!,
      end: this.tokens.ends[at]!,
      children: NO_CHILDREN,
    };
  }

  protected inner(type: string, start: number, children: AstNode[]): Draft {
    return { type, field: null, start, end: this.lastEnd(), children };
  }

  protected isAnnotation(name: string): boolean {
    return ANNOTATION.test(name);
  }

  protected enter(): void {
    if (++this.depth > MAX_DEPTH) throw NOT_PLAIN;
  }

  // --- types ----------------------------------------------------------------------------------------------------

  /** `const struct inode *`, up to what no longer belongs to it. */
  protected typeDescriptor(): Draft {
    const start = this.start();
    const type = this.typeSpecifier();
    const stars = this.abstractStars();
    const children: AstNode[] = [type];
    if (stars !== null) children.push(stars);
    const next = this.kind();
    if (next !== 41 && next !== 44) throw NOT_PLAIN;
    return this.inner("type_descriptor", start, children);
  }

  /** Qualifiers around a type are passed over: nobody asks for them. */
  protected typeSpecifier(): Draft {
    this.skipQualifiers();
    this.skipLeadingAnnotations();
    let type: Draft;
    switch (this.kind()) {
      case TAG_WORD: {
        const start = this.start();
        const tag = this.word();
        this.at++;
        if (this.kind() !== NAME || this.kind(1) === 123 || this.isAnnotation(this.word())) throw NOT_PLAIN;
        const name = this.leaf("type_identifier", "name");
        type = this.inner(`${tag}_specifier`, start, [name]);
        break;
      }
      case TYPE_WORD:
        type = this.leaf("primitive_type");
        if (this.kind() === SIZE_WORD) throw NOT_PLAIN;
        break;
      case SIZE_WORD: {
        const start = this.start();
        while (this.kind() === SIZE_WORD) this.at++;
        if (this.kind() === TYPE_WORD) this.at++;
        else if (this.kind() === QUALIFIER) throw NOT_PLAIN;
        if (this.kind() === SIZE_WORD) throw NOT_PLAIN;
        type = this.inner("sized_type_specifier", start, NO_CHILDREN);
        break;
      }
      case NAME:
        if (this.isAnnotation(this.word())) throw NOT_PLAIN;
        type = this.leaf("type_identifier");
        break;
      default:
        throw NOT_PLAIN;
    }
    type.field = "type";
    this.skipQualifiers();
    while (this.kind() === NAME && this.isAnnotation(this.word()) && this.annotates(this.kind(1))) {
      this.at++;
      this.skipQualifiers();
    }
    return type;
  }

  /** Whether a name that looks like an annotation, with this behind it, is one: something is left to be declared. */
  private annotates(next: number): boolean {
    return next === 42 || next === NAME;
  }

  /** __init, __always_inline, __force: passed over, too. */
  protected skipLeadingAnnotations(): void {
    while (this.kind() === NAME && this.isAnnotation(this.word())) {
      const next = this.kind(1);
      if (
        next !== NAME &&
        next !== TAG_WORD &&
        next !== TYPE_WORD &&
        next !== SIZE_WORD &&
        next !== QUALIFIER &&
        next !== STORAGE
      )
        throw NOT_PLAIN;
      // `__foo name` alone: a type that only looks like an annotation.
      if (next === NAME && this.kind(2) !== NAME && this.kind(2) !== 42) throw NOT_PLAIN;
      this.at++;
      while (this.kind() === QUALIFIER || this.kind() === STORAGE) this.at++;
    }
  }

  protected skipQualifiers(): void {
    while (this.kind() === QUALIFIER) this.at++;
  }

  private abstractStars(): Draft | null {
    if (this.kind() !== 42) return null;
    const start = this.start();
    this.at++;
    this.skipQualifiers();
    const inner = this.abstractStars();
    const node = this.inner("abstract_pointer_declarator", start, inner === null ? NO_CHILDREN : [inner]);
    node.field = "declarator";
    return node;
  }
}
