import { AppError } from '../errors.ts';
import { storeAvatar } from './attachments.ts';
import { channelObject, channelType } from './channel-objects.ts';
import { componentType, flatComponents } from './component-rules.ts';
import { partialMember, storedUser } from './entities.ts';
import { intent } from './gateway-codes.ts';
import { interactionHandle } from './interaction-handle.ts';
import { interactionType, type NewInteraction, startInteraction } from './interactions.ts';
import { renderMessage } from './message-view.ts';
import { removeMessage, setReaction } from './messages.ts';
import { checkChosen, readModalValues } from './modal-values.ts';
import { readOptions } from './option-values.ts';
import type { ApiComponent, JsonObject, Snowflake } from './payloads.ts';
import { allPermissions } from './permissions.ts';
import { channelAt, type FoundCommand, findCommand } from './places.ts';
import { addChannel, addUser, privateChannel } from './populate.ts';
import { findMessage, postMessage } from './posts.ts';
import { admitReaction } from './thread-rules.ts';
import type { Actor, ComponentRequest, InteractionHandle, InvokeRequest } from './types.ts';
import type { StoredChannel, StoredMessage, World } from './world.ts';

/** What people do, as calls on the world. `firstUserId` acts where no user is named. */
export function createActor(world: World, firstUserId: Snowflake): Actor {
  const begin = (asked: NewInteraction): InteractionHandle => interactionHandle(world, startInteraction(world, asked));

  const useCommand = (request: InvokeRequest, type: number, focused?: string) => {
    const userId = request.user ?? firstUserId;
    const channel = channelAt(world, request, userId);
    const found = findCommand(world, request.command, { type: 1, channel, userId });
    const typed = { options: request.options ?? {}, attachments: request.attachments ?? {}, channel };
    const options = readOptions(world, found, focused === undefined ? typed : { ...typed, focused });
    return begin({ type, userId, channel, locale: request.locale, data: { ...commandData(found), ...options } });
  };

  const useComponent = (request: ComponentRequest, type: number, values?: readonly string[]) => {
    const userId = request.user ?? firstUserId;
    const { stored: source, channel } = visibleMessage(world, request.messageId, userId);
    const component = findComponent(source, request.customId, type);
    if (component.disabled) throw new AppError('disabled', `${component.custom_id} is disabled.`);
    const data: JsonObject = { custom_id: component.custom_id, component_type: component.type };
    if (values) data.values = checkChosen(component, values);
    return begin({ type: interactionType.component, userId, channel, locale: request.locale, data, source });
  };

  return {
    ...messageActions(world, firstUserId),
    createUser(name, { locale = 'en-US', admin = false, member = true, avatar, guildAvatar, isBot = false } = {}) {
      const permissions = admin ? { permissions: allPermissions } : {};
      const id = addUser(world, world.snowflake(), name, { locale, isBot, isMember: member, ...permissions });
      const stored = storedUser(world, id);
      if (avatar) stored.user.avatar = storeAvatar(world, `/avatars/${id}`, avatar);
      if (guildAvatar) {
        stored.guildAvatar = storeAvatar(world, `/guilds/${world.guildId}/users/${id}/avatars`, guildAvatar);
      }
      return structuredClone(stored.user);
    },
    setAvatar(id, avatar) {
      storedUser(world, id).user.avatar = storeAvatar(world, `/avatars/${id}`, avatar);
    },
    createChannel(name, { type = 'text', nsfw = false } = {}) {
      const asked = { name, guildId: world.guildId, type: channelType[type], nsfw };
      const channel = addChannel(world, 'guild', asked);
      world.dispatches.emit({
        event: 'CHANNEL_CREATE',
        intent: intent.guilds,
        data: () => channelObject(world, channel),
      });
      return channel.id;
    },
    openDm: (userId) => privateChannel(world, 'dm', storedUser(world, userId).user.id).id,
    invoke: (request) => useCommand(request, interactionType.command),
    async autocomplete(request) {
      const { choices } = await useCommand(request, interactionType.autocomplete, request.focused).acknowledged;
      return choices ?? [];
    },
    invokeMessageCommand({ command, targetMessageId, user: userId = firstUserId, locale }) {
      const { stored, channel } = visibleMessage(world, targetMessageId, userId);
      const found = findCommand(world, command, { type: 3, channel, userId });
      const resolved = { messages: { [targetMessageId]: renderMessage(world, stored) } };
      const data = { ...commandData(found), target_id: targetMessageId, resolved };
      return begin({ type: interactionType.command, userId, channel, locale, data });
    },
    invokeUserCommand({ command, targetUserId, user: userId = firstUserId, locale, ...place }) {
      const channel = channelAt(world, place, userId);
      const found = findCommand(world, command, { type: 2, channel, userId });
      const { user, permissions } = storedUser(world, targetUserId);
      const { mute: _m, deaf: _d, ...member } = partialMember(world, targetUserId);
      // Avatars of that guild alone are none elsewhere.
      const avatar = channel.guildId === world.guildId ? (member.avatar ?? null) : null;
      const members = channel.guildId
        ? { members: { [targetUserId]: { ...member, avatar, permissions: `${permissions}` } } }
        : {};
      const resolved = { users: { [targetUserId]: structuredClone(user) }, ...members };
      const data = { ...commandData(found), target_id: targetUserId, resolved };
      return begin({ type: interactionType.command, userId, channel, locale, data });
    },
    clickButton: (request) => useComponent(request, componentType.button),
    selectOption: (request) => useComponent(request, componentType.select, request.values),
    submitModal(request) {
      const opener = world.interactions.get(request.interactionId);
      const modal = opener?.acknowledgement?.modal;
      if (!opener || !modal) throw new AppError('no-modal', `Interaction ${request.interactionId} opened no modal.`);
      const channel = world.channels.get(opener.channelId) as StoredChannel;
      const source = world.messages.get(opener.sourceMessageId ?? '') ?? null;
      const data = readModalValues(world, modal, request);
      const locale = String(opener.payload.locale);
      return begin({ type: interactionType.modalSubmit, userId: opener.userId, channel, locale, data, source });
    },
  };
}

