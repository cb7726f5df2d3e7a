import { activeThreads, channelObject, guildChannels } from './channel-objects.ts';
import type { ApiUser, JsonObject, Snowflake } from './payloads.ts';
import { usualPermissions } from './permissions.ts';
import type { StoredUser, World } from './world.ts';

/** A user object, complete. */
export function newUser(id: Snowflake, name: string, isBot: boolean): ApiUser {
  return {
    id,
    // Apps keep the name that they were given.
    username: isBot ? name : name.toLowerCase().replaceAll(/[^a-z0-9_.]/g, '_'),
    global_name: isBot ? null : name,
    discriminator: isBot ? '0001' : '0',
    avatar: null,
    public_flags: 0,
    flags: 0,
    banner: null,
    accent_color: null,
    avatar_decoration_data: null,
    collectibles: null,
    primary_guild: null,
    ...(isBot ? { bot: true } : {}),
  };
}

/** The bot's own user as READY and `GET /users/@me` give it. */
export function selfUser(world: World): JsonObject {
  const { user } = storedUser(world, world.botUserId);
  return { ...user, mfa_enabled: true, locale: 'en-US', verified: true, email: null };
}

/** A user who must exist: ids come from the stand-in itself. */
export function storedUser(world: World, id: Snowflake): StoredUser {
  const stored = world.users.get(id);
  if (!stored) throw new RangeError(`The stand-in has no user ${id}.`);
  return stored;
}

/** A guild member without `user`, as in messages and interactions' resolved data. */
export function partialMember(world: World, id: Snowflake): JsonObject {
  const stored = storedUser(world, id);
  return {
    avatar: stored.guildAvatar ?? null,
    banner: null,
    communication_disabled_until: null,
    flags: 0,
    joined_at: stored.joinedAt,
    nick: null,
    pending: false,
    premium_since: null,
    roles: id === world.botUserId ? [world.botRoleId] : [],
    mute: false,
    deaf: false,
  };
}

/** A whole guild member. */
export function member(world: World, id: Snowflake): JsonObject {
  return { ...partialMember(world, id), user: storedUser(world, id).user };
}

/** The permissions of the person who acts, as interactions carry them. */
export function memberPermissions(world: World, id: Snowflake): bigint {
  return storedUser(world, id).permissions;
}

/** The roles: everybody's and the bot's own. */
export function roles(world: World): JsonObject[] {
  const role = (id: Snowflake, name: string, permissions: bigint, position: number): JsonObject => ({
    id,
    name,
    permissions: permissions.toString(),
    position,
    color: 0,
    colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
    hoist: false,
    managed: position > 0,
    mentionable: false,
    icon: null,
    unicode_emoji: null,
    flags: 0,
    ...(position > 0 ? { tags: { bot_id: world.botUserId } } : {}),
  });
  return [
    role(world.guildId, '@everyone', usualPermissions, 0),
    role(world.botRoleId, storedUser(world, world.botUserId).user.username, usualPermissions, 1),
  ];
}

/** The guild as `GET /guilds/:guild` gives it. */
export function guildObject(world: World): JsonObject {
  return {
    id: world.guildId,
    name: 'The Picture House',
    icon: null,
    description: null,
    home_header: null,
    splash: null,
    discovery_splash: null,
    features: [],
    banner: null,
    owner_id: world.ownerId,
    application_id: null,
    region: 'us-west',
    afk_channel_id: null,
    afk_timeout: 300,
    system_channel_id: null,
    system_channel_flags: 0,
    widget_enabled: false,
    widget_channel_id: null,
    verification_level: 0,
    roles: roles(world),
    default_message_notifications: 0,
    mfa_level: 0,
    explicit_content_filter: 0,
    max_presences: null,
    max_members: 25_000_000,
    max_stage_video_channel_users: 50,
    max_video_channel_users: 25,
    vanity_url_code: null,
    premium_tier: 0,
    premium_subscription_count: 0,
    preferred_locale: world.guildLocale,
    rules_channel_id: null,
    safety_alerts_channel_id: null,
    public_updates_channel_id: null,
    premium_progress_bar_enabled: false,
    nsfw: false,
    nsfw_level: 0,
    emojis: [],
    stickers: [],
    incidents_data: null,
  };
}

/** The `d` of GUILD_CREATE. Without the GuildMembers intent only the bot itself is among the members. */
export function guildCreate(world: World): JsonObject {
  const { nsfw: _rest, home_header: _only, ...guild } = guildObject(world);
  return {
    ...guild,
    hub_type: null,
    joined_at: storedUser(world, world.botUserId).joinedAt,
    large: false,
    unavailable: false,
    member_count: world.users.size,
    voice_states: [],
    members: [member(world, world.botUserId)],
    channels: guildChannels(world).map((channel) => withoutGuild(channelObject(world, channel))),
    threads: activeThreads(world).map((thread) => withoutGuild(channelObject(world, thread))),
    presences: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
  };
}

function withoutGuild({ guild_id: _leftOutHere, ...rest }: JsonObject): JsonObject {
  return rest;
}

/** Application flags: GATEWAY_MESSAGE_CONTENT_LIMITED while the portal's switch is on. */
export function applicationFlags(world: World): number {
  return world.messageContentIntent ? 1 << 19 : 0;
}

/** The application as `GET /applications/@me` gives it. */
export function applicationObject(world: World): JsonObject {
  const { user } = storedUser(world, world.botUserId);
  return {
    id: world.applicationId,
    name: 'Kinora',
    icon: null,
    description: '',
    type: null,
    flags: applicationFlags(world),
    flags_new: String(applicationFlags(world)),
    bot: user,
    bot_public: true,
    bot_require_code_grant: false,
    verify_key: '0'.repeat(64),
    redirect_uris: [],
    interactions_endpoint_url: null,
    role_connections_verification_url: null,
    owner: storedUser(world, world.ownerId).user,
    team: null,
    eligible_oauth2_scopes: [],
    approximate_guild_count: world.guildCount,
    approximate_user_install_count: 1,
    approximate_user_authorization_count: 0,
    event_webhooks_url: null,
    event_webhooks_status: 1,
    explicit_content_filter: 0,
    integration_types_config: { 0: {}, 1: {} },
  };
}
