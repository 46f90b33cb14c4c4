// The shapes of the API, as its own description has them, as types for the check of the pages: `Api.TicketView` and the
// rest. `node api.mjs openapi.json api.d.ts`

import { readFileSync, writeFileSync } from 'node:fs';

const [, , from, to] = process.argv;
const { schemas } = JSON.parse(readFileSync(from, 'utf8')).components;

/** @param {string} name */
const identifier = (name) => name.replace(/\W/g, '_');

/** @param {any} schema @returns {string} */
function typeOf(schema) {
  if (!schema || typeof schema !== 'object') return 'any';
  if (schema.$ref) return identifier(schema.$ref.split('/').pop());
  for (const [kind, join] of [['oneOf', ' | '], ['anyOf', ' | '], ['allOf', ' & ']]) if (schema[kind]) return `(${schema[kind].map(typeOf).join(join)})`;
  if (schema.enum) return schema.enum.map((/** @type {any} */ value) => JSON.stringify(value)).join(' | ');
  const types = [schema.type].flat();
  return types.map((type) => {
    if (type === 'array') return `${bracketed(typeOf(schema.items))}[]`;
    if (type === 'object') return objectOf(schema);
    return { string: 'string', integer: 'number', number: 'number', boolean: 'boolean', null: 'null' }[type] || 'any';
  }).join(' | ');
}

/** @param {string} type */
const bracketed = (type) => (/[|&]/.test(type) ? `(${type})` : type);

/** @param {any} schema */
function objectOf({ properties, required = [], additionalProperties }) {
  if (!properties) return `Record<string, ${additionalProperties && typeof additionalProperties === 'object' ? typeOf(additionalProperties) : 'any'}>`;
  return `{ ${Object.entries(properties).map(([name, schema]) => `${JSON.stringify(name)}${required.includes(name) ? '' : '?'}: ${typeOf(schema)}`).join('; ')} }`;
}

const types = Object.entries(schemas).map(([name, schema]) => `  type ${identifier(name)} = ${typeOf(schema)};`);
writeFileSync(to, `declare namespace Api {\n${types.join('\n')}\n}\n`);
