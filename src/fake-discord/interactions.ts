import { randomBytes } from 'node:crypto';
import { AppError } from '../errors.ts';
import { appPermissions, channelObject } from './channel-objects.ts';
import { memberPermissions, partialMember, storedUser } from './entities.ts';
import { renderMessage } from './message-view.ts';
import type { Json, JsonObject, Snowflake } from './payloads.ts';
import type { Acknowledgement } from './types.ts';
import type { StoredChannel, StoredInteraction, StoredMessage, World } from './world.ts';

/** The bot has 3 s for its first answer. */
const answerWithinMs = 3000;
/** A token lives 15 minutes. */
const tokenLifeMs = 15 * 60_000;

/** InteractionType numbers. */
export const interactionType = { command: 2, component: 3, autocomplete: 4, modalSubmit: 5 } as const;

/** What somebody does that becomes an interaction. */
export interface NewInteraction {
  type: number;
  userId: Snowflake;
  channel: StoredChannel;
  locale: string | undefined;
  data: JsonObject;
  /** The message whose component was used. */
  source?: StoredMessage | null;
}

/** Makes an interaction, dispatches INTERACTION_CREATE and starts the clock of 3 s. */
export function startInteraction(world: World, asked: NewInteraction): StoredInteraction {
  const { type, userId, channel, source = null } = asked;
  const id = world.snowflake();
  const token = randomBytes(80).toString('base64url');
  const { context, owners } = installation(world, channel, userId);
  const payload: JsonObject = {
    id,
    application_id: world.applicationId,
    type,
    token,
    version: 1,
    ...whoAndWhere(world, asked),
    app_permissions: appPermissions(channel).toString(),
    entitlements: [],
    authorizing_integration_owners: owners,
    context,
    attachment_size_limit: world.attachmentSizeLimitBytes,
    data: asked.data,
    ...(source ? { message: renderMessage(world, source) } : {}),
  };
  let resolve: (value: Acknowledgement) => void = () => undefined;
  let reject: (reason: Error) => void = () => undefined;
  const settled = new Promise<Acknowledgement>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // Whoever looks at it gets the rejection; who does not must not bring the process down.
  settled.catch(() => undefined);
  const interaction: StoredInteraction = {
    id,
    token,
    type,
    userId,
    channelId: channel.id,
    createdAtMs: world.now(),
    expiresAtMs: world.now() + tokenLifeMs,
    hasUntoldEnd: false,
    context,
    owners,
    payload,
    sourceMessageId: source?.message.id ?? null,
    originalId: null,
    messageIds: [],
    followUps: 0,
    acknowledgement: null,
    failed: false,
    settled,
    settle: (result) => {
      clearTimeout(timer);
      if (result instanceof Error) reject(result);
      else resolve(result);
    },
  };
  const timer = setTimeout(() => failInteraction(world, interaction), answerWithinMs);
  timer.unref();
  world.interactions.set(id, interaction);
  world.changes.emit({ kind: 'interaction-create', interactionId: id, userId });
  world.dispatches.emit({ event: 'INTERACTION_CREATE', intent: null, data: () => structuredClone(payload) });
  return interaction;
}

/** Whether the bot's first answer comes too late, by the stand-in's clock. */
export function isTooLate(world: World, interaction: StoredInteraction): boolean {
  return interaction.failed || world.now() - interaction.createdAtMs > answerWithinMs;
}

/** Ends an interaction that nobody answered: "The application did not respond". */
export function failInteraction(world: World, interaction: StoredInteraction): void {
  if (interaction.acknowledgement || interaction.failed) return;
  interaction.failed = true;
  const { id: interactionId, userId } = interaction;
  interaction.settle(notAcknowledged(interaction));
  world.changes.emit({ kind: 'interaction-failed', interactionId, userId });
}

/** Why nothing comes of an interaction that was not answered in time. */
export function notAcknowledged({ id }: Pick<StoredInteraction, 'id'>): AppError {
  return new AppError('not-acknowledged', `The bot did not answer interaction ${id} within 3 s.`);
}

