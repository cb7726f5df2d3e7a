import { describe, expect, it } from 'vitest';
import { deliveredView, progressView, queuedView } from '../../src/bot/job-view.ts';
import { en } from '../../src/bot/languages/en.ts';
import type { Job } from '../../src/storage/job.ts';
import { newJob } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';

const { picture: _, ...request } = newJob();
const job: Job = { ...request, id: '7f3a91c2', state: 'queued', attempts: 0, createdAtMs: 0 };
const spec = { picture: Buffer.alloc(0), settings: { seed: 7 }, fit: 'crop' as const };

describe('queuedView', () => {
  it('tells the place, and moments that count down by themselves', () => {
    const place = { position: 2, waiting: 3, startsAtMs: 1_000_400, endsAtMs: 1_060_000 };
    expect(queuedView(job, place, en).content).toBe('⏳ Queue position: 2. Starts <t:1001:R>. Ready <t:1060:R>.');
  });

  it('promises no time that is not known', () => {
    const place = { position: 1, waiting: 1, startsAtMs: undefined, endsAtMs: undefined };
    expect(queuedView(job, place, en).content).toBe('⏳ Queue position: 1.');
  });

  it('has a Cancel button that carries the job', () => {
    const place = { position: 1, waiting: 1, startsAtMs: undefined, endsAtMs: undefined };
    expect(queuedView(job, place, en).components).toMatchObject([
      { components: [{ label: 'Cancel', custom_id: 'cancel:7f3a91c2' }] },
    ]);
  });
});

describe('progressView', () => {
  const at = (step: number, steps: number, share: number) => {
    const progress = { stage: 'denoise' as const, step, steps, share, secondsPerStep: 1, endsAtMs: 60_000 };
    return progressView(job, progress, en).content.split('\n');
  };

  it('shows stage and step, and a bar over the whole job', () => {
    expect(at(3, 25, 0.129)).toEqual([
      '🎞️ **Imagining the motion** · step 3 of 25 · seed 7',
      '`██░░░░░░░░░░░░░░░░░░` 12 %',
      'Ready <t:60:R>.',
    ]);
    expect(at(25, 25, 0.99)[1]).toBe('`███████████████████░` 99 %');
  });

  it('counts no steps where there is one', () => {
    expect(at(0, 1, 0)).toEqual([
      '🎞️ **Imagining the motion** · seed 7',
      '`░░░░░░░░░░░░░░░░░░░░` 0 %',
      'Ready <t:60:R>.',
    ]);
  });
});

describe('deliveredView', () => {
  it('names the file after what made it', () => {
    const view = deliveredView(job, makeClip(spec), en);
    expect(view.content).toBe('🎬 Your clip: 0.6 s · seed 7');
    expect(view.files).toMatchObject([
      { name: 'kinora-7f3a91c2-seed7-motion127-steps2-fps7.mp4', contentType: 'video/mp4' },
    ]);
  });

  it('has the nine buttons of a clip where Cancel was', () => {
    const rows = deliveredView(job, makeClip(spec), en).components.map(({ components }) => components);
    const ids = rows.map((row) => row.map((button) => 'custom_id' in button && button.custom_id));
    expect(ids).toEqual([
      ['again:7f3a91c2', 'edit:7f3a91c2', 'extend:7f3a91c2', 'loop:7f3a91c2', 'smooth:7f3a91c2'],
      ['larger:7f3a91c2', 'end:7f3a91c2', 'settings:7f3a91c2', 'delete:7f3a91c2'],
    ]);
    expect(rows.flat().map((button) => 'emoji' in button && button.emoji?.name)).toEqual([
      '🎲',
      '✏️',
      '➕',
      '🔁',
      '⬆️',
      '🔎',
      '🖼️',
      '📋',
      '🗑️',
    ]);
  });

  it('says how large the clip became, and where it could not become as large as asked', () => {
    const form = { upscale: '4' } as const;
    const parent = { id: '00000001', use: 'reencode', change: 'larger' } as const;
    const clip = makeClip({ ...spec, form }, { width: 256, height: 256 });
    const { content } = deliveredView({ ...job, form, parent }, clip, en);
    expect(content).toMatch(/^🔎 Larger: 256×256 · /);
    expect(content).not.toContain('too large');
    const less = deliveredView({ ...job, form }, makeClip({ ...spec, form: { upscale: '2' } }), en);
    expect(less.content).toContain('too large to be upscaled that far');
  });

  it('says when ffmpeg computed the frames in between, and not when RIFE did', () => {
    const contentOf = (interpolator: 'rife' | 'minterpolate') =>
      deliveredView(job, makeClip(spec, { interpolator }), en).content;
    expect(contentOf('minterpolate')).toContain(' · in-between frames by ffmpeg’s minterpolate');
    expect(contentOf('rife')).not.toContain('in-between');
  });

  it('says when the clip had to shrink', () => {
    const clip = makeClip(spec, { reduced: { crf: 35, width: 32, height: 32 } });
    expect(deliveredView(job, clip, en).content).toContain('made smaller');
  });
});
