/** Lowering cannot go on: the function becomes an extraction failure with this message, and no scenario has it. */
export class LoweringLimit extends Error {}
