import { AppError } from '../errors.ts';
import { channelObject } from './channel-objects.ts';
import type { Conditions } from './condition-types.ts';
import { createDeviations } from './deviations.ts';
import { storedUser } from './entities.ts';
import { intent } from './gateway-codes.ts';
import { summariseInvalidRequests } from './invalid-requests.ts';
import type { Snowflake } from './payloads.ts';
import { permission } from './permissions.ts';
import { discordRateLimits } from './rate-limits.ts';
import type { World } from './world.ts';

/** The switches for how unkind the stand-in is. */
export function createConditions(world: World, firstUserId: Snowflake): Conditions {
  return {
    deviate(options) {
      world.deviations = options && createDeviations(options);
    },
    setRateLimits(limits) {
      world.rateLimits = limits === 'discord' ? discordRateLimits : limits;
    },
    installForUser(userId = firstUserId) {
      world.userInstalls.add(userId);
    },
    setModerator(userId, isModerator) {
      const stored = storedUser(world, userId);
      const bits = permission.manageMessages | permission.manageThreads;
      stored.permissions = isModerator ? stored.permissions | bits : stored.permissions & ~bits;
    },
    setAutoMod(channelId, pattern) {
      if (pattern) world.autoMod.set(channelId, pattern);
      else world.autoMod.delete(channelId);
    },
    setSlowMode(channelId, seconds) {
      const channel = world.channels.get(channelId);
      if (!channel) throw new AppError('unknown-channel', `There is no channel ${channelId}.`);
      channel.slowModeSeconds = seconds;
      if (channel.kind !== 'guild') return;
      const event = channel.thread ? 'THREAD_UPDATE' : 'CHANNEL_UPDATE';
      world.dispatches.emit({ event, intent: intent.guilds, data: () => channelObject(world, channel) });
    },
    setGuildCount(count) {
      world.guildCount = count;
    },
    setIdentifyLimit(limit) {
      world.identifyLimit = limit;
    },
    silenceGateway(isSilent) {
      world.isGatewaySilent = isSilent;
    },
    setReadyApplication(fields) {
      world.readyApplication = fields;
    },
    sendEvent: (event, data) => world.rawEvents.emit({ event, data }),
    invalidRequests: () => summariseInvalidRequests(world),
  };
}