function commandData({ command: { id, name, type, guild_id } }: FoundCommand): JsonObject {
  return { id, name, type, ...(guild_id ? { guild_id } : {}) };
}

/** A message that the person can see, with its channel. */
function visibleMessage(world: World, messageId: Snowflake, userId: Snowflake) {
  const stored = world.messages.get(messageId);
  if (!stored || (stored.visibleTo !== null && stored.visibleTo !== userId)) {
    throw new AppError('unknown-message', `This person sees no message ${messageId}.`);
  }
  return { stored, channel: world.channels.get(stored.message.channel_id) as StoredChannel };
}

function findComponent({ message }: StoredMessage, customId: string | undefined, type: number): ApiComponent {
  const usable = flatComponents(message.components).filter(
    (component) => component.type === type && component.custom_id !== undefined,
  );
  const found = customId === undefined ? usable : usable.filter((component) => component.custom_id === customId);
  const [first] = found;
  if (first && found.length === 1) return first;
  const known =
    usable.map((component) => `${component.custom_id} (${component.label ?? 'no label'})`).join(', ') || 'none';
  throw new AppError(
    'unknown-component',
    `Message ${message.id} has not just one ${customId ?? 'component'}; there are: ${known}.`,
  );
}

/** What people do with messages. */
function messageActions(
  world: World,
  firstUserId: Snowflake,
): Pick<Actor, 'postMessage' | 'react' | 'unreact' | 'deleteMessage'> {
  const react = (on: boolean): Actor['react'] => {
    return ({ messageId, emoji, user: userId = firstUserId }) => {
      const stored = findMessage(world, messageId);
      admitReaction(world.channels.get(stored.message.channel_id) as StoredChannel);
      setReaction(world, stored, { emoji, userId, on });
    };
  };
  return {
    postMessage: (request) => postMessage(world, request, { firstUserId }),
    react: react(true),
    unreact: react(false),
    deleteMessage: ({ messageId }) => removeMessage(world, findMessage(world, messageId)),
  };
}
