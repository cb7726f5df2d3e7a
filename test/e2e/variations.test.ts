import { expect, it } from 'vitest';
import type { ApiMessage } from '../../src/fake-discord/payloads.ts';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { noLimits } from '../../src/storage/limits.ts';
import { type Clock, systemClock } from '../../src/util/clock.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { shownStates, stateOfNumber } from '../support/variations.ts';
import { clipOf, failureOf, type StageOptions, setStage, smallPicture } from './stage.ts';

const animate = { command: 'animate', attachments: { image: smallPicture } };

/** The stage with four variations on it. */
async function withVariations(
  options: Record<string, string | number | boolean> = {},
  { spoiler = false, ...stageOptions }: Partial<StageOptions> & { spoiler?: boolean } = {},
) {
  const renderer = createScriptedRenderer();
  const stage = await setStage({ renderer, ...stageOptions });
  const handle = stage.discord.invoke({
    command: 'animate',
    attachments: { image: { ...smallPicture, ...(spoiler && { spoiler }) } },
    options: { seed: 7, variations: 4, loop: 'none', ...options },
  });
  const { spec, finish } = await renderer.begun(0);
  const form = { ...spec.form, variations: 4, loop: 'none', smooth: false, format: 'webp' } as const;
  finish({ master: shownStates(4), form });
  return { ...stage, renderer, spec, shown: await clipOf(handle) };
}

function press(discord: FakeDiscord, { id: messageId, components }: ApiMessage, label: string, user?: string) {
  const buttons = components.flatMap((row) => row.components ?? []);
  const customId = buttons.find((button) => button.label === label)?.custom_id ?? '';
  return discord.clickButton({ messageId, customId, ...(user !== undefined && { user }) });
}

const labelsOf = ({ components }: ApiMessage) =>
  components.map((row) => (row.components ?? []).map(({ label }) => label));

it('/animate variations: 4 shows four seeds in one message; what is picked goes on from where it was, several times over, also after a restart', async () => {
  const { discord, renderer, spec, shown, stopBot, startBot } = await withVariations({ upscale: '2' });
  expect(spec).toMatchObject({ settings: { seed: 7 }, form: { variations: 4, upscale: '2' }, keepMaster: true });
  expect(labelsOf(shown)).toEqual([
    ['1', '2', '3', '4'],
    ['Again', 'Delete'],
  ]);
  expect(shown.attachments).toHaveLength(1);
  expect(shown.attachments[0]).toMatchObject({ content_type: 'image/webp' });
  expect(shown.attachments[0]?.description).toContain('4 blurry previews');
  expect(shown.content).toMatch(
    /each takes 0\.6 of a clip’s time\. The previews expire <t:\d+:R>\. Seeds: 7, 8, 9, 10$/,
  );

  await stopBot();
  await startBot();
  for (const [index, number] of [3, 1].entries()) {
    const picked = press(discord, shown, `${number}`);
    expect(await picked.acknowledged).toMatchObject({ type: 5, ephemeral: false });
    const render = await renderer.begun(index + 1);
    expect(render.spec).toMatchObject({ settings: { seed: 6 + number }, form: { upscale: '2' } });
    expect(render.spec.form).not.toHaveProperty('variations');
    expect(render.spec.checkpoint).toEqual(stateOfNumber(number));
    expect(Buffer.compare(render.spec.picture, smallPicture.bytes)).toBe(0);
    render.finish();
    const clip = await clipOf(picked);
    expect(clip.content).toContain(`🎬 Variation ${number}: `);
    expect(clip.content).toContain(`seed ${6 + number}`);
    expect(clip.content).toContain(shown.id);
    expect(labelsOf(clip)[0]).toContain('Again');
  }
  const twice = await failureOf(press(discord, shown, '3'));
  expect(twice.content).toContain('You already picked variation 3');
  const bob = discord.createUser('bob').id;
  expect((await failureOf(press(discord, shown, '2', bob))).content).toContain('Only the person');
  expect(renderer.renders).toHaveLength(3);
});

it('what they cost is told before: while somebody types, while they wait, and beside what can be picked', async () => {
  const { discord, renderer, shown } = await withVariations();
  expect(shown.content).not.toContain('about');
  const picked = press(discord, shown, '2');
  // 2 s before the first step, 10 s for each of two, 6 s after: as measured from now on.
  (await renderer.begun(1)).finish();
  await clipOf(picked);

  const asked = { ...animate, focused: 'variations', options: { variations: '' } };
  expect(await discord.autocomplete(asked)).toEqual([
    { name: '2 previews: time of 0.8 clips (about 30 s), then 0.6 per pick (about 20 s)', value: 2 },
    { name: '3 previews: time of 1.2 clips (about 40 s), then 0.6 per pick (about 20 s)', value: 3 },
    { name: '4 previews: time of 1.6 clips (about 50 s), then 0.6 per pick (about 20 s)', value: 4 },
  ]);
  const [spanish] = await discord.autocomplete({ ...asked, options: { variations: '4' }, locale: 'es-ES' });
  expect(spanish).toEqual({
    name: '4 vistas: tiempo de 1,6 clips (unos 50 s); luego, 0,6 por elección (unos 20 s)',
    value: 4,
  });
  const [seamless] = await discord.autocomplete({ ...asked, options: { loop: 'seamless', variations: '4' } });
  expect(seamless?.name).toMatch(/^4 previews: time of 3\.2 clips \(about 90 s\), then 1\.2 per pick \(about 30 s\)$/);

  discord.invoke(animate);
  await renderer.begun(2);
  const waiting = discord.invoke({ ...animate, options: { variations: 4 } });
  const { content } = await waiting.waitForMessage((message) => message.content.includes('🎲'));
  expect(content).toContain('take as long as 1.6 clips (about 50 s), each pick 0.6 more (about 20 s)');
  expect(content).toContain('They count as 2 clips, the first pick included.');
});

it('they are dropped after an hour; a late press learns the seed, which gives the clip alone', async () => {
  let lateMs = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + lateMs };
  const { discord, shown, stopBot, startBot, renderer } = await withVariations({}, { clock });
  await stopBot();
  lateMs = 3_700_000;
  await startBot();
  const { content } = await failureOf(press(discord, shown, '4'));
  expect(content).toContain('These previews have expired');
  expect(content).toContain('`seed:10`');
  expect(renderer.renders).toHaveLength(1);
});

it('private ones stay private, and hidden ones hidden, and so does what is picked', async () => {
  const hidden = await withVariations({ private: true }, { spoiler: true });
  expect(hidden.shown.flags & 64).toBe(64);
  expect(Number(hidden.shown.attachments[0]?.flags ?? 0) & 8).toBe(8);
  const picked = press(hidden.discord, hidden.shown, '1');
  expect(await picked.acknowledged).toMatchObject({ ephemeral: true });
  (await hidden.renderer.begun(1)).finish();
  const clip = await clipOf(picked);
  expect(Number(clip.attachments[0]?.flags ?? 0) & 8).toBe(8);
  expect(clip.content).not.toContain('https://discord.com/channels');
});

it('the quota counts what was rendered: the first pick is free where it is used up, the next that counts is refused', async () => {
  const limits = { ...noLimits, dailyQuota: 2 };
  const { discord, renderer, shown } = await withVariations({}, { config: { limits } });
  const first = press(discord, shown, '2');
  (await renderer.begun(1)).finish();
  await clipOf(first);
  const { content } = await failureOf(press(discord, shown, '3'));
  expect(content).toContain('You have reached your daily limit (2 in 24 hours)');
  expect(renderer.renders).toHaveLength(2);
});
