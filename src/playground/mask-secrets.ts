import type { Json } from '../fake-discord/payloads.ts';
import type { Exchange } from '../fake-discord/types.ts';

const masked = 'masked';

/** Members whose value is a secret wherever it stands; signatures of links are in `hm`. */
const secretNames: ReadonlySet<string> = new Set(['token', 'session_id', 'authorization']);
const linkSignature = /([?&]hm=)[0-9a-f]+/g;

/** A deep copy of an exchange without the bot's token, sessions, interactions' tokens and links' signatures. */
export function maskSecrets(exchange: Exchange, botToken: string): Exchange {
  const mask = (value: Json | undefined): Json | undefined => {
    if (typeof value === 'string') return value.replaceAll(botToken, masked).replaceAll(linkSignature, `$1${masked}`);
    if (Array.isArray(value)) return value.map((item) => mask(item) as Json);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => {
        const isSecret = secretNames.has(name.toLowerCase()) && typeof item === 'string';
        return [name, isSecret ? masked : mask(item)];
      }),
    );
  };
  // An exchange is plain JSON.
  return mask(exchange as unknown as Json) as unknown as Exchange;
}
