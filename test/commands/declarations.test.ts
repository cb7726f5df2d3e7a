import { ChannelType, InteractionContextType } from 'discord.js';
import { expect, it } from 'vitest';
import { handlers } from '../../src/commands/index.ts';
import { tinyModel } from '../support/jobs.ts';

const declared = (name: string) => handlers.commands.find((command) => command.name === name)!.declare(tinyModel);

it('the owner’s commands are not shown in direct messages', () => {
  expect(declared('kinora-admin').contexts).toEqual([InteractionContextType.Guild]);
  expect(declared('kinora-config').contexts).toEqual([InteractionContextType.Guild]);
});

it('the channel pickers offer Stage and Media channels too', () => {
  const text = JSON.stringify(declared('kinora-config'));
  const lists = [...text.matchAll(/"channel_types":(\[[^\]]*\])/g)].map(([, list]) => JSON.parse(list!) as number[]);
  expect(lists).toHaveLength(2);
  for (const list of lists) {
    expect(list).toEqual(expect.arrayContaining([ChannelType.GuildStageVoice, ChannelType.GuildMedia]));
  }
});

it('/animate lets people choose pictures alone, and states no size that Discord may change', () => {
  const [image] = declared('animate').options!;
  expect(image).toMatchObject({ name: 'image', file_types: ['image'] });
  expect(JSON.stringify(image)).not.toMatch(/\d+ MB/);
});
