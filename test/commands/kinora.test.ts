import { expect, it } from 'vitest';
import { forgetButtons } from '../../src/commands/kinora.ts';
import { guildSettingsSchema } from '../../src/storage/guild-settings.ts';
import { createCooldown } from '../../src/util/cooldown.ts';

/** A press of a button under somebody's question, and what became of it. */
function pressed(by: string, asked: string | undefined, acknowledgement = Promise.resolve()) {
  const done: string[] = [];
  const interaction = {
    guildId: null,
    locale: 'en-US',
    user: { id: by },
    message: { id: '1', interactionMetadata: asked === undefined ? null : { user: { id: asked } } },
    update({ content }: { content: string }) {
      done.push(content);
      return acknowledgement;
    },
    editReply: async ({ content }: { content: string }) => void done.push(content),
    deferUpdate: async () => void done.push('deferred'),
  };
  const context = {
    answeredOnce: createCooldown({ periodMs: 1_000, clock: { now: () => 0 } }),
    guildSettings: { of: async () => guildSettingsSchema.parse({}) },
    async forget(userId: string) {
      done.push(`forgot ${userId}`);
      return { deleted: 1, left: 0 };
    },
  };
  return { done, press: (action: string) => buttonOf(action).execute(interaction as never, context as never) };
}

function buttonOf(action: string) {
  return forgetButtons.find((button) => button.action === action)!;
}

it('/kinora forget deletes nothing of somebody who was not asked', async () => {
  for (const asked of ['alice', undefined]) {
    const { done, press } = pressed('bob', asked);
    await expect(press('forget')).rejects.toMatchObject({ code: 'not-yours' });
    expect(done).toEqual([]);
  }
});

it('/kinora forget takes the buttons away, then deletes, then says how much; a second press changes nothing', async () => {
  const { done, press } = pressed('alice', 'alice');
  await press('forget');
  await press('forget');
  await press('forget-keep');
  expect(done.map((line) => line.split(',')[0])).toEqual([
    '🗑️ Deleting …',
    'forgot alice',
    '🗑️ Deleted 1 clip',
    'deferred',
    'deferred',
  ]);
});

it('/kinora forget deletes also where Discord refuses the acknowledgement', async () => {
  const { done, press } = pressed('alice', 'alice', Promise.reject(new Error('refused')));
  await expect(press('forget')).rejects.toThrow('refused');
  expect(done).toEqual(['🗑️ Deleting …', 'forgot alice']);
});
