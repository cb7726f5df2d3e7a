import { flatComponents, modalData, storeComponents } from '../component-rules.ts';
import { storedUser } from '../entities.ts';
import {
  checkForm,
  choice,
  fields,
  invalidForm,
  isObject,
  list,
  mapping,
  orNull,
  type Rule,
  text,
} from '../form-rules.ts';
import { acknowledge, failInteraction, interactionType, isTooLate, messageMetadata } from '../interactions.ts';
import { type MessageContent, readContent } from '../message-content.ts';
import { messageAnswer, messageEdit } from '../message-rules.ts';
import { renderMessage } from '../message-view.ts';
import { addMessage, editMessage, guildOf, messageFlag } from '../messages.ts';
import type { ApiChoice, ApiComponent, Json, JsonObject } from '../payloads.ts';
import { refuse } from '../refusal.ts';
import { type Call, noContent, ok, type Reply, type RouteGroup } from '../route.ts';
import { admitEdit, admitMessage } from '../thread-rules.ts';
import type { Modal } from '../types.ts';
import type { StoredChannel, StoredInteraction, StoredMessage, World } from '../world.ts';

/** InteractionResponseType numbers. */
const answer = { message: 4, deferredMessage: 5, deferredUpdate: 6, update: 7, choices: 8, modal: 9 } as const;

/** The bot's first answer to an interaction. */
export const interactionRoutes = {
  'POST /interactions/:interaction/:token/callback': {
    needsBotToken: false,
    query: ['with_response'],
    body: 'files',
    handle: callback,
  },
} satisfies RouteGroup;

const choiceValue: Rule = (value, path, found) => {
  if (typeof value !== 'number') text({ min: 1, max: 100 })(value, path, found);
};
const choiceRule = fields(
  {
    name: text({ min: 1, max: 100 }),
    name_localizations: orNull(mapping(text({ min: 1, max: 100 }))),
    value: choiceValue,
  },
  ['name', 'value'],
);
const dataRules: Readonly<Record<number, Rule>> = {
  [answer.message]: messageAnswer,
  // Only EPHEMERAL can be set while deferring.
  [answer.deferredMessage]: fields({ flags: orNull(choice(0, messageFlag.ephemeral)) }),
  [answer.deferredUpdate]: fields({}),
  [answer.update]: messageEdit,
  [answer.choices]: fields({ choices: list(choiceRule, { max: 25 }) }, ['choices']),
  [answer.modal]: modalData,
};

function allowedAnswers({ type, sourceMessageId }: StoredInteraction): number[] {
  const reply = [answer.message, answer.deferredMessage];
  const update = sourceMessageId ? [answer.deferredUpdate, answer.update] : [];
  if (type === interactionType.autocomplete) return [answer.choices];
  if (type === interactionType.modalSubmit) return [...reply, ...update];
  return [...reply, ...update, answer.modal];
}

function callback({ world, params, query, body, files }: Call): Reply {
  const interaction = world.interactions.get(params.interaction ?? '');
  if (!interaction || interaction.token !== params.token) throw refuse('unknownInteraction');
  if (interaction.acknowledgement) throw refuse('alreadyAcknowledged');
  if (isTooLate(world, interaction)) {
    failInteraction(world, interaction);
    throw refuse('unknownInteraction');
  }
  const type = isObject(body) ? Number(body.type) : Number.NaN;
  const allowed = allowedAnswers(interaction);
  const dataRule = dataRules[type];
  if (!dataRule || !allowed.includes(type)) {
    throw invalidForm(['type'], 'BASE_TYPE_CHOICES', `Must be one of ${allowed.join(', ')} for this interaction.`);
  }
  checkForm(body, fields({ type: choice(type), data: orNull(dataRule) }, ['type']));
  const data = isObject(body) && isObject(body.data) ? body.data : {};
  const message = carryOut(world, interaction, { type, data, files });
  acknowledge(world, interaction, {
    type,
    latencyMs: world.now() - interaction.createdAtMs,
    ephemeral: message !== null && message.visibleTo !== null,
    modal: type === answer.modal ? readModal(data) : null,
    choices: type === answer.choices ? (data.choices as ApiChoice[]) : null,
  });
  if (query.with_response !== 'true') return noContent;
  return ok(callbackResponse(world, interaction, { type, message }));
}

