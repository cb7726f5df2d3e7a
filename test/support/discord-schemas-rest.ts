import * as spec from 'discord-api-spec/zod';
import { z } from 'zod';
import type { RouteName } from '../../src/fake-discord/route-names.ts';
import type { RestExchange } from '../../src/fake-discord/types.ts';

type Schema = z.core.$ZodType;

interface RouteSchemas {
  request?: Schema;
  /** By status; 204 has no body. */
  response?: Schema;
}

const message: RouteSchemas = { response: spec.MessageResponseSchema };
const command: RouteSchemas = { response: spec.ApplicationCommandResponseSchema };
const commandList: RouteSchemas = { response: z.array(spec.ApplicationCommandResponseSchema) };
const putCommands: RouteSchemas = { ...commandList, request: z.array(spec.ApplicationCommandUpdateRequestSchema) };
const postCommand: RouteSchemas = { ...command, request: spec.ApplicationCommandCreateRequestSchema };
const patchCommand: RouteSchemas = { ...command, request: spec.ApplicationCommandPatchRequestPartialSchema };

/** The schemas of discord-api-spec for every route of the stand-in. */
const schemas: Readonly<Record<RouteName, RouteSchemas>> = {
  'GET /gateway': { response: spec.GatewayResponseSchema },
  'GET /gateway/bot': { response: spec.GatewayBotResponseSchema },
  'GET /applications/@me': { response: spec.PrivateApplicationResponseSchema },
  'GET /oauth2/applications/@me': { response: spec.PrivateApplicationResponseSchema },
  'GET /applications/:application/commands': commandList,
  'PUT /applications/:application/commands': putCommands,
  'POST /applications/:application/commands': postCommand,
  'GET /applications/:application/commands/:command': command,
  'PATCH /applications/:application/commands/:command': patchCommand,
  'DELETE /applications/:application/commands/:command': {},
  'GET /applications/:application/guilds/:guild/commands': commandList,
  'PUT /applications/:application/guilds/:guild/commands': putCommands,
  'POST /applications/:application/guilds/:guild/commands': postCommand,
  'GET /applications/:application/guilds/:guild/commands/:command': command,
  'PATCH /applications/:application/guilds/:guild/commands/:command': patchCommand,
  'DELETE /applications/:application/guilds/:guild/commands/:command': {},
  'POST /interactions/:interaction/:token/callback': {
    request: z.union([
      spec.CreateMessageInteractionCallbackRequestSchema,
      spec.UpdateMessageInteractionCallbackRequestSchema,
      spec.ApplicationCommandAutocompleteCallbackRequestSchema,
      spec.ModalInteractionCallbackRequestSchema,
    ]),
    response: spec.InteractionCallbackResponseSchema,
  },
  'POST /webhooks/:application/:token': { ...message, request: spec.IncomingWebhookRequestPartialSchema },
  'GET /webhooks/:application/:token/messages/:message': message,
  'PATCH /webhooks/:application/:token/messages/:message': {
    ...message,
    request: spec.IncomingWebhookUpdateRequestPartialSchema,
  },
  'DELETE /webhooks/:application/:token/messages/:message': {},
  'GET /channels/:channel': {
    response: z.union([spec.GuildChannelResponseSchema, spec.ThreadResponseSchema, spec.PrivateChannelResponseSchema]),
  },
  'GET /channels/:channel/messages': { response: z.array(spec.MessageResponseSchema) },
  'POST /channels/:channel/messages': { ...message, request: spec.MessageCreateRequestSchema },
  'GET /channels/:channel/messages/:message': message,
  'PATCH /channels/:channel/messages/:message': { ...message, request: spec.MessageEditRequestPartialSchema },
  'DELETE /channels/:channel/messages/:message': {},
  'POST /channels/:channel/typing': {},
  'GET /channels/:channel/messages/:message/reactions/:emoji': { response: z.array(spec.UserResponseSchema) },
  'PUT /channels/:channel/messages/:message/reactions/:emoji/@me': {},
  'DELETE /channels/:channel/messages/:message/reactions/:emoji/@me': {},
  'DELETE /channels/:channel/messages/:message/reactions/:emoji/:user': {},
  'GET /users/@me': { response: spec.UserPIIResponseSchema },
  'GET /users/@me/guilds': { response: z.array(spec.MyGuildResponseSchema) },
  'POST /users/@me/channels': {
    request: spec.CreatePrivateChannelRequestSchema,
    response: spec.PrivateChannelResponseSchema,
  },
  'GET /users/:user': { response: spec.UserResponseSchema },
  'GET /guilds/:guild': { response: spec.GuildWithCountsResponseSchema },
  'GET /guilds/:guild/channels': { response: z.array(spec.GuildChannelResponseSchema) },
  'GET /guilds/:guild/roles': { response: z.array(spec.GuildRoleResponseSchema) },
  'GET /guilds/:guild/members/:user': { response: spec.GuildMemberResponseSchema },
};

