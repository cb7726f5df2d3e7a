import { checkForm } from '../form-rules.ts';
import { readContent } from '../message-content.ts';
import { messageAnswer, messageEdit } from '../message-rules.ts';
import { renderMessage } from '../message-view.ts';
import { editMessage, messageFlag, removeMessage } from '../messages.ts';
import type { JsonObject } from '../payloads.ts';
import { refuse } from '../refusal.ts';
import { type Call, noContent, ok, type Reply, type RouteGroup } from '../route.ts';
import { admitDelete, admitEdit, admitMessage } from '../thread-rules.ts';
import type { StoredChannel, StoredInteraction, StoredMessage, World } from '../world.ts';
import { addAnswer } from './interactions.ts';

/** Follow-ups that an app installed only by the user may post. */
const userInstallFollowUps = 5;

/** Answers and follow-ups through the token of an interaction: no Authorization, 15 minutes. */
export const webhookRoutes = {
  'POST /webhooks/:application/:token': {
    needsBotToken: false,
    query: ['wait', 'with_components'],
    body: 'files',
    handle: followUp,
  },
  'GET /webhooks/:application/:token/messages/:message': {
    needsBotToken: false,
    handle: (call) => ok(renderMessage(call.world, findMessage(call, findInteraction(call)))),
  },
  'PATCH /webhooks/:application/:token/messages/:message': {
    needsBotToken: false,
    query: ['with_components'],
    body: 'files',
    handle: (call) => {
      const interaction = findInteraction(call);
      checkForm(call.body, messageEdit);
      const stored = findMessage(call, interaction);
      edit(call, stored);
      return ok(renderMessage(call.world, stored));
    },
  },
  'DELETE /webhooks/:application/:token/messages/:message': {
    needsBotToken: false,
    handle: (call) => {
      const stored = findMessage(call, findInteraction(call));
      if (stored.visibleTo === null) admitDelete(call.world.channels.get(stored.message.channel_id) as StoredChannel);
      removeMessage(call.world, stored);
      return noContent;
    },
  },
} satisfies RouteGroup;

function findInteraction({ world, params }: Call): StoredInteraction {
  if (params.application !== world.applicationId) throw refuse('unknownWebhook');
  const interaction = [...world.interactions.values()].find(({ token }) => token === params.token);
  if (!interaction || world.now() >= interaction.expiresAtMs) throw refuse('invalidToken');
  // Until the first answer there is nothing behind the token.
  if (!interaction.acknowledgement) throw refuse('unknownWebhook');
  return interaction;
}

function findMessage({ world, params }: Call, interaction: StoredInteraction): StoredMessage {
  const wanted = params.message === '@original' ? interaction.originalId : params.message;
  const mine = wanted === interaction.originalId || interaction.messageIds.includes(wanted ?? '');
  const stored = mine ? world.messages.get(wanted ?? '') : undefined;
  if (!stored) throw refuse('unknownMessage');
  return stored;
}

function edit({ world, body, files }: Call, stored: StoredMessage): void {
  const { message: before, visibleTo } = stored;
  const ephemeral = visibleTo !== null;
  if (!ephemeral) admitEdit(world.channels.get(before.channel_id) as StoredChannel);
  const holder = { holderId: ephemeral ? world.applicationId : before.channel_id, ephemeral };
  editMessage(world, stored, readContent(world, body as JsonObject, { files, holder, before }));
}

/** The first follow-up after a defer takes the place of the "thinking" message, its ephemerality included. */
function followUp(call: Call): Reply {
  const { world, body, files } = call;
  const interaction = findInteraction(call);
  checkForm(body, messageAnswer);
  const original = world.messages.get(interaction.originalId ?? '');
  if (original && (original.message.flags & messageFlag.loading) !== 0) {
    edit(call, original);
    return ok(renderMessage(world, original));
  }
  if (isUserInstallOnly(interaction) && interaction.followUps >= userInstallFollowUps) throw refuse('tooManyFollowUps');
  interaction.followUps += 1;
  return ok(renderMessage(world, addFollowUp(world, interaction, { body: body as JsonObject, files })));
}

function addFollowUp(
  world: World,
  interaction: StoredInteraction,
  { body, files }: Pick<Call, 'files'> & { body: JsonObject },
): StoredMessage {
  const channel = world.channels.get(interaction.channelId) as StoredChannel;
  const flags = Number(body.flags ?? 0);
  const ephemeral = (flags & messageFlag.ephemeral) !== 0;
  if (!ephemeral) admitMessage(world, channel);
  const holder = { holderId: ephemeral ? world.applicationId : channel.id, ephemeral };
  return addAnswer(world, interaction, {
    channel,
    content: readContent(world, body, { files, holder, before: null }),
    flags,
  });
}

function isUserInstallOnly({ owners }: StoredInteraction): boolean {
  return owners['0'] === undefined;
}