/** Does what the answer asks for; returns the message it made or changed. */
function carryOut(
  world: World,
  interaction: StoredInteraction,
  { type, data, files }: Pick<Call, 'files'> & { type: number; data: JsonObject },
): StoredMessage | null {
  const channel = world.channels.get(interaction.channelId) as StoredChannel;
  if (type === answer.message || type === answer.deferredMessage) {
    const ephemeral = (Number(data.flags ?? 0) & messageFlag.ephemeral) !== 0;
    const holder = { holderId: ephemeral ? world.applicationId : channel.id, ephemeral };
    if (!ephemeral) admitMessage(world, channel);
    const content =
      type === answer.message ? readContent(world, data, { files, holder, before: null }) : emptyContent();
    const loading = type === answer.deferredMessage ? messageFlag.loading : 0;
    return addAnswer(world, interaction, { channel, content, flags: Number(data.flags ?? 0) | loading });
  }
  if (type !== answer.update && type !== answer.deferredUpdate) return null;
  const source = world.messages.get(interaction.sourceMessageId ?? '');
  if (!source) throw refuse('unknownMessage');
  interaction.originalId = source.message.id;
  if (type === answer.deferredUpdate) return null;
  const ephemeral = source.visibleTo !== null;
  if (!ephemeral) admitEdit(channel);
  const holder = { holderId: ephemeral ? world.applicationId : channel.id, ephemeral };
  editMessage(world, source, readContent(world, data, { files, holder, before: source.message }));
  return source;
}

/** Adds a message that answers or follows up on an interaction. */
export function addAnswer(
  world: World,
  interaction: StoredInteraction,
  { channel, content, flags }: { channel: StoredChannel; content: MessageContent; flags: number },
): StoredMessage {
  const replyTo = interaction.originalId ?? interaction.sourceMessageId;
  const isMenu = interaction.type === interactionType.command && (interaction.payload.data as JsonObject).type !== 1;
  const reference = replyTo && { type: 0, channel_id: channel.id, message_id: replyTo, ...guildOf(channel) };
  const extra = messageMetadata(world, interaction);
  if (interaction.originalId && isObject(extra.interaction_metadata)) {
    extra.interaction_metadata.original_response_message_id = interaction.originalId;
  }
  return addMessage(world, {
    channel,
    author: storedUser(world, world.botUserId).user,
    content,
    flags,
    type: reference ? 19 : isMenu ? 23 : 20,
    visibleTo: (flags & messageFlag.ephemeral) !== 0 ? interaction.userId : null,
    interaction,
    extra: { ...extra, ...(reference ? { message_reference: reference } : {}) },
  });
}

function emptyContent(): MessageContent {
  return { content: '', attachments: [], embeds: [], components: [], mentions: [] };
}

function readModal(data: JsonObject): Modal {
  const components = storeComponents(data.components as Json) satisfies ApiComponent[];
  if (flatComponents(components).length === 0)
    throw invalidForm(['components'], 'BASE_TYPE_REQUIRED', 'A modal needs components.');
  return { custom_id: String(data.custom_id), title: String(data.title), components };
}

function callbackResponse(
  world: World,
  interaction: StoredInteraction,
  { type, message }: { type: number; message: StoredMessage | null },
): JsonObject {
  const about: JsonObject = { id: interaction.id, type: interaction.type, channel_id: interaction.channelId };
  const guild = world.channels.get(interaction.channelId)?.guildId;
  if (guild) about.guild_id = guild;
  if (!message) return { interaction: about };
  about.response_message_id = message.message.id;
  about.response_message_loading = (message.message.flags & messageFlag.loading) !== 0;
  about.response_message_ephemeral = message.visibleTo !== null;
  const kind = type === answer.update ? answer.update : answer.message;
  return { interaction: about, resource: { type: kind, message: renderMessage(world, message) } };
}
