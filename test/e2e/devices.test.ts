import { afterAll, expect, inject, it } from 'vitest';
import { readModelInfo } from '../../src/inference/pipeline/model-info.ts';
import { type RenderStage, renderStages } from '../../src/settings/clip.ts';
import { devicesOf } from '../../src/worker/devices.ts';
import { createFleet, type FleetMember } from '../../src/worker/fleet.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { clipOf, hastyClock, hourMs, isClip, setStage, smallPicture } from './stage.ts';
import { quickChild } from './tiny-renderer.ts';

// Render processes as DEVICES=cpu,cpu,cpu makes them. What they compute is nothing: they are started a dozen times.

const modelDir = inject('tinyModel');
const model = await readModelInfo(modelDir);

function fleetOf(count: number) {
  const wanted = Array.from({ length: count }, () => 'cpu' as const);
  const execution = { provider: 'cpu', threads: 1, memoryMode: 'resident' } as const;
  const fleet = createFleet(
    {
      modelDir,
      execution,
      ffmpegPath: undefined,
      idleSeconds: 600,
      environment: process.env,
      log: createRecordingLog(),
      entry: quickChild,
    },
    devicesOf({ wanted, execution, gpus: [], cores: count }),
  );
  afterAll(fleet.close);
  return fleet.members;
}

/** Kills a member's process when a render of it comes to a stage, once for each stage of the list and for each job. */
function killedAt(member: FleetMember, stages: RenderStage[], killed: string[]): FleetMember {
  const unlucky = new Set<number | undefined>();
  return {
    ...member,
    renderer: {
      ...member.renderer,
      render: (spec, options = {}) =>
        member.renderer.render(spec, {
          ...options,
          onProgress(progress) {
            options.onProgress?.(progress);
            // What kills its process twice ends: that is shown elsewhere.
            if (progress.stage !== stages[0] || unlucky.has(spec.settings.seed)) return;
            unlucky.add(spec.settings.seed);
            stages.shift();
            killed.push(`${member.name} at ${progress.stage}`);
            member.renderer.killProcess();
          },
        }),
    },
  };
}

const animate = (seed: number, more: object = {}) => ({
  command: 'animate',
  attachments: { image: smallPicture },
  options: { seed, ...more },
});

it('three render processes, one of which is killed in every stage: each clip is made once, and the others go on', async () => {
  const killed: string[] = [];
  const stages: RenderStage[] = [];
  const [first, ...others] = fleetOf(3);
  const workers = [killedAt(first!, stages, killed), ...others];
  const { discord, log } = await setStage({
    renderer: first!.renderer,
    workers,
    model,
    clock: hastyClock,
    editGapMs: hourMs,
  });
  for (const [round, stage] of renderStages.entries()) {
    stages.push(stage);
    const chosen = stage === 'upscale' ? { upscale: '2' } : {};
    // One for each process, and one more.
    const handles = [0, 1, 2, 3].map((index) =>
      discord.invoke({ ...animate(4 * round + index, chosen), user: discord.createUser(`user ${round} ${index}`).id }),
    );
    await Promise.all(handles.map(clipOf));
  }
  expect(killed).toEqual(renderStages.map((stage) => `cpu 1 at ${stage}`));
  expect(discord.messages().filter(isClip)).toHaveLength(4 * renderStages.length);
  expect(log.events.filter(({ message }) => message === 'job failed')).toEqual([]);
});

it('a clip in another form is encoded while every device renders, and status shows each of them', async () => {
  const [device, encoder] = fleetOf(1);
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let renders = 0;
  const held: FleetMember = {
    ...device!,
    renderer: {
      ...device!.renderer,
      async render(spec, options) {
        if (++renders > 1) await released;
        return device!.renderer.render(spec, options);
      },
    },
  };
  const { discord } = await setStage({ renderer: device!.renderer, workers: [held, encoder!], model });
  const first = await clipOf(discord.invoke(animate(1)));
  const waiting = discord.invoke(animate(2));
  await waiting.waitForMessage();
  const buttons = first.components.flatMap(({ components = [] }) => components);
  const customId = buttons.find(({ label }) => label === 'Loop')?.custom_id ?? '';
  await clipOf(discord.clickButton({ messageId: first.id, customId }));
  const status = discord.invoke({ command: 'kinora-admin status', user: discord.ownerId });
  const { content } = await status.waitForMessage(({ content: text }) => text !== '');
  expect(content).toMatch(/🟢 \*\*cpu\*\*: working on `\w+`\n🟢 \*\*encoder\*\*: waiting/);
  release();
  await clipOf(waiting);
});
