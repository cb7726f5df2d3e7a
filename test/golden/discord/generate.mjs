// Writes gateway-schemas.json: JSON schemas of the gateway payloads that Kinora meets, made from discord-api-types.
//
//   node test/golden/discord/generate.mjs
//
// The generator needs the compiler API of TypeScript before 7, so it runs in a temporary folder with pinned packages.
// Four things are changed afterwards: definitions that the generator names after positions in source files are numbered
// in order of appearance (so that the file does not depend on the folder); members of unions that an intersection made
// impossible (a field with no value left) are dropped, which JSON Schema forbids; and bit fields (`flags`, `public_flags` …),
// which TypeScript sees as one enum member at a time, may be any integer; and two gaps around messages are filled (see
// mendMessages).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = ['typescript@5.9.3', 'ts-json-schema-generator@2.4.0', 'discord-api-types@0.38.57'];

const entry = `import type * as D from 'discord-api-types/v10';
export interface Payloads {
  receive: {
    READY: D.GatewayReadyDispatchData;
    GUILD_CREATE: D.GatewayGuildCreateDispatchData;
    CHANNEL_CREATE: D.GatewayChannelCreateDispatchData;
    CHANNEL_UPDATE: D.GatewayChannelUpdateDispatchData;
    THREAD_CREATE: D.GatewayThreadCreateDispatchData;
    THREAD_UPDATE: D.GatewayThreadUpdateDispatchData;
    userCommandInteraction: D.APIUserApplicationCommandInteraction;
    chatInputInteraction: D.APIChatInputApplicationCommandInteraction;
    messageCommandInteraction: D.APIMessageApplicationCommandInteraction;
    autocompleteInteraction: D.APIApplicationCommandAutocompleteInteraction;
    componentInteraction: D.APIMessageComponentInteraction;
    modalSubmitInteraction: D.APIModalSubmitInteraction;
    MESSAGE_CREATE: D.GatewayMessageCreateDispatchData;
    MESSAGE_UPDATE: D.GatewayMessageUpdateDispatchData;
    MESSAGE_DELETE: D.GatewayMessageDeleteDispatchData;
    MESSAGE_REACTION_ADD: D.GatewayMessageReactionAddDispatchData;
    MESSAGE_REACTION_REMOVE: D.GatewayMessageReactionRemoveDispatchData;
    hello: D.GatewayHelloData;
    invalidSession: D.GatewayInvalidSessionData;
  };
  send: {
    heartbeat: D.GatewayHeartbeatData;
    identify: D.GatewayIdentifyData;
    presence: D.GatewayPresenceUpdateData;
    resume: D.GatewayResumeData;
  };
}
`;

const folder = mkdtempSync(join(tmpdir(), 'gateway-schemas-'));
try {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  writeFileSync(join(folder, 'entry.ts'), entry);
  const compilerOptions = { target: 'ES2022', module: 'NodeNext', moduleResolution: 'NodeNext', strict: true, types: [] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['entry.ts'] }));
  const run = (command, ...args) => execFileSync(command, args, { cwd: folder, maxBuffer: 2 ** 26, encoding: 'utf8' });
  run('npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', ...packages);
  const options = ['--type', 'Payloads', '--no-top-ref', '--no-type-check', '--no-ref-encode', '--jsDoc', 'none'];
  const text = run('npx', 'ts-json-schema-generator', '--path', 'entry.ts', '--tsconfig', 'tsconfig.json', ...options);
  const output = join(dirname(fileURLToPath(import.meta.url)), 'gateway-schemas.json');
  writeFileSync(output, `${JSON.stringify(relaxFlags(mendMessages(dropImpossible(numberDefinitions(JSON.parse(text))))), null, 1)}\n`);
  console.log(`${output}: ${readFileSync(output).length} bytes`);
} finally {
  rmSync(folder, { recursive: true });
}

/** Names like `APIThreadChannel<enum-1078054665-…>` hold hashes of paths: they become `APIThreadChannel_2`. */
function numberDefinitions(schema) {
  const names = new Map();
  const plain = (name) => {
    if (!names.has(name)) {
      const stem = name.replace(/<.*/s, '').replaceAll(/[^A-Za-z0-9]+/g, '_').replace(/\d{4,}.*/, '');
      const taken = [...names.values()].filter((other) => other === stem || other.startsWith(`${stem}_`)).length;
      names.set(name, taken === 0 ? stem : `${stem}_${taken + 1}`);
    }
    return names.get(name);
  };
  const walk = (value) => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) =>
        key === '$ref' ? [key, `#/definitions/${plain(item.replace('#/definitions/', ''))}`] : [key, walk(item)],
      ),
    );
  };
  const { definitions, ...rest } = schema;
  const entries = Object.entries(definitions).map(([name, item]) => [plain(name), walk(item)]);
  return { ...walk(rest), definitions: Object.fromEntries(entries) };
}

function dropImpossible(value) {
  if (Array.isArray(value)) return value.map(dropImpossible);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, dropImpossible(item)]));
  const isImpossible = ({ properties = {} }) => Object.values(properties).some((property) => property.enum?.length === 0);
  if (Array.isArray(kept.anyOf)) kept.anyOf = kept.anyOf.filter((member) => !isImpossible(member));
  return kept;
}

/**
 * The fields of a forwarded message are picked from APIMessage, where the generator puts the whole message; and a media item
 * of Components V2 has an id, which Discord's own specification wants and the types do not know yet.
 */
function mendMessages(schema) {
  const { APIMessage, APIMessageSnapshotFields: snapshot, APIUnfurledMediaItem } = schema.definitions;
  for (const name of Object.keys(snapshot.properties)) snapshot.properties[name] = APIMessage.properties[name];
  snapshot.required = snapshot.required.filter((name) => APIMessage.required.includes(name));
  APIUnfurledMediaItem.properties.id = { $ref: '#/definitions/Snowflake' };
  return schema;
}

function relaxFlags(value) {
  if (Array.isArray(value)) return value.map(relaxFlags);
  if (typeof value !== 'object' || value === null) return value;
  const relaxed = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, relaxFlags(item)]));
  for (const name of Object.keys(relaxed.properties ?? {})) {
    if (name === 'flags' || name.endsWith('_flags')) relaxed.properties[name] = { type: 'integer' };
  }
  return relaxed;
}
