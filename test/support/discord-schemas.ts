import type { Exchange } from '../../src/fake-discord/types.ts';
import { gatewayDeviations } from './discord-schemas-gateway.ts';
import { restDeviations } from './discord-schemas-rest.ts';

/**
 * For the `validate` option of `startFakeDiscord`: checks traffic in both directions against work of others, so that the
 * stand-in and the bot cannot agree on something that Discord would refuse. REST goes by Discord's OpenAPI specification
 * (npm `discord-api-spec`), the gateway by `discord-api-types`.
 */
export function discordDeviations(exchange: Exchange): string[] {
  return exchange.kind === 'rest' ? restDeviations(exchange) : gatewayDeviations(exchange);
}