/**
 * What discord.js sends to the real Discord although the specification has no such field there, or another type:
 * the last part of the path to it.
 */
const habits = [
  // Builders split emoji into parts.
  /emoji\.animated$/,
];

/** Lists of commands that were found sound, as {@link sameButForIds} writes them. */
const soundLists = new Set<string>();

/**
 * What a REST call or its answer has that Discord's own specification does not allow, one string a deviation. A list of
 * commands like one that was found sound is not looked at again: every bot that a test starts registers the same commands,
 * and they take longer to check than all else that it says.
 */
export function restDeviations(exchange: RestExchange): string[] {
  const { route, status } = exchange;
  // Unknown routes are violations already; a reset connection has no answer.
  if (route === null || status === 0) return [];
  if (!route.endsWith('/commands')) return deviationsOf(exchange, route);
  const list = sameButForIds(exchange);
  if (soundLists.has(list)) return [];
  const found = deviationsOf(exchange, route);
  if (found.length === 0) soundLists.add(list);
  return found;
}

/** One text for calls that differ in nothing but Discord's ids; what is no id of Discord's stays as it is. */
function sameButForIds({ route, status, requestBody, responseBody }: RestExchange): string {
  return JSON.stringify([route, status, requestBody, responseBody]).replaceAll(/"[1-9]\d{16,18}"/g, '<id>');
}

function deviationsOf(exchange: RestExchange, route: RouteName): string[] {
  const { status, requestBody, responseBody } = exchange;
  const { request, response } = schemas[route];
  const found: string[] = [];
  const label = `${route} (${status})`;
  if (status < 300) {
    if (requestBody !== null)
      found.push(...check(request, readable(withoutMediaType(requestBody)), `${label} request`));
    if (status !== 204)
      found.push(...check(response, withForwards(withoutMediaType(responseBody)), `${label} response`));
  } else if (status === 429) found.push(...check(spec.RatelimitedResponseSchema, responseBody, `${label} response`));
  else if (status < 500) found.push(...check(spec.ErrorSchema, withoutDetails(responseBody), `${label} response`));
  return found;
}

/** The `errors` of an invalid form carry codes in words, which the specification takes for numbers. */
function withoutDetails(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || !('errors' in body)) return body;
  const { errors: _errors, ...rest } = body;
  return rest;
}

/** The specification knows replies alone (type 0), the documentation forwards as well (1). */
function withForwards(body: unknown): unknown {
  if (Array.isArray(body)) return body.map(withForwards);
  if (typeof body !== 'object' || body === null) return body;
  const reference = 'message_reference' in body ? body.message_reference : null;
  if (typeof reference !== 'object' || reference === null || !('type' in reference)) return body;
  return { ...body, message_reference: { ...reference, ...(reference.type === 1 ? { type: 0 } : {}) } };
}

/** The specification wants a number where the documentation, and every library, has a string of digits. */
function readable(body: unknown): unknown {
  if (Array.isArray(body)) return body.map(readable);
  if (typeof body !== 'object' || body === null) return body;
  const permissions = 'default_member_permissions' in body ? body.default_member_permissions : null;
  return typeof permissions === 'string' ? { ...body, default_member_permissions: Number(permissions) } : body;
}

/** ChannelType. */
const guildMedia = 16;

/**
 * A command whose options name no media channels: the specification lacks that type in `channel_types`, where the
 * documentation refers to its whole list of channel types:
 * https://docs.discord.com/developers/resources/channel#channel-object-channel-types. Nothing else is passed over.
 */
function withoutMediaType(body: unknown): unknown {
  if (Array.isArray(body)) return body.map(withoutMediaType);
  if (typeof body !== 'object' || body === null) return body;
  const { options, channel_types: types } = body as Record<string, unknown>;
  return {
    ...body,
    ...(Array.isArray(options) && { options: options.map(withoutMediaType) }),
    ...(Array.isArray(types) && { channel_types: types.filter((type) => type !== guildMedia) }),
  };
}

function check(schema: Schema | undefined, value: unknown, label: string): string[] {
  if (!schema) return [`${label}: there should be no body`];
  const result = z.safeParse(schema, value);
  if (!result.success) return [`${label}: ${z.prettifyError(result.error)}`];
  return droppedFields(value, result.data)
    .filter((path) => !habits.some((habit) => habit.test(path)))
    .map((path) => `${label}: unknown field ${path}`);
}

/** Parsing drops what the specification does not know: whatever is missing afterwards was too much. */
function droppedFields(before: unknown, after: unknown, path = ''): string[] {
  if (typeof before !== 'object' || before === null || typeof after !== 'object' || after === null) return [];
  return Object.entries(before).flatMap(([key, value]) => {
    const here = path === '' ? key : `${path}.${key}`;
    return key in after ? droppedFields(value, (after as Record<string, unknown>)[key], here) : [here];
  });
}
