import { createHash } from 'node:crypto';
import {
  type APIApplicationCommand,
  ApplicationIntegrationType,
  InteractionContextType,
  type REST,
  type RESTPutAPIApplicationCommandsJSONBody,
  Routes,
} from 'discord.js';
import type { FactStore } from '../storage/facts.ts';
import type { Log } from '../util/log.ts';

/** What {@link registerCommands} works with. */
export interface RegisterCommandsOptions {
  rest: REST;
  applicationId: string;
  facts: FactStore;
  log: Log;
}

/**
 * Tells Discord the commands, but only when they changed since the last time or are missing there:
 * each guild allows 200 creations a day.
 */
export async function registerCommands(
  declarations: RESTPutAPIApplicationCommandsJSONBody,
  { rest, applicationId, facts, log }: RegisterCommandsOptions,
): Promise<void> {
  const key = `commands-hash ${applicationId}`;
  const hash = createHash('sha256').update(JSON.stringify(declarations)).digest('hex');
  const route = Routes.applicationCommands(applicationId);
  const known = (await rest.get(route)) as APIApplicationCommand[];
  const isMissing = declarations.some(({ name }) => known.every((command) => command.name !== name));
  if ((await facts.get(key)) === hash && !isMissing) return;
  await rest.put(route, { body: declarations });
  await facts.set(key, hash);
  log.info({ commands: declarations.map(({ name }) => name) }, 'commands registered');
}

/** The commands as they are where only servers may add the app: Discord then offers them in servers and with the bot alone. */
export function withoutUserInstalls(
  declarations: RESTPutAPIApplicationCommandsJSONBody,
): RESTPutAPIApplicationCommandsJSONBody {
  return declarations.map((declaration) => {
    const { contexts, integration_types: types } = declaration;
    return {
      ...declaration,
      ...(contexts && { contexts: contexts.filter((context) => context !== InteractionContextType.PrivateChannel) }),
      ...(types && { integration_types: types.filter((type) => type !== ApplicationIntegrationType.UserInstall) }),
    };
  });
}
