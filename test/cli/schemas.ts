/** The published JSON schemas (docs/schema), for checking real output against them. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type AnySchemaObject } from "ajv";
import { repositoryRoot } from "../support/requirements.ts";

export type SchemaName = "check" | "survey" | "simulate" | "designs" | "evictscope";

export function readSchema(name: SchemaName): AnySchemaObject {
  return JSON.parse(readFileSync(join(repositoryRoot, "docs", "schema", `${name}.schema.json`), "utf8"));
}

/**
 * One line for each place where the value is not as the schema says, or holds a field that the schema does not know:
 * what we print, we document.
 */
export function schemaProblems(name: SchemaName, value: unknown): string[] {
  const validate = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(closed(readSchema(name)));
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    (error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
  );
}

/** The same schema with every object closed. */
function closed<T>(schema: T): T {
  if (Array.isArray(schema)) return schema.map(closed) as T;
  if (typeof schema !== "object" || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  if (copy.type === "object" && copy.properties !== undefined) copy.additionalProperties ??= false;
  return copy as T;
}
