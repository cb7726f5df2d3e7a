import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers with the path of a CommonJS module: a function `side_name` for each schema of gateway payloads. */
    gatewayChecksDoor: string;
  }
}

// Written by test/golden/discord/generate.mjs from discord-api-types.
const schemaFile = 'test/golden/discord/gateway-schemas.json';

/**
 * Before all tests: opens a door at which test files, in whatever process, ask for what checks gateway payloads. The first
 * one to ask has the schemas compiled, which takes more than half a second of the processor; the others get the same module,
 * which loads in a twentieth of that. It is gone after the tests.
 */
export default async function compileSchemas(project: TestProject): Promise<() => void> {
  // Below the root, from where it finds ajv's own parts.
  const file = resolve(`out/gateway-checks-${process.pid}.cjs`);
  let isMade = false;
  const door = createServer((_, response) => {
    try {
      if (!isMade) compileTo(file);
      isMade = true;
      response.end(file);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  }).listen(0, '127.0.0.1');
  await once(door, 'listening');
  project.provide('gatewayChecksDoor', `http://127.0.0.1:${(door.address() as AddressInfo).port}/`);
  return () => {
    door.close();
    rmSync(file, { force: true });
  };
}

function compileTo(file: string): void {
  const schema: { properties: Record<string, { properties: Record<string, unknown> }> } = JSON.parse(
    readFileSync(schemaFile, 'utf8'),
  );
  // Quick to compile rather than quick to run: a test sees a few hundred payloads.
  const ajv = new Ajv({
    strict: false,
    validateSchema: false,
    allErrors: true,
    inlineRefs: false,
    code: { optimize: false, source: true },
  });
  ajv.addSchema(schema, 'gateway');
  const places = Object.entries(schema.properties).flatMap(([side, { properties }]) =>
    Object.keys(properties).map((name) => [`${side}_${name}`, `gateway#/properties/${side}/properties/${name}`]),
  );
  mkdirSync('out', { recursive: true });
  writeFileSync(file, standalone.default(ajv, Object.fromEntries(places)));
}
