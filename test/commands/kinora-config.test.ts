import { PermissionsBitField } from 'discord.js';
import { describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src/commands/command.ts';
import { kinoraConfig } from '../../src/commands/kinora-config.ts';

type Interaction = Parameters<typeof kinoraConfig.execute>[0];

describe('kinoraConfig', () => {
  it.each([
    ['a member to whom the server’s settings showed the command', '1', new PermissionsBitField(0n)],
    ['a conversation', null, null],
  ])('refuses %s before it reads anything', async (_, guildId, memberPermissions) => {
    // What it may look at before it decides; anything else would throw another error.
    const interaction = { guildId, memberPermissions } as unknown as Interaction;
    const refused = kinoraConfig.execute(interaction, {} as unknown as CommandContext);
    await expect(refused).rejects.toMatchObject({ code: 'managers-only' });
  });
});
