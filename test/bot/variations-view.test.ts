import { ButtonStyle } from 'discord.js';
import { expect, it } from 'vitest';
import { en } from '../../src/bot/languages/en.ts';
import { variationsView } from '../../src/bot/variations-view.ts';
import type { Clip } from '../../src/queue/job-listener.ts';
import type { Job } from '../../src/storage/job.ts';
import { newJob } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';

const { picture: _, ...request } = newJob({ form: { variations: 3, loop: 'none' } });
const job: Job = { ...request, id: '7f3a91c2', state: 'delivering', attempts: 1, createdAtMs: 0 };
const made = makeClip({ picture: Buffer.alloc(0), settings: { seed: 7 }, fit: 'crop' });
const clip: Clip = { ...made, form: { ...made.form, variations: 3 } };

/** The numbers under the variations, a refused one in brackets, and whether the check is spoken of. */
function shown(changes: Partial<Clip>) {
  const { content, components } = variationsView(
    job,
    { ...clip, ...changes },
    { messages: en, times: undefined, nowMs: 0 },
  );
  const numbers = components[0]!.components.map((button) => {
    if (!('label' in button) || button.style !== ButtonStyle.Primary) throw new Error('Not a number.');
    return button.disabled ? `(${button.label})` : button.label;
  });
  return { numbers, isExplained: content.includes('safety check') };
}

it('a variation that the safety check refused has no button that works, and the message says why', () => {
  expect(shown({})).toEqual({ numbers: ['1', '2', '3'], isExplained: false });
  expect(shown({ refusedVariations: [2] })).toEqual({ numbers: ['1', '(2)', '3'], isExplained: true });
});
