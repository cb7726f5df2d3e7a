import { PermissionsBitField } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { en } from '../../src/bot/languages/en.ts';
import { queueView } from '../../src/commands/queue-view.ts';
import type { QueueOverview } from '../../src/queue/types.ts';
import type { Job } from '../../src/storage/job.ts';
import { newJob } from '../support/jobs.ts';

function job(index: number, changes: Partial<Job> = {}): Job {
  const { picture: _, ...request } = newJob({ userId: '100000000000000001' });
  return { ...request, id: String(index).padStart(8, '0'), state: 'queued', attempts: 0, createdAtMs: 0, ...changes };
}

type Viewer = Parameters<typeof queueView>[0]['viewer'];

// Of an interaction, what the view reads.
const viewer = {
  user: { id: '100000000000000001' },
  guildId: 'g1',
  memberPermissions: new PermissionsBitField(0n),
} as unknown as Viewer;

const overview = (waiting: readonly Job[], startsAtMs?: number): QueueOverview => ({
  mode: 'open',
  hostFault: undefined,
  running: [{ job: job(0), endsAtMs: 1_700_000_000_500 }],
  waiting: waiting.map((one, index) => ({
    job: one,
    place: { position: index + 1, waiting: waiting.length, startsAtMs, endsAtMs: undefined },
  })),
});

describe('queueView', () => {
  it('says when running jobs are ready and waiting ones start', () => {
    const { content } = queueView({
      undelivered: [],
      overview: overview([job(1)], 1_700_000_060_000),
      scope: 'all',
      viewer,
      messages: en,
    });
    expect(content.split('\n')).toEqual([
      '🎞️ 1 running, 1 waiting.',
      '▶️ `00000000` <@100000000000000001> · Ready <t:1700000001:R>.',
      '1. `00000001` <@100000000000000001> · Starts <t:1700000060:R>.',
    ]);
  });

  it('fits a message, however many wait', () => {
    const waiting = Array.from({ length: 200 }, (_, index) => job(index + 1));
    const { content, components } = queueView({
      undelivered: [],
      overview: overview(waiting, 1.7e12),
      scope: 'all',
      viewer,
      messages: en,
    });
    expect(content.length).toBeLessThanOrEqual(2_000);
    expect(content).toContain('… and 186 more.');
    expect(components.map((row) => row.components.length)).toEqual([5, 5, 5]);
  });

  it('gives buttons for nobody else’s jobs, and no names of other places', () => {
    const others = [job(1, { userId: '2', guildId: 'g1' }), job(2, { userId: '3', guildId: null })];
    const { content, components } = queueView({
      undelivered: [],
      overview: overview(others),
      scope: 'all',
      viewer,
      messages: en,
    });
    expect(content).toContain('`00000001` <@2>');
    expect(content).toContain('`00000002` someone elsewhere');
    expect(JSON.stringify(components).match(/custom_id/g)).toHaveLength(1);
  });
});
