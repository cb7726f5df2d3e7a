import { signedLink } from './attachments.ts';
import { roles, storedUser } from './entities.ts';
import type { ExchangeLog } from './exchange-log.ts';
import { interactionHandle, summary } from './interaction-handle.ts';
import { renderMessage } from './message-view.ts';
import type { ApiMessage, Snowflake } from './payloads.ts';
import type { Change, Observer, RestExchange } from './types.ts';
import { waitUntil } from './waiting.ts';
import type { World } from './world.ts';

/** What can be seen of the world. `firstChannelId` is meant where no channel is named. */
export function createObserver(world: World, log: ExchangeLog, firstChannelId: Snowflake): Observer {
  const visible = (viewer: Snowflake | undefined, channelId?: Snowflake): ApiMessage[] =>
    [...world.messages.values()]
      .filter(({ message }) => channelId === undefined || message.channel_id === channelId)
      .filter(({ visibleTo }) => viewer === undefined || visibleTo === null || visibleTo === viewer)
      .map((stored) => renderMessage(world, stored, viewer));

  return {
    messages: (channelId = firstChannelId, viewer) => visible(viewer, channelId),
    message(id, viewer) {
      const stored = world.messages.get(id);
      if (!stored || (viewer !== undefined && stored.visibleTo !== null && stored.visibleTo !== viewer))
        return undefined;
      return renderMessage(world, stored, viewer);
    },
    attachmentLink(id) {
      const file = world.files.get(id);
      return file && signedLink(world, file);
    },
    users: () => [...world.users.values()].filter(({ user }) => !user.bot).map(({ user }) => structuredClone(user)),
    bot: () => structuredClone(storedUser(world, world.botUserId).user),
    channels: () =>
      [...world.channels.values()]
        .filter(({ guildId }) => guildId !== null)
        .map(({ id, name, type, kind, parentId, thread }) => ({
          id,
          name,
          type,
          parentId,
          hasBot: kind === 'guild',
          archived: thread?.archived ?? false,
        })),
    roles: () => roles(world).map(({ id, name }) => ({ id: String(id), name: String(name) })),
    waitForMessage: (predicate, options = {}) =>
      waitUntil(world.changes, () => visible(undefined).find(predicate), {
        ...options,
        describe: () => `Messages: ${summary(visible(undefined))}`,
      }),
    waitForChange: (predicate, options = {}) =>
      waitUntil<Change, Change>(world.changes, (change) => (change && predicate(change) ? change : undefined), {
        ...options,
        describe: () => 'No such change.',
      }),
    async waitForCommands(names, options = {}) {
      const missing = (): string[] =>
        names.filter((name) => [...world.commands.values()].every((command) => command.name !== name));
      await waitUntil(world.changes, () => (world.botConnected && missing().length === 0 ? true : undefined), {
        ...options,
        describe: () =>
          `The bot is ${world.botConnected ? '' : 'not '}connected; missing commands: ${missing().join(', ')}.`,
      });
    },
    onChange: (listener) => world.changes.subscribe(listener),
    onExchange: (listener) => log.subscribe(listener),
    registeredCommands: () => structuredClone([...world.commands.values()]),
    interaction(id) {
      const stored = world.interactions.get(id);
      return stored && interactionHandle(world, stored);
    },
    exchanges: () => log.all(),
    calls: (route) =>
      log.all().filter((exchange): exchange is RestExchange => exchange.kind === 'rest' && exchange.route === route),
    violations() {
      log.validate();
      return [...world.violations];
    },
    async download(url, range) {
      const response = await fetch(url, range === undefined ? {} : { headers: { range } });
      return {
        status: response.status,
        headers: response.headers,
        bytes: new Uint8Array(await response.arrayBuffer()),
      };
    },
  };
}
