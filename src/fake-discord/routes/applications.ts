import { commandsOf, deleteCommand, patchCommand, postCommand, putCommands } from '../commands.ts';
import { applicationObject } from '../entities.ts';
import { gatewayUrl } from '../gateway.ts';
import type { ApiCommand, Json, Snowflake } from '../payloads.ts';
import { refuse } from '../refusal.ts';
import { type Call, noContent, ok, type RouteGroup } from '../route.ts';

/** Gateway address, application and its commands. */
export const applicationRoutes = {
  'GET /gateway': { needsBotToken: false, handle: ({ world }) => ok({ url: gatewayUrl(world) }) },
  'GET /gateway/bot': {
    handle: ({ world }) =>
      ok({
        url: gatewayUrl(world),
        // About 1,000 guilds a shard is what the real one recommends.
        shards: Math.ceil(world.guildCount / 1000),
        session_start_limit: {
          total: 1000,
          remaining: world.identifyLimit?.remaining ?? 999,
          reset_after: 86_400_000,
          max_concurrency: world.identifyLimit?.maxConcurrency ?? 1,
        },
      }),
  },
  'GET /applications/@me': { handle: ({ world }) => ok(applicationObject(world)) },
  'GET /oauth2/applications/@me': { handle: ({ world }) => ok(applicationObject(world)) },
  'GET /applications/:application/commands': { query: ['with_localizations'], handle: listCommands },
  'PUT /applications/:application/commands': { body: 'json', handle: replaceCommands },
  'POST /applications/:application/commands': { body: 'json', handle: createCommand },
  'GET /applications/:application/commands/:command': { handle: (call) => ok(find(call)) },
  'PATCH /applications/:application/commands/:command': { body: 'json', handle: changeCommand },
  'DELETE /applications/:application/commands/:command': { handle: removeCommand },
  'GET /applications/:application/guilds/:guild/commands': { query: ['with_localizations'], handle: listCommands },
  'PUT /applications/:application/guilds/:guild/commands': { body: 'json', handle: replaceCommands },
  'POST /applications/:application/guilds/:guild/commands': { body: 'json', handle: createCommand },
  'GET /applications/:application/guilds/:guild/commands/:command': { handle: (call) => ok(find(call)) },
  'PATCH /applications/:application/guilds/:guild/commands/:command': { body: 'json', handle: changeCommand },
  'DELETE /applications/:application/guilds/:guild/commands/:command': { handle: removeCommand },
} satisfies RouteGroup;

/** The guild of the path, or null for global commands; only the own application and guild are accessible. */
function place({ world, params }: Call): Snowflake | null {
  if (params.application !== world.applicationId) throw refuse('missingAccess');
  if (params.guild === undefined) return null;
  if (params.guild !== world.guildId) throw refuse('missingAccess');
  return params.guild;
}

function find(call: Call): ApiCommand {
  const guildId = place(call);
  const command = commandsOf(call.world, guildId).find(({ id }) => id === call.params.command);
  if (!command) throw refuse('unknownCommand');
  return command;
}

function listCommands(call: Call) {
  const commands = commandsOf(call.world, place(call));
  if (call.query.with_localizations === 'true') return ok(commands);
  return ok(commands.map(withoutLocalizations));
}

function withoutLocalizations(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutLocalizations);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !name.endsWith('_localizations'));
  return Object.fromEntries(kept.map(([name, item]) => [name, withoutLocalizations(item ?? null)]));
}

function replaceCommands(call: Call) {
  return ok(putCommands(call.world, place(call), call.body));
}

function createCommand(call: Call) {
  const { created, command } = postCommand(call.world, place(call), call.body);
  return { status: created ? 201 : 200, body: command };
}

function changeCommand(call: Call) {
  return ok(patchCommand(call.world, find(call), call.body));
}

function removeCommand(call: Call) {
  deleteCommand(call.world, find(call));
  return noContent;
}
