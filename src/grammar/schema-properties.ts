import { asArray, asObject, isObject, pointerSteps, valueAt } from './schema-node.js';

/**
 * Names of the properties that a value of this JSON Schema can have, in the schema's order: its own, those of what it
 * refers to, and those of all its parts and alternatives. Empty where the value is no object.
 */
export function propertyNames(root: unknown): string[] {
  if (!isObject(root)) return [];
  const names = new Set<string>();
  const seen = new Set<unknown>();
  const visit = (schema: unknown): void => {
    if (!isObject(schema) || seen.has(schema)) return;
    seen.add(schema);
    if (typeof schema.$ref === 'string') visit(target(root, schema.$ref));
    for (const name of Object.keys(asObject(schema.properties))) names.add(name);
    for (const keyword of ['allOf', 'anyOf', 'oneOf']) asArray(schema[keyword]).forEach(visit);
  };
  visit(root);
  return [...names];
}

/** The target of a reference: a place in the same document, or in a file that is kept under `$defs` by its `$id`. */
function target(root: unknown, reference: string): unknown {
  const [address = '', fragment = ''] = reference.split('#');
  const files = Object.values(asObject(asObject(root).$defs));
  const document =
    address === '' ? root : files.find((file) => [asObject(file).$id, asObject(file).id].includes(address));
  return valueAt(document, pointerSteps(fragment));
}
