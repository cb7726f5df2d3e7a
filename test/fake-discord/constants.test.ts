import {
  GatewayCloseCodes,
  GatewayIntentBits,
  GatewayOpcodes,
  InteractionType,
  MessageFlags,
  PermissionFlagsBits,
  RESTJSONErrorCodes,
} from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';
import {
  closeCode,
  intent,
  knownIntents,
  messageContentIntent,
  op,
  privilegedIntents,
} from '../../src/fake-discord/gateway-codes.ts';
import { interactionType } from '../../src/fake-discord/interactions.ts';
import { messageFlag } from '../../src/fake-discord/messages.ts';
import { permission } from '../../src/fake-discord/permissions.ts';
import { addChannel } from '../../src/fake-discord/populate.ts';
import { refuse } from '../../src/fake-discord/refusal.ts';
import { createWorld } from '../../src/fake-discord/world.ts';

// The stand-in writes Discord's numbers down itself; here they are held against others'.
describe("the stand-in's numbers", () => {
  it('are the opcodes and close codes of the gateway', () => {
    expect(op).toEqual({
      dispatch: GatewayOpcodes.Dispatch,
      heartbeat: GatewayOpcodes.Heartbeat,
      identify: GatewayOpcodes.Identify,
      presence: GatewayOpcodes.PresenceUpdate,
      resume: GatewayOpcodes.Resume,
      reconnect: GatewayOpcodes.Reconnect,
      invalidSession: GatewayOpcodes.InvalidSession,
      hello: GatewayOpcodes.Hello,
      heartbeatAck: GatewayOpcodes.HeartbeatAck,
    });
    expect(closeCode).toEqual({
      unknownOpcode: GatewayCloseCodes.UnknownOpcode,
      decodeError: GatewayCloseCodes.DecodeError,
      notAuthenticated: GatewayCloseCodes.NotAuthenticated,
      authenticationFailed: GatewayCloseCodes.AuthenticationFailed,
      alreadyAuthenticated: GatewayCloseCodes.AlreadyAuthenticated,
      invalidSeq: GatewayCloseCodes.InvalidSeq,
      invalidShard: GatewayCloseCodes.InvalidShard,
      invalidApiVersion: GatewayCloseCodes.InvalidAPIVersion,
      invalidIntents: GatewayCloseCodes.InvalidIntents,
      disallowedIntents: GatewayCloseCodes.DisallowedIntents,
    });
  });

  it('are the intents', () => {
    const world = createWorld({});
    const guild = addChannel(world, 'guild', { guildId: world.guildId });
    const dm = addChannel(world, 'dm', {});
    expect(intent.guilds).toBe(GatewayIntentBits.Guilds);
    expect(intent.messages(guild)).toBe(GatewayIntentBits.GuildMessages);
    expect(intent.messages(dm)).toBe(GatewayIntentBits.DirectMessages);
    expect(intent.reactions(guild)).toBe(GatewayIntentBits.GuildMessageReactions);
    expect(intent.reactions(dm)).toBe(GatewayIntentBits.DirectMessageReactions);
    expect(messageContentIntent).toBe(GatewayIntentBits.MessageContent);
    const privileged = GatewayIntentBits.GuildMembers | GatewayIntentBits.GuildPresences;
    expect(privilegedIntents).toBe(privileged | GatewayIntentBits.MessageContent);
    const all = Object.values(GatewayIntentBits).filter((bit) => typeof bit === 'number');
    expect(knownIntents).toBe(all.reduce((sum, bit) => sum | bit, 0));
  });

  it('are the permissions, message flags and interaction types', () => {
    for (const [name, bit] of Object.entries(permission)) {
      const theirs = Object.entries(PermissionFlagsBits).find(([other]) => other.toLowerCase() === name.toLowerCase());
      expect([name, bit]).toEqual([name, theirs?.[1]]);
    }
    expect(messageFlag).toEqual({ ephemeral: MessageFlags.Ephemeral, loading: MessageFlags.Loading });
    expect(interactionType).toEqual({
      command: InteractionType.ApplicationCommand,
      component: InteractionType.MessageComponent,
      autocomplete: InteractionType.ApplicationCommandAutocomplete,
      modalSubmit: InteractionType.ModalSubmit,
    });
  });

  it('are the error codes', () => {
    const codes = {
      unknownChannel: RESTJSONErrorCodes.UnknownChannel,
      unknownGuild: RESTJSONErrorCodes.UnknownGuild,
      unknownMember: RESTJSONErrorCodes.UnknownMember,
      unknownMessage: RESTJSONErrorCodes.UnknownMessage,
      unknownUser: RESTJSONErrorCodes.UnknownUser,
      unknownEmoji: RESTJSONErrorCodes.UnknownEmoji,
      unknownWebhook: RESTJSONErrorCodes.UnknownWebhook,
      unknownInteraction: RESTJSONErrorCodes.UnknownInteraction,
      unknownCommand: RESTJSONErrorCodes.UnknownApplicationCommand,
      tooManyCommandCreates: RESTJSONErrorCodes.MaximumDailyApplicationCommandCreatesReached,
      tooLarge: RESTJSONErrorCodes.RequestEntityTooLarge,
      tooManyFollowUps: RESTJSONErrorCodes.ThisInteractionHasHitTheMaximumNumberOfFollowUpMessages,
      alreadyAcknowledged: RESTJSONErrorCodes.InteractionHasAlreadyBeenAcknowledged,
      missingAccess: RESTJSONErrorCodes.MissingAccess,
      notInDm: RESTJSONErrorCodes.CannotExecuteActionOnDMChannel,
      notAuthor: RESTJSONErrorCodes.CannotEditMessageAuthoredByAnotherUser,
      emptyMessage: RESTJSONErrorCodes.CannotSendAnEmptyMessage,
      missingPermissions: RESTJSONErrorCodes.MissingPermissions,
      missingHistory: RESTJSONErrorCodes.CannotReplyWithoutPermissionToReadMessageHistory,
      invalidToken: RESTJSONErrorCodes.InvalidWebhookToken,
    } as const;
    for (const [reason, code] of Object.entries(codes)) {
      expect([reason, refuse(reason as keyof typeof codes).body.code]).toEqual([reason, code]);
    }
  });
});
