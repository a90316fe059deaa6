// Validates what we build for OpenAI-shaped clients against OpenAI's own description, read from beside the repository.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const FILE = resolve(import.meta.dir, '../../../shared/schemas/openai.openapi.json');

export const HAVE_OPENAI_SCHEMA = existsSync(FILE);

const validators = new Map<string, ValidateFunction>();
let ajv: Ajv2020 | null = null;

function load(): Ajv2020 {
  const made = new Ajv2020({ strict: false, allErrors: true, discriminator: false });
  addFormats(made);
  made.addFormat('unixtime', true);
  made.addSchema(withNulls(JSON.parse(readFileSync(FILE, 'utf8'))) as object, 'openai');
  return made;
}

/** The description is OpenAPI 3.1 but still says `nullable: true` in places, as 3.0 did: told in JSON Schema's words. */
function withNulls(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withNulls);
  if (typeof node !== 'object' || node === null) return node;
  const { nullable, ...rest } = node as Record<string, unknown>;
  const mapped = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, withNulls(value)]));
  if (nullable === undefined) return mapped;
  return nullable === true ? { anyOf: [mapped, { type: 'null' }] } : mapped;
}

/** What is wrong with a value, as lines; empty when it is valid. `name` is under components.schemas. */
export function schemaProblems(name: string, value: unknown): string[] {
  ajv ??= load();
  const known = validators.get(name) ?? ajv.compile({ $ref: `openai#/components/schemas/${name}` });
  validators.set(name, known);
  if (known(value)) return [];
  return (known.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}
