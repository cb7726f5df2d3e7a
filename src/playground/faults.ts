import { AppError } from '../errors.ts';
import type { Snowflake } from '../fake-discord/payloads.ts';
import type { RouteName } from '../fake-discord/route-names.ts';
import type { FakeDiscord } from '../fake-discord/types.ts';
import type { BotControl } from './bot-control.ts';
import type { Fault } from './protocol.ts';

/** The two routes by which the bot edits a message. */
const editRoutes: readonly RouteName[] = [
  'PATCH /webhooks/:application/:token/messages/:message',
  'PATCH /channels/:channel/messages/:message',
];

/** discord.js tries a call this often before it gives up. */
const triesPerEdit = 4;

/** The `retry_after` of a 429, in seconds: long enough to be seen on the page. */
const retryAfterSeconds = 2;

/** What {@link createFaults} works with. */
export interface FaultsOptions {
  discord: FakeDiscord;
  bot: Pick<BotControl, 'restart' | 'state'>;
  /** Ends the render process; false where there is none. */
  killRenderProcess: () => boolean;
  onUploadLimit: (bytes: number) => void;
}

/** The switches. A fault's promise resolves when it has happened, for `restart-bot` when the bot is back. */
export function createFaults({ discord, bot, killRenderProcess, onUploadLimit }: FaultsOptions) {
  const interactions = new Set<Snowflake>();
  discord.onChange((change) => {
    if (change.kind === 'interaction-create') interactions.add(change.interactionId);
  });

  /** Expires the tokens of every interaction whose reply has no file yet. */
  function expireTokens(): void {
    for (const id of interactions) {
      const interaction = discord.interaction(id);
      const isDelivered = interaction?.messages().some(({ attachments }) => attachments.length > 0) ?? true;
      if (!isDelivered) discord.expireToken(id);
      interactions.delete(id);
    }
  }

  return async (fault: Fault): Promise<void> => {
    switch (fault.name) {
      case 'drop-gateway':
        if (bot.state() !== 'ready') throw new AppError('not-connected', 'The bot is not connected at the moment.');
        discord.dropGateway();
        return;
      case 'expire-tokens':
        expireTokens();
        return;
      case 'fail-next-edit':
        discord.failNext({
          route: editRoutes,
          status: fault.status,
          ...(fault.status === 429 ? { retryAfterSeconds } : { times: triesPerEdit }),
        });
        return;
      case 'upload-limit':
        discord.setAttachmentSizeLimit(fault.bytes);
        onUploadLimit(fault.bytes);
        return;
      case 'restart-bot':
        await bot.restart();
        return;
      case 'kill-render-process':
        if (killRenderProcess()) return;
        throw new AppError('no-render-process', 'There is no render process now: it starts with the first clip.');
    }
  };
}
