import { z } from 'zod';
import type { Config } from '../../config/config.ts';
import { type Finding, finding } from './finding.ts';

/** What the check needs of the configuration. */
type DiscordConfig = Pick<Config, 'discordToken' | 'discordApiUrl'>;

const timeoutMs = 10_000;

const applicationSchema = z.object({ id: z.string(), name: z.string(), flags: z.number().int().default(0) });

const gatewaySchema = z.object({
  session_start_limit: z.object({ total: z.number(), remaining: z.number(), reset_after: z.number() }),
});

/** Discord's application flags: each privileged intent has one for small and one for verified applications. */
const privilegedIntents = {
  'Presence Intent': (1 << 12) | (1 << 13),
  'Server Members Intent': (1 << 14) | (1 << 15),
  'Message Content Intent': (1 << 18) | (1 << 19),
} as const;

/** Whether Discord takes the token, which intents its application has, and whether a bot may still connect today. */
export async function checkDiscord(config: DiscordConfig, signal: AbortSignal): Promise<Finding[]> {
  const { discordToken, discordApiUrl } = config;
  if (discordToken === undefined) {
    return [{ check: 'Discord token', verdict: 'fails', text: 'DISCORD_TOKEN is not set; docs/discord.md tells how.' }];
  }
  let flags: number | undefined;
  const token = await finding('Discord token', async () => {
    const answer = await ask(`${discordApiUrl}/v10/applications/@me`, discordToken, signal);
    if ('problem' in answer) return { verdict: 'fails', text: answer.problem };
    const { id, name, flags: found } = applicationSchema.parse(answer.body);
    flags = found;
    return { verdict: 'ok', text: `belongs to ${JSON.stringify(name)}, application ${id}`, facts: { id, name } };
  });
  if (flags === undefined) return [token];
  const sessions = await finding('Discord gateway', async () => {
    const answer = await ask(`${discordApiUrl}/v10/gateway/bot`, discordToken, signal);
    if ('problem' in answer) return { verdict: 'fails', text: answer.problem };
    const { remaining, total, reset_after } = gatewaySchema.parse(answer.body).session_start_limit;
    const hours = Math.ceil(reset_after / 3_600_000);
    const text = `${remaining} of ${total} connections left for the next ${hours} h`;
    return { verdict: remaining === 0 ? 'fails' : 'ok', text, facts: { remaining, total } };
  });
  return [token, intents(flags), sessions];
}

/** The bot asks for `Guilds` alone, which is not privileged. */
function intents(flags: number): Finding {
  const on = Object.entries(privilegedIntents).flatMap(([name, bits]) => ((flags & bits) === 0 ? [] : [name]));
  const text =
    on.length === 0 ? 'no privileged one is on, and none is needed' : `none is needed; switched on: ${on.join(', ')}`;
  return { check: 'Discord intents', verdict: 'ok', text, facts: { privileged: on } };
}

type Answer = { body: unknown } | { problem: string };

async function ask(address: string, token: string, signal: AbortSignal): Promise<Answer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(address, {
      headers: { authorization: `Bot ${token}` },
      // A redirect would carry the token elsewhere.
      redirect: 'error',
      signal: AbortSignal.any([signal, timeout]),
    });
    if (response.status === 401) {
      return { problem: 'Discord refuses DISCORD_TOKEN. Reset it on the Bot page and set the new one.' };
    }
    if (!response.ok) return { problem: `${address} answered ${response.status}.` };
    return { body: await response.json() };
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) return { problem: `${address} gave no answer within ${timeoutMs / 1000} s.` };
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { problem: `${address} cannot be reached: ${cause instanceof Error ? cause.message : cause}.` };
  }
}