/** Records the bot's first answer. */
export function acknowledge(world: World, interaction: StoredInteraction, acknowledgement: Acknowledgement): void {
  interaction.acknowledgement = acknowledgement;
  interaction.settle(acknowledgement);
  const { id: interactionId, userId } = interaction;
  world.changes.emit({ kind: 'interaction-acknowledged', interactionId, userId, acknowledgement });
}

/** `interaction_metadata`, and for commands the older `interaction`, of the messages that an interaction makes. */
export function messageMetadata(world: World, interaction: StoredInteraction): JsonObject {
  const { user } = storedUser(world, interaction.userId);
  const { id, type, owners, payload } = interaction;
  const data = payload.data as JsonObject;
  const metadata: JsonObject = { id, type, user, authorizing_integration_owners: owners };
  const extra: JsonObject = { application_id: world.applicationId, webhook_id: world.applicationId };
  if (type === interactionType.command) {
    if (typeof data.target_id === 'string') {
      const person = data.type === 2 ? world.users.get(data.target_id) : undefined;
      if (person) metadata.target_user = person.user;
      else metadata.target_message_id = data.target_id;
    }
    extra.interaction = { id, type, name: fullCommandName(data), user };
  } else if (type === interactionType.component) {
    metadata.interacted_message_id = interaction.sourceMessageId ?? undefined;
  } else {
    const source = [...world.interactions.values()].find(
      (other) => other.acknowledgement?.modal?.custom_id === data.custom_id,
    );
    metadata.triggering_interaction_metadata = source ? messageMetadata(world, source).interaction_metadata : undefined;
  }
  return { ...extra, interaction_metadata: metadata };
}

/** The name of a command with its subcommand group and subcommand, after spaces. */
function fullCommandName(data: JsonObject): string {
  const [first] = Array.isArray(data.options) ? data.options : [];
  const inner = asSubcommand(first);
  return inner === undefined ? String(data.name) : `${data.name} ${fullCommandName(inner)}`;
}

/** An option that is a subcommand or a group of them; undefined for any other. */
function asSubcommand(option: Json | undefined): JsonObject | undefined {
  if (typeof option !== 'object' || option === null || Array.isArray(option)) return undefined;
  return option.type === 1 || option.type === 2 ? option : undefined;
}

/**
 * InteractionContextType and `authorizing_integration_owners`: the guild, the bot's DM (`"0"`), the person, or both. That the
 * guild is named does not mean that the bot is its member.
 * https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-authorizing-integration-owners-object
 */
function installation(world: World, channel: StoredChannel, userId: Snowflake) {
  const byUser = world.userInstalls.has(userId) ? { 1: userId } : {};
  const byKind = {
    guild: { context: 0, owners: { 0: world.guildId, ...byUser } },
    dm: { context: 1, owners: { 0: '0', ...byUser } },
    'commands-only': { context: 0, owners: { 0: world.commandsOnlyGuildId, ...byUser } },
    'foreign-guild': { context: 0, owners: { 1: userId } },
    private: { context: 2, owners: { 1: userId } },
  } as const satisfies Record<StoredChannel['kind'], { context: number; owners: Record<string, Snowflake> }>;
  return byKind[channel.kind];
}

function whoAndWhere(world: World, { userId, channel, locale }: NewInteraction): JsonObject {
  const person = storedUser(world, userId);
  const permissions = memberPermissions(world, userId).toString();
  const { permission_overwrites: _notHere, ...place } = channelObject(world, channel);
  const common = { channel_id: channel.id, locale: locale ?? person.locale };
  if (!channel.guildId) return { ...common, channel: place, user: person.user };
  return {
    ...common,
    channel: place,
    guild_id: channel.guildId,
    guild_locale: world.guildLocale,
    guild: { id: channel.guildId, locale: world.guildLocale, features: [] },
    member: { ...partialMember(world, userId), user: person.user, permissions },
  };
}
