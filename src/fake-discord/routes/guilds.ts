import { channelObject, guildChannels } from '../channel-objects.ts';
import { guildObject, member, roles, selfUser } from '../entities.ts';
import { checkForm, fields, id } from '../form-rules.ts';
import type { JsonObject } from '../payloads.ts';
import { usualPermissions } from '../permissions.ts';
import { privateChannel } from '../populate.ts';
import { refuse } from '../refusal.ts';
import { type Call, ok, type RouteGroup } from '../route.ts';

/** Users and the guild. */
export const guildRoutes = {
  'GET /users/@me': { handle: ({ world }) => ok(selfUser(world)) },
  'GET /users/@me/guilds': {
    query: ['before', 'after', 'limit', 'with_counts'],
    handle: ({ world }) => {
      const { id: guildId, name, icon, banner, features } = guildObject(world);
      return ok([
        { id: guildId, name, icon, banner, owner: false, permissions: usualPermissions.toString(), features },
      ]);
    },
  },
  'POST /users/@me/channels': {
    body: 'json',
    handle: ({ world, body }) => {
      checkForm(body, fields({ recipient_id: id }, ['recipient_id']));
      const recipientId = String((body as JsonObject).recipient_id);
      if (!world.users.has(recipientId)) throw refuse('unknownUser');
      return ok(channelObject(world, privateChannel(world, 'dm', recipientId)));
    },
  },
  'GET /users/:user': {
    handle: ({ world, params }) => {
      const stored = world.users.get(params.user ?? '');
      if (!stored) throw refuse('unknownUser');
      return ok(stored.user);
    },
  },
  'GET /guilds/:guild': {
    query: ['with_counts'],
    handle: (call) => {
      checkGuild(call);
      const count = call.world.users.size;
      const counts = { approximate_member_count: count, approximate_presence_count: count };
      return ok({ ...guildObject(call.world), ...(call.query.with_counts === 'true' ? counts : {}) });
    },
  },
  'GET /guilds/:guild/channels': {
    handle: (call) => {
      checkGuild(call);
      return ok(guildChannels(call.world).map((channel) => channelObject(call.world, channel)));
    },
  },
  'GET /guilds/:guild/roles': {
    handle: (call) => {
      checkGuild(call);
      return ok(roles(call.world));
    },
  },
  'GET /guilds/:guild/members/:user': {
    handle: (call) => {
      checkGuild(call);
      const userId = call.params.user ?? '';
      if (!call.world.users.get(userId)?.isMember) throw refuse('unknownMember');
      return ok(member(call.world, userId));
    },
  },
} satisfies RouteGroup;

function checkGuild({ world, params }: Call): void {
  if (params.guild === world.foreignGuildId || params.guild === world.commandsOnlyGuildId)
    throw refuse('missingAccess');
  if (params.guild !== world.guildId) throw refuse('unknownGuild');
}
