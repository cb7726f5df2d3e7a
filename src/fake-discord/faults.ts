import { AppError } from '../errors.ts';
import { channelObject } from './channel-objects.ts';
import type { Gateway } from './gateway.ts';
import { intent } from './gateway-codes.ts';
import type { Faults } from './types.ts';
import type { World } from './world.ts';

/** The switches for what goes wrong at the real one. */
export function createFaults(world: World, gateway: Gateway): Faults {
  return {
    dropGateway: ({ code = 4000 } = {}) => gateway.drop(code),
    invalidateSession: ({ resumable = false } = {}) => gateway.invalidate(resumable),
    reconnectRequest: () => gateway.requestReconnect(),
    failNext(failure) {
      world.failures.push({ ...failure, times: failure.times ?? 1 });
    },
    setOutage(outage) {
      world.outage = outage;
      if (outage !== 'none') gateway.drop(4000);
    },
    expireToken(interactionId) {
      const interaction = world.interactions.get(interactionId);
      if (!interaction) throw new AppError('unknown-interaction', `There is no interaction ${interactionId}.`);
      interaction.hasUntoldEnd ||= interaction.expiresAtMs > world.now();
      interaction.expiresAtMs = Math.min(interaction.expiresAtMs, world.now());
    },
    setPermissions(channelId, bits) {
      const channel = world.channels.get(channelId);
      if (!channel) throw new AppError('unknown-channel', `There is no channel ${channelId}.`);
      channel.botPermissions = bits;
      for (const thread of world.channels.values()) {
        if (thread.parentId === channelId) thread.botPermissions = bits;
      }
      if (channel.kind !== 'guild') return;
      world.dispatches.emit({
        event: 'CHANNEL_UPDATE',
        intent: intent.guilds,
        data: () => channelObject(world, channel),
      });
    },
    setAttachmentSizeLimit(bytes) {
      world.attachmentSizeLimitBytes = bytes;
    },
  };
}
